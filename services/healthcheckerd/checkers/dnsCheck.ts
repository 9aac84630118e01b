/** DNS_CHECK: a query over UDP is answered without an error. */
import { randomInt } from 'node:crypto';
import type { ClientSockets } from '../../shared/kernel/clientSockets.js';
import type { CheckResult } from '../checker.js';
import type { DnsCheckConfig } from '../config/checkerModel.js';
import { describeConnectError } from './connectError.js';
import { ask } from './datagram.js';
import { dnsQuery, judgeDnsAnswer } from './dnsMessage.js';
import { SingleResult } from './singleResult.js';

/** Runs one DNS_CHECK; see Prober.start. */
export function startDnsCheck(
  config: DnsCheckConfig,
  sockets: ClientSockets,
  ended: (result: CheckResult) => void,
): () => void {
  const { endpoint, timing } = config;
  const id = randomInt(0x1_0000);
  let close: (() => void) | undefined;
  const result = new SingleResult(ended, () => close?.());
  try {
    close = ask({ type: 'datagram', ...endpoint }, endpoint, sockets, result, dnsQuery(config, id), (datagram) => {
      const answer = judgeDnsAnswer(datagram, id);
      if (answer.kind === 'good') result.tell({ kind: 'success' });
      else if (answer.kind === 'bad') result.fail(answer.reason);
    });
    result.allow(timing.connectTimeout);
  } catch (error) {
    setImmediate(() => result.tell(describeConnectError(error as NodeJS.ErrnoException, endpoint)));
  }
  return result.cancel;
}
