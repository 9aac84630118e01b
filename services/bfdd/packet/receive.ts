/** The ladder of reception: a datagram ends in a control packet or in the one reason why it is dropped. Pure. */
import { micros } from '../../shared/time/duration.js';
import {
  type ControlPacket,
  type DropReason,
  FLAG_AUTHENTICATION,
  FLAG_CONTROL_PLANE_INDEPENDENT,
  FLAG_DEMAND,
  FLAG_FINAL,
  FLAG_MULTIPOINT,
  FLAG_POLL,
  MANDATORY_BYTES,
  PROTOCOL_VERSION,
  SESSION_STATES,
} from './controlPacket.js';

export type Received =
  /** `authenticated`: an authentication section follows, which no session of ours uses. */
  | { readonly ok: true; readonly packet: ControlPacket; readonly authenticated: boolean }
  | { readonly ok: false; readonly reason: DropReason };

const drop = (reason: DropReason): Received => ({ ok: false, reason });

/**
 * The rungs that need no session (RFC 5880 section 6.8.6). Bytes behind the length the packet gives are ignored, as the
 * section has it: only a length beyond the datagram is wrong.
 */
export function decodeControlPacket(bytes: Uint8Array): Received {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < MANDATORY_BYTES) return drop('short');
  const [first = 0, flags = 0, detectMultiplier = 0, length = 0] = bytes;
  if (first >> 5 !== PROTOCOL_VERSION) return drop('version');
  const authenticated = (flags & FLAG_AUTHENTICATION) !== 0;
  const least = authenticated ? MANDATORY_BYTES + 2 : MANDATORY_BYTES;
  if (length < least || length > bytes.length) return drop('length');
  if (detectMultiplier === 0) return drop('detect-multiplier');
  if ((flags & FLAG_MULTIPOINT) !== 0) return drop('multipoint');
  const myDiscriminator = view.getUint32(4);
  if (myDiscriminator === 0) return drop('my-discriminator');
  const yourDiscriminator = view.getUint32(8);
  const state = SESSION_STATES[flags >> 6] ?? 'down';
  if (yourDiscriminator === 0 && state !== 'down' && state !== 'admin-down') return drop('your-discriminator');
  return {
    ok: true,
    authenticated,
    packet: {
      diagnostic: first & 0x1f,
      state,
      poll: (flags & FLAG_POLL) !== 0,
      final: (flags & FLAG_FINAL) !== 0,
      controlPlaneIndependent: (flags & FLAG_CONTROL_PLANE_INDEPENDENT) !== 0,
      demand: (flags & FLAG_DEMAND) !== 0,
      detectMultiplier,
      myDiscriminator,
      yourDiscriminator,
      desiredMinTx: micros(view.getUint32(12)),
      requiredMinRx: micros(view.getUint32(16)),
      requiredMinEchoRx: micros(view.getUint32(20)),
    },
  };
}

/**
 * Whether a packet came from near enough by its TTL or hop limit: `neighborTtl` is what the neighbour is taken to send with,
 * `maxHops` how much of it may be used up on the way; 255 turns the check off. 255 and 0 are GTSM (RFC 5881 section 5).
 */
export function hopsAcceptable(
  ttl: number,
  { neighborTtl, maxHops }: { readonly neighborTtl: number; readonly maxHops: number },
): boolean {
  return maxHops === 255 || ttl >= neighborTtl - maxHops;
}
