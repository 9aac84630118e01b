/** Requests about links as bytes (linux/if_link.h). Pure. */
import type { VirtualLinkSpec } from './linkPorts.js';
import { type Attribute, encodeAttributes, encodeMessage, RTM_DELLINK, RTM_NEWLINK } from './netlinkCodec.js';

const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const NLA_F_NESTED = 0x8000;

const IFINFOMSG_BYTES = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_AF_SPEC = 26;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const IFLA_INET_CONF = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const IPVLAN_MODE_L2 = 0;
const IFF_UP = 0x1;
const AF_INET = 2;
const AF_INET6 = 10;

/** MACVLAN_MODE_* and IPVLAN_F_*. */
const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4 } as const;
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

/** IPV4_DEVCONF_* of linux/ip.h, by the names of their files below /proc/sys/net/ipv4/conf. */
const IPV4_DEVCONF: Readonly<Record<string, number>> = {
  rp_filter: 8,
  arp_filter: 13,
  arp_announce: 18,
  arp_ignore: 19,
  promote_secondaries: 20,
  accept_local: 23,
};

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);
const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0, 0);
  return buffer;
};
const nest = (type: number, ...attributes: readonly Attribute[]): Attribute => ({
  type: type | NLA_F_NESTED,
  value: encodeAttributes(attributes),
});

/** Makes a virtual link (RTM_NEWLINK, exclusively). */
export function encodeLinkCreate(sequence: number, spec: VirtualLinkSpec): Buffer {
  const data: readonly Attribute[] =
    spec.kind === 'macvlan'
      ? [{ type: IFLA_MACVLAN_MODE, value: u32(MACVLAN_MODES[spec.mode]) }]
      : [
          { type: IFLA_IPVLAN_MODE, value: u16(IPVLAN_MODE_L2) },
          { type: IFLA_IPVLAN_FLAGS, value: u16(IPVLAN_FLAGS[spec.mode]) },
        ];
  const attributes: Attribute[] = [
    { type: IFLA_IFNAME, value: Buffer.from(`${spec.name}\0`) },
    { type: IFLA_LINK, value: u32(spec.parent) },
    ...(spec.mac === undefined ? [] : [{ type: IFLA_ADDRESS, value: spec.mac }]),
    ...(spec.master === undefined ? [] : [{ type: IFLA_MASTER, value: u32(spec.master) }]),
    nest(IFLA_LINKINFO, { type: IFLA_INFO_KIND, value: Buffer.from(spec.kind) }, nest(IFLA_INFO_DATA, ...data)),
  ];
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  return encodeMessage(RTM_NEWLINK, flags, sequence, header(0, 0, 0), attributes);
}

/** Stops the kernel from giving a link, named, a link-local address made from its hardware address. */
export function encodeNoLinkLocal(sequence: number, name: string): Buffer {
  return encodeMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, header(0, 0, 0), [
    { type: IFLA_IFNAME, value: Buffer.from(`${name}\0`) },
    nest(IFLA_AF_SPEC, nest(AF_INET6, { type: IFLA_INET6_ADDR_GEN_MODE, value: u8(IN6_ADDR_GEN_MODE_NONE) })),
  ]);
}

/** Removes a link. */
export function encodeLinkRemove(sequence: number, ifindex: number): Buffer {
  return encodeMessage(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, header(ifindex, 0, 0), []);
}

/** Sets a link administratively up. */
export function encodeLinkUp(sequence: number, ifindex: number): Buffer {
  return encodeMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, header(ifindex, IFF_UP, IFF_UP), []);
}

/** Puts a link under a master; 0: under none. */
export function encodeLinkMaster(sequence: number, ifindex: number, master: number): Buffer {
  return encodeMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, header(ifindex, 0, 0), [
    { type: IFLA_MASTER, value: u32(master) },
  ]);
}

/** Sets one value of `net.ipv4.conf.<interface>` where /proc/sys cannot be written; undefined: not one of those known. */
export function encodeInterfaceSetting(
  sequence: number,
  ifindex: number,
  setting: string,
  value: number,
): Buffer | undefined {
  const index = Object.hasOwn(IPV4_DEVCONF, setting) ? IPV4_DEVCONF[setting] : undefined;
  if (index === undefined) return undefined;
  return encodeMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, header(ifindex, 0, 0), [
    nest(IFLA_AF_SPEC, nest(AF_INET, nest(IFLA_INET_CONF, { type: index, value: u32(value) }))),
  ]);
}

/** struct ifinfomsg. */
function header(ifindex: number, flags: number, change: number): Buffer {
  const bytes = Buffer.alloc(IFINFOMSG_BYTES);
  bytes.writeInt32LE(ifindex, 4);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(change, 12);
  return bytes;
}
