/**
 * Netlink attributes (linux/netlink.h `struct nlattr`): 16-bit length including the header, 16-bit type, payload, padding
 * to four bytes, numbers in the machine's byte order unless the attribute says otherwise.
 *
 * ```
 *  0               1               2               3
 * +---------------+---------------+---------------+---------------+
 * |    length (4 + payload)       |N|O|        type               |
 * +---------------+---------------+---------------+---------------+
 * |    payload …                           zero padding to 4      |
 * +---------------+---------------+---------------+---------------+
 * ```
 */

/** The machine stores the low byte first. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const HEADER_BYTES = 4;
const NLA_F_NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

/** One decoded attribute. */
export interface Attribute {
  readonly type: number;
  readonly payload: Buffer;
}

/** Unsigned 16 bits in host order. */
export function hostUint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  if (LITTLE_ENDIAN) bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return bytes;
}

/** Unsigned 32 bits in host order. */
export function hostUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (LITTLE_ENDIAN) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

/** Unsigned 16 bits in network order, as the kernel keeps ports. */
export function networkUint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** Text with its closing NUL. */
export const cString = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf8');

/** Encodes one attribute, padded. */
export function attribute(type: number, payload: Uint8Array): Buffer {
  const length = HEADER_BYTES + payload.length;
  const bytes = Buffer.alloc((length + 3) & ~3);
  hostUint16(length).copy(bytes, 0);
  hostUint16(type).copy(bytes, 2);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Encodes an attribute that holds attributes. */
export function nested(type: number, attributes: readonly Buffer[]): Buffer {
  return attribute(type | NLA_F_NESTED, Buffer.concat(attributes));
}

/** Decodes a run of attributes; undefined when a length does not fit into the bytes. Later ones of a type win. */
export function decodeAttributes(bytes: Buffer): ReadonlyMap<number, Attribute> | undefined {
  const found = new Map<number, Attribute>();
  let offset = 0;
  while (offset + HEADER_BYTES <= bytes.length) {
    const length = readHostUint16(bytes, offset);
    if (length < HEADER_BYTES || offset + length > bytes.length) return undefined;
    const type = readHostUint16(bytes, offset + 2) & TYPE_MASK;
    found.set(type, { type, payload: bytes.subarray(offset + HEADER_BYTES, offset + length) });
    offset += (length + 3) & ~3;
  }
  // Fewer than four bytes may be left only as padding, which the last step already skipped.
  return offset >= bytes.length ? found : undefined;
}

function readHostUint16(bytes: Buffer, offset: number): number {
  return LITTLE_ENDIAN ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset);
}

/** Reads a host-order number of 1, 2 or 4 bytes; undefined when the payload is missing or of another size. */
export function readHostNumber(found: Attribute | undefined): number | undefined {
  const payload = found?.payload;
  switch (payload?.length) {
    case 1:
      return payload.readUInt8(0);
    case 2:
      return readHostUint16(payload, 0);
    case 4:
      return LITTLE_ENDIAN ? payload.readUInt32LE(0) : payload.readUInt32BE(0);
    default:
      return undefined;
  }
}

/** Reads a host-order number of 8 bytes. */
export function readHostUint64(found: Attribute | undefined): bigint | undefined {
  const payload = found?.payload;
  if (payload?.length !== 8) return undefined;
  return LITTLE_ENDIAN ? payload.readBigUInt64LE(0) : payload.readBigUInt64BE(0);
}

/** Reads a network-order 16-bit number. */
export function readNetworkUint16(found: Attribute | undefined): number | undefined {
  return found?.payload.length === 2 ? found.payload.readUInt16BE(0) : undefined;
}

/** Reads text up to its NUL. */
export function readCString(found: Attribute | undefined): string | undefined {
  if (found === undefined) return undefined;
  const end = found.payload.indexOf(0);
  return found.payload.toString('utf8', 0, end < 0 ? found.payload.length : end);
}
