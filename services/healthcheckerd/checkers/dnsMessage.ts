/** Queries and answers of DNS (RFC 1035 4.1), as far as DNS_CHECK needs them. Pure. */
import type { DnsCheckConfig } from '../config/checkerModel.js';

/*
 *  0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
 * |                      ID                       |
 * |QR|   Opcode  |AA|TC|RD|RA|   Z    |   RCODE   |
 * |                    QDCOUNT                    |  … ANCOUNT, NSCOUNT, ARCOUNT
 */
const HEADER_BYTES = 12;
const RECURSION_DESIRED = 0x0100;
const CLASS_IN = 1;

const RCODES = ['', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** The query for one name and type. */
export function dnsQuery({ labels, type }: Pick<DnsCheckConfig, 'labels' | 'type'>, id: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(RECURSION_DESIRED, 2);
  header.writeUInt16BE(1, 4);
  const name = labels.flatMap((label) => {
    const bytes = Buffer.from(label, 'utf8');
    return [Buffer.from([bytes.length]), bytes];
  });
  const end = Buffer.from([0, type >> 8, type & 0xff, 0, CLASS_IN]);
  return Buffer.concat([header, ...name, end]);
}

/** `ignored`: not an answer to this query. */
export type DnsAnswer =
  | { readonly kind: 'good' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'bad'; readonly reason: string };

/** Judges a datagram: an answer without an error is good, also an empty one. */
export function judgeDnsAnswer(datagram: Buffer, id: number): DnsAnswer {
  if (datagram.length < HEADER_BYTES)
    return { kind: 'bad', reason: `an answer of ${datagram.length} bytes is too short` };
  const flags = datagram.readUInt16BE(2);
  if (datagram.readUInt16BE(0) !== id || (flags & 0x8000) === 0) return { kind: 'ignored' };
  const code = flags & 0xf;
  if (code === 0) return { kind: 'good' };
  return { kind: 'bad', reason: `answer code ${RCODES[code] === undefined ? '' : `${RCODES[code]} `}(${code})` };
}
