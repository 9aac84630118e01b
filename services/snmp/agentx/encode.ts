/** Messages of AgentX to bytes, in network byte order. Pure. */
import type { Oid } from './oid.js';
import { ERRORS, HEADER_BYTES, NETWORK_BYTE_ORDER, PDU_TYPES, type SentPdu } from './pdu.js';
import { type SnmpValue, VALUE_TYPES, type Varbind } from './value.js';

/** r.version of the header. */
const VERSION = 1;
/** c.reason: reasonShutdown. */
const REASON_SHUTDOWN = 5;

/** Encodes a message. */
export function encodePdu(pdu: SentPdu): Buffer {
  const payload = Buffer.concat(payloadOf(pdu));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(VERSION, 0);
  header.writeUInt8(PDU_TYPES[pdu.kind], 1);
  header.writeUInt8(NETWORK_BYTE_ORDER, 2);
  header.writeUInt32BE(pdu.session, 4);
  header.writeUInt32BE(pdu.transaction, 8);
  header.writeUInt32BE(pdu.packet, 12);
  header.writeUInt32BE(payload.length, 16);
  return Buffer.concat([header, payload]);
}

function payloadOf(pdu: SentPdu): Buffer[] {
  switch (pdu.kind) {
    case 'open':
      return [Buffer.from([pdu.timeoutSeconds, 0, 0, 0]), encodeOid([]), encodeOctets(Buffer.from(pdu.description))];
    case 'close':
      return [Buffer.from([REASON_SHUTDOWN, 0, 0, 0])];
    case 'register':
      return [Buffer.from([pdu.timeoutSeconds, pdu.priority, 0, 0]), encodeOid(pdu.subtree)];
    case 'unregister':
      return [Buffer.from([0, pdu.priority, 0, 0]), encodeOid(pdu.subtree)];
    case 'notify':
      return pdu.varbinds.flatMap(encodeVarbind);
    case 'ping':
      return [];
    case 'response': {
      const head = Buffer.alloc(8);
      head.writeUInt16BE(ERRORS[pdu.error], 4);
      head.writeUInt16BE(pdu.index, 6);
      return [head, ...pdu.varbinds.flatMap(encodeVarbind)];
    }
  }
}

function encodeVarbind({ oid, value }: Varbind): Buffer[] {
  const type = Buffer.alloc(4);
  type.writeUInt16BE(VALUE_TYPES[value.type], 0);
  return [type, encodeOid(oid), encodeValue(value)];
}

function encodeValue(value: SnmpValue): Buffer {
  switch (value.type) {
    case 'integer': {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value.value);
      return bytes;
    }
    case 'counter32':
    case 'gauge32':
    case 'timeTicks': {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value.value);
      return bytes;
    }
    case 'counter64': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(value.value);
      return bytes;
    }
    case 'octets':
    case 'ipAddress':
    case 'opaque':
      return encodeOctets(value.value);
    case 'oid':
      return encodeOid(value.value);
    case 'null':
    case 'noSuchObject':
    case 'noSuchInstance':
    case 'endOfMibView':
      return Buffer.alloc(0);
  }
}

/** RFC 2741, 5.1: 1.3.6.1.n is one byte when n is one. */
function encodeOid(oid: Oid): Buffer {
  const [a, b, c, d, prefix] = oid;
  const short = a === 1 && b === 3 && c === 6 && d === 1 && prefix !== undefined && prefix > 0 && prefix <= 0xff;
  const rest = short ? oid.slice(5) : oid;
  const bytes = Buffer.alloc(4 + 4 * rest.length);
  bytes.writeUInt8(rest.length, 0);
  if (short) bytes.writeUInt8(prefix, 1);
  for (const [index, part] of rest.entries()) bytes.writeUInt32BE(part, 4 + 4 * index);
  return bytes;
}

/** RFC 2741, 5.3: the length, the bytes, and zeros up to a multiple of four. */
function encodeOctets(octets: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(octets.length / 4) * 4);
  bytes.writeUInt32BE(octets.length);
  bytes.set(octets, 4);
  return bytes;
}
