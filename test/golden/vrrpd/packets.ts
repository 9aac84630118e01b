/** Packets written out by hand from the RFCs' diagrams, with what they say. */
import { micros, seconds } from '../../../services/shared/time/duration.js';
import type { Advertisement } from '../../../services/vrrpd/packet/advertisement.js';
import { address } from '../../unit/vrrpd/fsm/support.js';

/** Bytes from hexadecimal with blanks. */
export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

export interface GoldenAdvertisement {
  readonly title: string;
  readonly family: 4 | 6;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly advertisement: Advertisement;
  readonly bytes: Uint8Array;
  /** What tshark has to print. */
  readonly tshark: Readonly<Record<string, string>>;
}

const GROUP4 = address('224.0.0.18');
const GROUP6 = address('ff02::12');

export const GOLDEN: readonly GoldenAdvertisement[] = [
  {
    title: 'version 2, no authentication (RFC 3768 5.1)',
    family: 4,
    source: address('192.0.2.2'),
    destination: GROUP4,
    advertisement: {
      version: 2,
      vrid: 1,
      priority: 100,
      interval: seconds(1),
      addresses: address('192.0.2.1'),
      authType: 0,
      authData: new Uint8Array(8),
    },
    bytes: hex('21 01 64 01  00 01 b8 fa  c0 00 02 01  00 00 00 00 00 00 00 00'),
    tshark: { 'vrrp.virt_rtr_id': '1', 'vrrp.prio': '100', 'vrrp.addr_count': '1', 'vrrp.ip_addr': '192.0.2.1' },
  },
  {
    title: 'version 2, PASS (RFC 2338 5.3.6.2), two addresses, leaving',
    family: 4,
    source: address('10.0.0.3'),
    destination: GROUP4,
    advertisement: {
      version: 2,
      vrid: 255,
      priority: 0,
      interval: seconds(255),
      addresses: join(address('10.0.0.100'), address('10.0.0.101')),
      authType: 1,
      authData: hex('31 31 31 31 00 00 00 00'),
    },
    bytes: hex('21 ff 00 02  01 ff 64 d4  0a 00 00 64  0a 00 00 65  31 31 31 31 00 00 00 00'),
    tshark: {
      'vrrp.virt_rtr_id': '255',
      'vrrp.prio': '0',
      'vrrp.addr_count': '2',
      'vrrp.ip_addr': '10.0.0.100,10.0.0.101',
      'vrrp.auth_type': '1',
      'vrrp.adver_int': '255',
    },
  },
  {
    title: 'version 3 over IPv4, 40.95 s, with the pseudo-header',
    family: 4,
    source: address('10.0.0.3'),
    destination: GROUP4,
    advertisement: {
      version: 3,
      vrid: 51,
      priority: 255,
      interval: micros(40_950_000),
      addresses: address('10.0.0.100'),
    },
    bytes: hex('31 33 ff 01  0f ff ca d5  0a 00 00 64'),
    tshark: { 'vrrp.virt_rtr_id': '51', 'vrrp.prio': '255', 'vrrp.short_adver_int': '4095' },
  },
  {
    title: 'version 3 over IPv6, 10 ms, link-local address first (RFC 9568 5.2.9)',
    family: 6,
    source: address('fe80::3'),
    destination: GROUP6,
    advertisement: {
      version: 3,
      vrid: 51,
      priority: 100,
      interval: micros(10_000),
      addresses: join(address('fe80::100'), address('2001:db8::100')),
    },
    bytes: hex(`31 33 64 02  00 01 3e 5e
      fe 80 00 00 00 00 00 00 00 00 00 00 00 00 01 00
      20 01 0d b8 00 00 00 00 00 00 00 00 00 00 01 00`),
    tshark: { 'vrrp.virt_rtr_id': '51', 'vrrp.prio': '100', 'vrrp.short_adver_int': '1' },
  },
];

export const MAC = hex('02 00 00 00 00 01');

/** RFC 5227 3, figure of RFC 826. */
export const GOLDEN_ARP = hex(`ff ff ff ff ff ff  02 00 00 00 00 01  08 06
  00 01  08 00  06  04  00 01
  02 00 00 00 00 01  0a 00 00 64  00 00 00 00 00 00  0a 00 00 64`);

/** RFC 4861 4.4 in an IPv6 packet to all nodes. */
export const GOLDEN_NA = hex(`33 33 00 00 00 01  02 00 00 00 00 01  86 dd
  60 00 00 00  00 20  3a  ff
  fe 80 00 00 00 00 00 00 00 00 00 00 00 00 01 00
  ff 02 00 00 00 00 00 00 00 00 00 00 00 00 00 01
  88 00 d5 9c  a0 00 00 00
  fe 80 00 00 00 00 00 00 00 00 00 00 00 00 01 00
  02 01 02 00 00 00 00 01`);
