/** UDP_CHECK: a datagram is not refused by ICMP or, with `require_reply`, is answered as expected. */
import type { ClientSockets } from '../../shared/kernel/clientSockets.js';
import { toMillis } from '../../shared/time/duration.js';
import type { CheckResult } from '../checker.js';
import type { UdpCheckConfig, UdpReplyConfig } from '../config/checkerModel.js';
import { describeConnectError } from './connectError.js';
import { ask } from './datagram.js';
import { greetingBytes } from './greeting.js';
import { SingleResult } from './singleResult.js';

/** What keepalived 2.2.7 sends where no payload is configured. */
const DEFAULT_PAYLOAD = greetingBytes(32);

/** What is wrong with a reply, in words. Without bytes to compare any reply will do, whatever its length, as in keepalived 2.2.7. */
export function judgeReply(reply: Uint8Array, expected: UdpReplyConfig): string | undefined {
  const { minLength, maxLength, bytes, mask } = expected;
  if (bytes.length === 0) return undefined;
  if (reply.length < minLength || reply.length > maxLength) {
    return `a reply of ${reply.length} bytes, not ${minLength} to ${maxLength}`;
  }
  for (let index = 0; index < Math.min(reply.length, bytes.length); index++) {
    if ((((reply[index] ?? 0) ^ (bytes[index] ?? 0)) & (mask[index] ?? 0)) !== 0) {
      return `the reply differs from require_reply at byte ${index}`;
    }
  }
  return undefined;
}

/** Runs one UDP_CHECK; see Prober.start. */
export function startUdpCheck(
  { endpoint, timing, payload = DEFAULT_PAYLOAD, reply }: UdpCheckConfig,
  sockets: ClientSockets,
  ended: (result: CheckResult) => void,
): () => void {
  let close: (() => void) | undefined;
  const result = new SingleResult(ended, () => close?.());
  try {
    close = ask({ type: 'datagram', ...endpoint }, endpoint, sockets, result, payload, (datagram) => {
      const wrong = reply === undefined ? undefined : judgeReply(datagram, reply);
      result.tell(wrong === undefined ? { kind: 'success' } : { kind: 'failure', reason: wrong });
    });
    if (reply === undefined) {
      result.after(toMillis(timing.connectTimeout), () => result.tell({ kind: 'success' }));
    } else {
      result.allow(timing.connectTimeout, 'no reply');
    }
  } catch (error) {
    setImmediate(() => result.tell(describeConnectError(error as NodeJS.ErrnoException, endpoint)));
  }
  return result.cancel;
}
