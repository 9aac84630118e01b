/** What the captures look at, decoded without any product code: a second opinion on what is on the wire. */
import type { CapturedFrame } from './pcap.js';

/** A VRRPv2 or v3 advertisement over IPv4. */
export interface Advert {
  readonly kind: 'advert';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly sourceMac: string;
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly addresses: readonly string[];
  /** VRRPv2: 0 none, 1 PASS, 2 AH. */
  readonly authType: number;
  readonly authText: string;
}

/** An ARP packet. */
export interface Arp {
  readonly kind: 'arp';
  readonly at: number;
  readonly sourceMac: string;
  readonly request: boolean;
  readonly senderMac: string;
  readonly sender: string;
  readonly target: string;
}

/** An unsolicited neighbour advertisement. */
export interface NeighbourAdvert {
  readonly kind: 'na';
  readonly at: number;
  readonly sourceMac: string;
  /** Without the zeros in front of its groups and without `::`. */
  readonly target: string;
}

const hex = (bytes: Buffer): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
const dotted = (bytes: Buffer): string => [...bytes].join('.');

function decodeArp(at: number, sourceMac: string, arp: Buffer): Arp {
  return {
    kind: 'arp',
    at,
    sourceMac,
    request: arp.readUInt16BE(6) === 1,
    senderMac: hex(arp.subarray(8, 14)),
    sender: dotted(arp.subarray(14, 18)),
    target: dotted(arp.subarray(24, 28)),
  };
}

function decodeAdvert(at: number, sourceMac: string, ip: Buffer): Advert | undefined {
  const headerLength = (ip.readUInt8(0) & 0x0f) * 4;
  const vrrp = ip.subarray(headerLength, ip.readUInt16BE(2));
  if (vrrp.length < 8) return undefined;
  const version = vrrp.readUInt8(0) >> 4;
  const count = vrrp.readUInt8(3);
  const addressesEnd = 8 + 4 * count;
  return {
    kind: 'advert',
    at,
    sourceMac,
    source: dotted(ip.subarray(12, 16)),
    destination: dotted(ip.subarray(16, 20)),
    ttl: ip.readUInt8(8),
    version,
    vrid: vrrp.readUInt8(1),
    priority: vrrp.readUInt8(2),
    addresses: Array.from({ length: count }, (_, index) => dotted(vrrp.subarray(8 + 4 * index, 12 + 4 * index))),
    authType: version === 2 ? vrrp.readUInt8(4) : 0,
    authText: vrrp
      .subarray(addressesEnd, addressesEnd + 8)
      .toString('latin1')
      .replace(/\0+$/, ''),
  };
}

function decodeNeighbourAdvert(at: number, sourceMac: string, ip: Buffer): NeighbourAdvert | undefined {
  const icmp = ip.subarray(40);
  if (ip.readUInt8(6) !== 58 || icmp.length < 24 || icmp.readUInt8(0) !== 136) return undefined;
  // Solicited: an answer, and no announcement.
  if ((icmp.readUInt8(4) & 0x40) !== 0) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => icmp.readUInt16BE(8 + 2 * index).toString(16));
  return { kind: 'na', at, sourceMac, target: groups.join(':') };
}

/** Decodes an Ethernet frame; undefined for anything that is neither ARP, nor VRRP over IPv4, nor announces a neighbour. */
export function decodeFrame({ at, bytes }: CapturedFrame): Advert | Arp | NeighbourAdvert | undefined {
  if (bytes.length < 34) return undefined;
  const sourceMac = hex(bytes.subarray(6, 12));
  const payload = bytes.subarray(14);
  switch (bytes.readUInt16BE(12)) {
    case 0x0806:
      return decodeArp(at, sourceMac, payload);
    case 0x0800:
      return payload.readUInt8(9) === 112 ? decodeAdvert(at, sourceMac, payload) : undefined;
    case 0x86dd:
      return bytes.length < 54 ? undefined : decodeNeighbourAdvert(at, sourceMac, payload);
    default:
      return undefined;
  }
}
