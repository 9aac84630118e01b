/** PING_CHECK: an ICMP echo is answered. */
import { randomInt } from 'node:crypto';
import type { ClientSockets } from '../../shared/kernel/clientSockets.js';
import { internetChecksum } from '../../shared/net/checksum.js';
import type { CheckResult } from '../checker.js';
import type { PingCheckConfig } from '../config/checkerModel.js';
import { describeConnectError } from './connectError.js';
import { ask } from './datagram.js';
import { greetingBytes } from './greeting.js';
import { SingleResult } from './singleResult.js';

const PAYLOAD = greetingBytes(128);
const HEADER_BYTES = 8;
/** RFC 792, RFC 4443. */
const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;

/** type 8 | code 0 | checksum 16 | identifier 16 | sequence 16 | data. A ping socket and IPv6 write what the kernel knows better. */
export function echoRequest(family: 4 | 6, identifier: number): Buffer {
  const message = Buffer.concat([Buffer.alloc(HEADER_BYTES), PAYLOAD]);
  message.writeUInt8(ECHO[family].request, 0);
  message.writeUInt16BE(identifier, 4);
  if (family === 4) message.writeUInt16BE(internetChecksum(message), 2);
  return message;
}

/** True for the reply to a request. `identifier` undefined: the kernel has already sorted by it. */
export function isEchoReply(family: 4 | 6, message: Buffer, identifier: number | undefined): boolean {
  if (message.length < HEADER_BYTES || message.readUInt8(0) !== ECHO[family].reply) return false;
  if (identifier !== undefined && message.readUInt16BE(4) !== identifier) return false;
  return message.subarray(HEADER_BYTES).equals(PAYLOAD);
}

/** Without its IP header, which a raw socket of IPv4 gives too. */
function icmpOf(datagram: Buffer, family: 4 | 6): Buffer {
  return family === 6 ? datagram : datagram.subarray(((datagram[0] ?? 0) & 0x0f) * 4);
}

/** Runs one PING_CHECK; see Prober.start. */
export function startPingCheck(
  { endpoint, timing }: PingCheckConfig,
  sockets: ClientSockets,
  ended: (result: CheckResult) => void,
): () => void {
  const { family } = endpoint.address;
  const identifier = randomInt(0x1_0000);
  let close: (() => void) | undefined;
  const result = new SingleResult(ended, () => close?.());
  const { bindPort: _, ...rest } = endpoint;
  const open = (raw: boolean): (() => void) =>
    ask(
      { type: raw ? 'raw' : 'datagram', icmp: true, ...rest, port: 0 },
      endpoint,
      sockets,
      result,
      echoRequest(family, identifier),
      (datagram) => {
        const message = raw ? icmpOf(datagram, family) : datagram;
        if (isEchoReply(family, message, raw ? identifier : undefined)) result.tell({ kind: 'success' });
      },
    );
  try {
    close = openEither(open);
    result.allow(timing.connectTimeout, 'no echo reply');
  } catch (error) {
    setImmediate(() => result.tell(describePingError(error as NodeJS.ErrnoException, endpoint)));
  }
  return result.cancel;
}

/** An unprivileged ping socket where net.ipv4.ping_group_range allows it, otherwise a raw one. */
function openEither(open: (raw: boolean) => () => void): () => void {
  try {
    return open(false);
  } catch (error) {
    const { code, operation } = error as NodeJS.ErrnoException & { readonly operation?: string };
    if (operation !== 'socket' || (code !== 'EACCES' && code !== 'EPERM' && code !== 'EPROTONOSUPPORT')) throw error;
    return open(true);
  }
}

function describePingError(
  error: NodeJS.ErrnoException & { readonly operation?: string },
  endpoint: PingCheckConfig['endpoint'],
): CheckResult {
  if (error.operation !== 'socket' || (error.code !== 'EACCES' && error.code !== 'EPERM')) {
    return describeConnectError(error, endpoint);
  }
  const reason = 'no socket for ICMP: widen net.ipv4.ping_group_range or give healthcheckerd CAP_NET_RAW';
  return { kind: 'undecided', reason };
}
