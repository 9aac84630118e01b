import type { DropReason } from './advertisement.js';
import { PROTOCOL_VRRP } from './pseudoHeader.js';
import { type Channel, type DecodedMessage, decodeMessage, type IncomingMessage, sameBytes } from './receive.js';

interface Known {
  readonly message: Pick<IncomingMessage, 'payload' | 'source' | 'destination' | 'ttl'>;
  readonly decoded: DecodedMessage;
}

/**
 * Decodes the messages of one channel, and remembers of each VRID the last sound one: a master says the same thing again
 * and again, and what is equal to the last byte needs no second look. Signed messages are never equal.
 */
export class DecodeMemo {
  readonly #channel: Channel;
  readonly #known: (Known | undefined)[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** As `decodeMessage`; the bytes of the result are not lent. */
  decode(message: IncomingMessage): DecodedMessage | DropReason {
    const vrid = message.payload[1] ?? 0;
    const known = this.#known[vrid];
    if (known !== undefined && message.protocol === PROTOCOL_VRRP && isSame(known.message, message))
      return known.decoded;
    const decoded = decodeMessage(message, this.#channel);
    if (typeof decoded === 'string' || message.protocol !== PROTOCOL_VRRP || decoded.hasTrailer) return decoded;
    const copy = {
      ...message,
      payload: Uint8Array.from(message.payload),
      source: Uint8Array.from(message.source),
      destination: Uint8Array.from(message.destination),
    };
    const own = decodeMessage(copy, this.#channel);
    if (typeof own === 'string') return own;
    this.#known[vrid] = { message: copy, decoded: own };
    return own;
  }
}

const isSame = (one: Known['message'], other: IncomingMessage): boolean =>
  one.ttl === other.ttl &&
  sameBytes(one.payload, other.payload) &&
  sameBytes(one.source, other.source) &&
  sameBytes(one.destination, other.destination);
