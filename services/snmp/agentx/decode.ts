/** Bytes from an AgentX master to messages. Pure: whatever is wrong becomes one error that names it. */
import type { Oid } from './oid.js';
import {
  HEADER_BYTES,
  NETWORK_BYTE_ORDER,
  NON_DEFAULT_CONTEXT,
  PDU_TYPES,
  type PduIds,
  type ReceivedPdu,
  type SearchRange,
} from './pdu.js';
import { type SnmpValue, VALUE_TYPES, type Varbind } from './value.js';

/** A message that is not one, or one that a master does not send. */
export class PduError extends Error {
  override readonly name = 'PduError';
}

/** Longest message taken: a request for some thousand objects. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** Most numbers in an object identifier (RFC 2578, 3.5). */
const MAX_OID_LENGTH = 128;

/** Length of the message that begins here, once its header is there. Throws {@link PduError}. */
export function pduLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  if (bytes[0] !== 1) throw new PduError(`version ${bytes[0]} of AgentX instead of 1`);
  const payload = isBigEndian(bytes) ? bytes.readUInt32BE(16) : bytes.readUInt32LE(16);
  if (payload > MAX_PAYLOAD_BYTES || payload % 4 !== 0) throw new PduError(`a message of ${payload} bytes`);
  return HEADER_BYTES + payload;
}

const isBigEndian = (bytes: Buffer): boolean => ((bytes[2] ?? 0) & NETWORK_BYTE_ORDER) !== 0;

/** Decodes one whole message. Throws {@link PduError}. */
export function decodePdu(bytes: Buffer): ReceivedPdu {
  const reader = new Reader(bytes);
  const kind = bytes[1];
  reader.skip(4);
  const ids: PduIds = { session: reader.uint32(), transaction: reader.uint32(), packet: reader.uint32() };
  reader.skip(4);
  if (((bytes[2] ?? 0) & NON_DEFAULT_CONTEXT) !== 0) reader.octets();
  switch (kind) {
    case PDU_TYPES.get:
      return { ...ids, kind: 'get', ranges: reader.ranges() };
    case PDU_TYPES.getNext:
      return { ...ids, kind: 'getNext', ranges: reader.ranges() };
    case PDU_TYPES.getBulk: {
      const nonRepeaters = reader.uint16();
      const maxRepetitions = reader.uint16();
      return { ...ids, kind: 'getBulk', nonRepeaters, maxRepetitions, ranges: reader.ranges() };
    }
    case PDU_TYPES.testSet:
      return { ...ids, kind: 'testSet', varbinds: reader.varbinds() };
    case PDU_TYPES.commitSet:
      return { ...ids, kind: 'commitSet' };
    case PDU_TYPES.undoSet:
      return { ...ids, kind: 'undoSet' };
    case PDU_TYPES.cleanupSet:
      return { ...ids, kind: 'cleanupSet' };
    case PDU_TYPES.close:
      return { ...ids, kind: 'close', reason: reader.uint8() };
    case PDU_TYPES.response:
      return { ...ids, kind: 'response', upTimeTicks: reader.uint32(), error: reader.uint16(), index: reader.uint16() };
    default:
      throw new PduError(`a message of type ${kind}`);
  }
}

class Reader {
  readonly #bytes: Buffer;
  readonly #bigEndian: boolean;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#bigEndian = isBigEndian(bytes);
  }

  skip(count: number): void {
    this.#take(count);
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint16(): number {
    const at = this.#take(2);
    return this.#bigEndian ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt16LE(at);
  }

  uint32(): number {
    const at = this.#take(4);
    return this.#bigEndian ? this.#bytes.readUInt32BE(at) : this.#bytes.readUInt32LE(at);
  }

  octets(): Buffer {
    const length = this.uint32();
    const at = this.#take(Math.ceil(length / 4) * 4);
    return Buffer.from(this.#bytes.subarray(at, at + length));
  }

  /** And whether it counts itself, when it begins a range. */
  oid(): { readonly oid: Oid; readonly include: boolean } {
    const length = this.uint8();
    const prefix = this.uint8();
    const include = this.uint8() !== 0;
    this.skip(1);
    if (length > MAX_OID_LENGTH) throw new PduError(`an object identifier of ${length} numbers`);
    const oid = prefix === 0 ? [] : [1, 3, 6, 1, prefix];
    for (let index = 0; index < length; index++) oid.push(this.uint32());
    return { oid, include };
  }

  ranges(): SearchRange[] {
    const ranges: SearchRange[] = [];
    while (this.#at < this.#bytes.length) {
      const { oid: start, include } = this.oid();
      const { oid: end } = this.oid();
      ranges.push({ start, include, end: end.length === 0 ? undefined : end });
    }
    return ranges;
  }

  varbinds(): Varbind[] {
    const varbinds: Varbind[] = [];
    while (this.#at < this.#bytes.length) {
      const type = this.uint16();
      this.skip(2);
      const { oid } = this.oid();
      varbinds.push({ oid, value: this.#value(type) });
    }
    return varbinds;
  }

  #value(type: number): SnmpValue {
    switch (type) {
      case VALUE_TYPES.integer:
        return { type: 'integer', value: this.uint32() | 0 };
      case VALUE_TYPES.counter32:
        return { type: 'counter32', value: this.uint32() };
      case VALUE_TYPES.gauge32:
        return { type: 'gauge32', value: this.uint32() };
      case VALUE_TYPES.timeTicks:
        return { type: 'timeTicks', value: this.uint32() };
      case VALUE_TYPES.counter64:
        return { type: 'counter64', value: this.#uint64() };
      case VALUE_TYPES.octets:
        return { type: 'octets', value: this.octets() };
      case VALUE_TYPES.ipAddress:
        return { type: 'ipAddress', value: this.octets() };
      case VALUE_TYPES.opaque:
        return { type: 'opaque', value: this.octets() };
      case VALUE_TYPES.oid:
        return { type: 'oid', value: this.oid().oid };
      case VALUE_TYPES.null:
        return { type: 'null' };
      default:
        throw new PduError(`a value of type ${type}`);
    }
  }

  #uint64(): bigint {
    const at = this.#take(8);
    return this.#bigEndian ? this.#bytes.readBigUInt64BE(at) : this.#bytes.readBigUInt64LE(at);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new PduError('a message that ends too early');
    this.#at += count;
    return at;
  }
}
