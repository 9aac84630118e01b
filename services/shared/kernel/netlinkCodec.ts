/**
 * Netlink messages as bytes (linux/netlink.h, linux/rtnetlink.h). Pure: no sockets, no clock.
 *
 * ```
 *  0 length (32) | 4 type (16) | 6 flags (16) | 8 sequence (32) | 12 port (32)      struct nlmsghdr, host order
 * 16 family header (struct ifinfomsg, struct ifaddrmsg, …), padded to 4
 *    attributes: length (16) | type (16) | payload, padded to 4                      struct nlattr
 * ```
 */
import type { AddressInfo, AddressSpec, LinkInfo } from './ports.js';

/** Bytes of struct nlmsghdr. */
const NLMSG_HEADER = 16;
const ATTRIBUTE_HEADER = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of the type. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** A dump was disturbed by a change and may miss entries. */
export const NLM_F_DUMP_INTR = 0x10;
const NLM_F_REPLACE = 0x100;
export const NLM_F_CREATE = 0x400;
/** NLM_F_ROOT | NLM_F_MATCH */
export const NLM_F_DUMP = 0x300;
/** In an answer: the request is not repeated in it. */
const NLM_F_CAPPED = 0x100;
/** In an answer: attributes follow. */
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
const RTM_GETADDR = 22;

const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;

const IFINFOMSG_BYTES = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_VRF_TABLE = 1;
const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;
/** RTEXT_FILTER_SKIP_STATS: leave the counters out, most of a link's message. */
const EXT_MASK_SKIP_STATS = 8;
/** linux/if.h */
export const IFF_UP = 0x1;
export const IFF_RUNNING = 0x40;

const IFADDRMSG_BYTES = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
const FOR_EVER = 0xffff_ffff;

/** One attribute to encode. */
export interface Attribute {
  readonly type: number;
  readonly value: Buffer;
}

/** One message taken apart; `payload` starts after struct nlmsghdr. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** An NLMSG_ERROR or the end of a dump: 0 is success, otherwise a positive errno with the kernel's own words, if any. */
export interface Acknowledgement {
  readonly errno: number;
  readonly text: string | undefined;
}

/** Up to the next multiple of 4; not `& ~3`, which makes lengths past 2^31 negative. */
export const align = (length: number): number => length + (-length & 3);

/** A 32-bit attribute value, host order. */
export function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0, 0);
  return buffer;
}

/** A zero-terminated string attribute value. */
export const cString = (text: string): Buffer => Buffer.from(`${text}\0`);

/** Builds one request; the port is left 0 for the kernel to fill in. */
export function encodeMessage(
  type: number,
  flags: number,
  sequence: number,
  familyHeader: Buffer,
  attributes: readonly Attribute[],
): Buffer {
  let length = NLMSG_HEADER + align(familyHeader.length);
  for (const { value } of attributes) length += align(ATTRIBUTE_HEADER + value.length);
  const message = Buffer.alloc(length);
  message.writeUInt32LE(length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(flags, 6);
  message.writeUInt32LE(sequence, 8);
  familyHeader.copy(message, NLMSG_HEADER);
  let offset = NLMSG_HEADER + align(familyHeader.length);
  for (const attribute of attributes) {
    message.writeUInt16LE(ATTRIBUTE_HEADER + attribute.value.length, offset);
    message.writeUInt16LE(attribute.type, offset + 2);
    attribute.value.copy(message, offset + ATTRIBUTE_HEADER);
    offset += align(ATTRIBUTE_HEADER + attribute.value.length);
  }
  return message;
}

/** Attributes one after the other, padded, as the payload of a nested one. */
export function encodeAttributes(attributes: readonly Attribute[]): Buffer {
  const parts: Buffer[] = [];
  for (const { type, value } of attributes) {
    const part = Buffer.alloc(align(ATTRIBUTE_HEADER + value.length));
    part.writeUInt16LE(ATTRIBUTE_HEADER + value.length, 0);
    part.writeUInt16LE(type, 2);
    value.copy(part, ATTRIBUTE_HEADER);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Takes flags (NLM_F_*) off a request that is encoded already. */
export function clearFlags(message: Buffer, flags: number): void {
  message.writeUInt16LE(message.readUInt16LE(6) & ~flags, 6);
}

/** Takes a received datagram apart; a message that does not fit ends it, as the kernel never sends one. */
export function decodeMessages(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  let offset = 0;
  while (offset + NLMSG_HEADER <= datagram.length) {
    const length = datagram.readUInt32LE(offset);
    if (length < NLMSG_HEADER || offset + length > datagram.length) break;
    messages.push({
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      payload: datagram.subarray(offset + NLMSG_HEADER, offset + length),
    });
    offset += align(length);
  }
  return messages;
}

/** Attribute payloads by type, from `offset` on; of a repeated type the last one wins. Views, not copies. */
export function decodeAttributes(payload: Buffer, offset: number): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  let position = offset;
  while (position + ATTRIBUTE_HEADER <= payload.length) {
    const length = payload.readUInt16LE(position);
    if (length < ATTRIBUTE_HEADER || position + length > payload.length) break;
    const type = payload.readUInt16LE(position + 2) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, payload.subarray(position + ATTRIBUTE_HEADER, position + length));
    position += align(length);
  }
  return attributes;
}

/** Reads NLMSG_ERROR (or NLMSG_DONE, which carries the same errno) with its extended acknowledgement. */
export function decodeAcknowledgement(message: NetlinkMessage): Acknowledgement {
  const { payload, flags, type } = message;
  if (payload.length < 4) return { errno: 0, text: undefined };
  const errno = -payload.readInt32LE(0);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, text: undefined };
  let offset = 4;
  if (type === NLMSG_ERROR) {
    const requestLength = (flags & NLM_F_CAPPED) !== 0 || payload.length < 8 ? NLMSG_HEADER : payload.readUInt32LE(4);
    offset += align(requestLength);
  }
  const text = decodeAttributes(payload, offset).get(NLMSGERR_ATTR_MSG);
  return { errno, text: text === undefined ? undefined : readCString(text) };
}

/** A request for every link (RTM_GETLINK), without counters. */
export function encodeLinkDump(sequence: number): Buffer {
  return encodeMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence, Buffer.alloc(IFINFOMSG_BYTES), [
    { type: IFLA_EXT_MASK, value: u32(EXT_MASK_SKIP_STATS) },
  ]);
}

/** A request for every address of both families (RTM_GETADDR). */
export function encodeAddressDump(sequence: number): Buffer {
  return encodeMessage(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, sequence, Buffer.alloc(IFADDRMSG_BYTES), []);
}

/** Adds an address, or changes flags and lifetimes of one that is there (a label cannot be changed). */
export function encodeAddressAdd(sequence: number, spec: AddressSpec): Buffer {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  return encodeAddress(RTM_NEWADDR, flags, sequence, spec, true);
}

/** Removes an address. Only address, prefix, peer and interface select it. */
export function encodeAddressRemove(sequence: number, spec: AddressSpec): Buffer {
  return encodeAddress(RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK, sequence, spec, false);
}

function encodeAddress(type: number, flags: number, sequence: number, spec: AddressSpec, adding: boolean): Buffer {
  const addressFlags = adding ? (spec.flags ?? 0) : 0;
  const header = Buffer.alloc(IFADDRMSG_BYTES);
  header[0] = spec.family === 4 ? AF_INET : AF_INET6;
  header[1] = spec.prefixLength;
  // The header has room for the eight oldest flags; IFA_FLAGS overrides it.
  header[2] = addressFlags & 0xff;
  header[3] = adding ? (spec.scope ?? 0) : 0;
  header.writeUInt32LE(spec.ifindex, 4);
  const attributes: Attribute[] = [
    { type: IFA_LOCAL, value: spec.address },
    { type: IFA_ADDRESS, value: spec.peer ?? spec.address },
  ];
  if (adding) {
    if (spec.broadcast !== undefined) attributes.push({ type: IFA_BROADCAST, value: spec.broadcast });
    if (spec.label !== undefined) attributes.push({ type: IFA_LABEL, value: cString(spec.label) });
    if (addressFlags !== 0) attributes.push({ type: IFA_FLAGS, value: u32(addressFlags) });
    if (spec.preferredLifetime !== undefined || spec.validLifetime !== undefined) {
      // struct ifa_cacheinfo: preferred, valid, and two time stamps only the kernel sets.
      const lifetimes = Buffer.alloc(16);
      lifetimes.writeUInt32LE(spec.preferredLifetime ?? FOR_EVER, 0);
      lifetimes.writeUInt32LE(spec.validLifetime ?? FOR_EVER, 4);
      attributes.push({ type: IFA_CACHEINFO, value: lifetimes });
    }
  }
  return encodeMessage(type, flags, sequence, header, attributes);
}

/**
 * Reads RTM_NEWLINK or RTM_DELLINK. Undefined for the messages of another family: a bridge tells of its *ports* with
 * RTM_DELLINK of AF_BRIDGE, while the link itself stays.
 */
export function decodeLink(payload: Buffer): LinkInfo | undefined {
  if (payload.length < IFINFOMSG_BYTES || payload[0] !== AF_UNSPEC) return undefined;
  const flags = payload.readUInt32LE(8);
  const attributes = decodeAttributes(payload, IFINFOMSG_BYTES);
  const name = attributes.get(IFLA_IFNAME);
  if (name === undefined) return undefined;
  const mtu = attributes.get(IFLA_MTU);
  const info = nested(attributes.get(IFLA_LINKINFO));
  const kind = info?.get(IFLA_INFO_KIND);
  // An index in another namespace says nothing here.
  const parent = attributes.has(IFLA_LINK_NETNSID) ? undefined : attributes.get(IFLA_LINK);
  const master = attributes.get(IFLA_MASTER);
  return {
    ifindex: payload.readInt32LE(4),
    name: readCString(name),
    up: (flags & (IFF_UP | IFF_RUNNING)) === (IFF_UP | IFF_RUNNING),
    flags,
    mtu: mtu === undefined || mtu.length < 4 ? 0 : mtu.readUInt32LE(0),
    mac: Buffer.from(attributes.get(IFLA_ADDRESS) ?? []),
    ...(kind === undefined ? {} : { kind: readCString(kind), ...vrfTable(readCString(kind), info) }),
    ...(parent === undefined || parent.length < 4 || parent.readUInt32LE(0) === 0
      ? {}
      : { parent: parent.readUInt32LE(0) }),
    ...(master === undefined || master.length < 4 ? {} : { master: master.readUInt32LE(0) }),
  };
}

function vrfTable(kind: string, info: Map<number, Buffer> | undefined): { readonly vrfTable?: number } {
  const table = kind === 'vrf' ? nested(info?.get(IFLA_INFO_DATA))?.get(IFLA_VRF_TABLE) : undefined;
  return table === undefined || table.length < 4 ? {} : { vrfTable: table.readUInt32LE(0) };
}

/** Reads RTM_NEWADDR or RTM_DELADDR; undefined for other families and messages without an address. */
export function decodeAddress(payload: Buffer): AddressInfo | undefined {
  if (payload.length < IFADDRMSG_BYTES) return undefined;
  const family = payload[0] === AF_INET ? 4 : payload[0] === AF_INET6 ? 6 : undefined;
  if (family === undefined) return undefined;
  const attributes = decodeAttributes(payload, IFADDRMSG_BYTES);
  const address = attributes.get(IFA_ADDRESS);
  // Without IFA_LOCAL (IPv6, unless point-to-point) IFA_ADDRESS is the address itself; with it, the peer.
  const local = attributes.get(IFA_LOCAL) ?? address;
  if (local === undefined || local.length !== (family === 4 ? 4 : 16)) return undefined;
  const flags = attributes.get(IFA_FLAGS);
  const label = attributes.get(IFA_LABEL);
  return {
    ifindex: payload.readUInt32LE(4),
    family,
    address: Buffer.from(local),
    prefixLength: payload[1] ?? 0,
    flags: flags === undefined || flags.length < 4 ? (payload[2] ?? 0) : flags.readUInt32LE(0),
    scope: payload[3] ?? 0,
    ...(label === undefined ? {} : { label: readCString(label) }),
    ...(address === undefined || address.equals(local) ? {} : { peer: Buffer.from(address) }),
  };
}

const nested = (value: Buffer | undefined): Map<number, Buffer> | undefined =>
  value === undefined ? undefined : decodeAttributes(value, 0);

/** The text of a zero-terminated string attribute. */
export function readCString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
