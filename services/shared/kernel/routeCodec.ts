/**
 * Routes as netlink bytes (linux/rtnetlink.h, linux/lwtunnel.h, linux/mpls_iptunnel.h, linux/ila.h). Pure.
 *
 * ```
 * struct rtmsg:    0 family | 1 dst length | 2 src length | 3 tos | 4 table | 5 protocol | 6 scope | 7 type | 8 flags (32)
 * struct rtnexthop: 0 length (16) | 2 flags | 3 weight - 1 | 4 ifindex (32) | attributes
 * ```
 */
import {
  AF_INET,
  AF_INET6,
  type Attribute,
  align,
  cString,
  decodeAttributes,
  encodeMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  u32,
} from './netlinkCodec.js';
import type { RouteEncap, RouteFilter, RouteGateway, RouteInfo, RouteNexthop, RouteSpec } from './routing.js';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const NLM_F_EXCL = 0x200;
const NLM_F_APPEND = 0x800;

const RTMSG_BYTES = 12;
const RTNEXTHOP_BYTES = 8;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_FLOW = 11;
const RTA_TABLE = 15;
const RTA_VIA = 18;
const RTA_PREF = 20;
const RTA_ENCAP_TYPE = 21;
const RTA_ENCAP = 22;
const RTA_EXPIRES = 23;
const RTA_TTL_PROPAGATE = 26;
const RTNH_F_ONLINK = 4;
const RTAX_LOCK = 1;
const RTAX_CC_ALGO = 16;
/** The only type of which the way counts: the others have none, or the loopback interface. */
const RTN_UNICAST = 1;
/** Tables below this fit into struct rtmsg. */
const SMALL_TABLES = 256;
/** What the kernel gives an IPv6 route without a metric (IP6_RT_PRIO_USER). */
const IPV6_DEFAULT_METRIC = 1024;

const ENCAP_TYPES = { mpls: 1, ip: 2, ila: 3, ip6: 4 } as const;
const MPLS_IPTUNNEL_DST = 1;
const MPLS_IPTUNNEL_TTL = 2;
const ILA_ATTR_LOCATOR = 1;
/** LWTUNNEL_IP_* and LWTUNNEL_IP6_*: the same numbers; TTL is the hop limit there, TOS the traffic class. */
const LWTUNNEL = { id: 1, destination: 2, source: 3, ttl: 4, tos: 5, flags: 6 } as const;

const u8 = (value: number): Buffer => Buffer.from([value]);

function u16be(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value, 0);
  return buffer;
}

function u64be(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt.asUintN(64, value), 0);
  return buffer;
}

const joined = (attributes: readonly Attribute[]): Buffer =>
  // A message without the header is nothing but attributes.
  encodeMessage(0, 0, 0, Buffer.alloc(0), attributes).subarray(16);

/** A request for the routes of one table and protocol (strict checking lets the kernel sort them out). */
export function encodeRouteDump(sequence: number, filter: RouteFilter): Buffer {
  const header = rtmsg(filter.family, 0, 0, filter.table, filter.protocol, 0, 0, 0);
  return encodeMessage(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, sequence, header, [
    { type: RTA_TABLE, value: u32(filter.table) },
  ]);
}

/** Adds a route. */
export function encodeRouteAdd(sequence: number, spec: RouteSpec): Buffer {
  const place = { prepend: 0, append: NLM_F_APPEND, add: NLM_F_EXCL }[spec.placement];
  const attributes = [...identity(spec), ...ways(spec, true)];
  const metrics = encodeMetrics(spec);
  if (metrics !== undefined) attributes.push({ type: RTA_METRICS, value: metrics });
  if (spec.preference !== undefined) attributes.push({ type: RTA_PREF, value: u8(spec.preference) });
  if (spec.expires !== undefined) attributes.push({ type: RTA_EXPIRES, value: u32(spec.expires) });
  if (spec.ttlPropagate !== undefined) {
    attributes.push({ type: RTA_TTL_PROPAGATE, value: u8(spec.ttlPropagate ? 1 : 0) });
  }
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | place;
  return encodeMessage(RTM_NEWROUTE, flags, sequence, headerOf(spec), attributes);
}

/** Removes a route; what `ip route del` would name besides its metrics. */
export function encodeRouteRemove(sequence: number, spec: RouteSpec): Buffer {
  const attributes = [...identity(spec), ...ways(spec, false)];
  return encodeMessage(RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK, sequence, headerOf(spec), attributes);
}

function headerOf(spec: RouteSpec): Buffer {
  const [only] = spec.nexthops;
  const onlink = spec.nexthops.length === 1 && only?.onlink === true ? RTNH_F_ONLINK : 0;
  const { family, prefixLength, tos, table, protocol, scope, type } = spec;
  return rtmsg(family, prefixLength, tos ?? 0, table, protocol, scope, type, onlink);
}

function rtmsg(
  family: 4 | 6,
  prefixLength: number,
  tos: number,
  table: number,
  protocol: number,
  scope: number,
  type: number,
  flags: number,
): Buffer {
  const header = Buffer.alloc(RTMSG_BYTES);
  header[0] = family === 4 ? AF_INET : AF_INET6;
  header[1] = prefixLength;
  header[3] = tos;
  header[4] = table < SMALL_TABLES ? table : 0;
  header[5] = protocol;
  header[6] = scope;
  header[7] = type;
  header.writeUInt32LE(flags, 8);
  return header;
}

function identity(spec: RouteSpec): Attribute[] {
  const attributes: Attribute[] = [{ type: RTA_TABLE, value: u32(spec.table) }];
  if (spec.destination !== undefined) attributes.push({ type: RTA_DST, value: spec.destination });
  if (spec.metric !== undefined) attributes.push({ type: RTA_PRIORITY, value: u32(spec.metric) });
  if (spec.source !== undefined) attributes.push({ type: RTA_PREFSRC, value: spec.source });
  return attributes;
}

/** `adding`: with what the kernel need not be told to find a route again. */
function ways(spec: RouteSpec, adding: boolean): Attribute[] {
  const [only, second] = spec.nexthops;
  if (only === undefined) return [];
  if (second === undefined) {
    const attributes = nexthopAttributes(only, spec.family, adding);
    if (only.ifindex !== undefined) attributes.push({ type: RTA_OIF, value: u32(only.ifindex) });
    return attributes;
  }
  const hops = spec.nexthops.map((hop) => encodeNexthop(hop, spec.family, adding));
  return [{ type: RTA_MULTIPATH, value: Buffer.concat(hops) }];
}

function encodeNexthop(hop: RouteNexthop, family: 4 | 6, adding: boolean): Buffer {
  const attributes = joined(nexthopAttributes(hop, family, adding));
  const header = Buffer.alloc(RTNEXTHOP_BYTES);
  header.writeUInt16LE(RTNEXTHOP_BYTES + attributes.length, 0);
  header[2] = hop.onlink === true ? RTNH_F_ONLINK : 0;
  header[3] = (hop.weight ?? 1) - 1;
  header.writeInt32LE(hop.ifindex ?? 0, 4);
  return Buffer.concat([header, attributes]);
}

function nexthopAttributes(hop: RouteNexthop, family: 4 | 6, adding: boolean): Attribute[] {
  const attributes: Attribute[] = [];
  const { gateway, realms, encap } = hop;
  if (gateway !== undefined) {
    attributes.push(
      gateway.family === family
        ? { type: RTA_GATEWAY, value: gateway.bytes }
        : { type: RTA_VIA, value: viaBytes(gateway) },
    );
  }
  if (realms !== undefined && adding) attributes.push({ type: RTA_FLOW, value: u32(realms) });
  if (encap !== undefined && adding) {
    const type = Buffer.alloc(2);
    type.writeUInt16LE(ENCAP_TYPES[encap.kind], 0);
    attributes.push({ type: RTA_ENCAP_TYPE, value: type }, { type: RTA_ENCAP, value: joined(encodeEncap(encap)) });
  }
  return attributes;
}

/** struct rtvia: family (16), address. */
function viaBytes({ family, bytes }: RouteGateway): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
  return Buffer.concat([head, bytes]);
}

function encodeEncap(encap: RouteEncap): Attribute[] {
  switch (encap.kind) {
    case 'mpls': {
      const attributes: Attribute[] = [{ type: MPLS_IPTUNNEL_DST, value: labelStack(encap.labels) }];
      if (encap.ttl !== undefined) attributes.push({ type: MPLS_IPTUNNEL_TTL, value: u8(encap.ttl) });
      return attributes;
    }
    case 'ila':
      return [{ type: ILA_ATTR_LOCATOR, value: u64be(encap.locator) }];
    default: {
      const { id, source, destination, tos, ttl, flags } = encap;
      const attributes: Attribute[] = [];
      if (id !== undefined) attributes.push({ type: LWTUNNEL.id, value: u64be(id) });
      if (destination !== undefined) attributes.push({ type: LWTUNNEL.destination, value: destination });
      if (source !== undefined) attributes.push({ type: LWTUNNEL.source, value: source });
      if (ttl !== undefined) attributes.push({ type: LWTUNNEL.ttl, value: u8(ttl) });
      if (tos !== undefined) attributes.push({ type: LWTUNNEL.tos, value: u8(tos) });
      if (flags !== undefined) attributes.push({ type: LWTUNNEL.flags, value: u16be(flags) });
      return attributes;
    }
  }
}

/** RFC 3032 2.1: label (20) | class (3) | bottom of stack (1) | TTL (8). */
function labelStack(labels: readonly number[]): Buffer {
  const stack = Buffer.alloc(labels.length * 4);
  for (const [index, label] of labels.entries()) {
    const bottom = index === labels.length - 1 ? 0x100 : 0;
    stack.writeUInt32BE(((label << 12) | bottom) >>> 0, index * 4);
  }
  return stack;
}

function encodeMetrics({ metrics, lock, congestionControl }: RouteSpec): Buffer | undefined {
  const attributes: Attribute[] = [];
  if (lock !== 0) attributes.push({ type: RTAX_LOCK, value: u32(lock) });
  for (const { type, value } of metrics) attributes.push({ type, value: u32(value) });
  if (congestionControl !== undefined) attributes.push({ type: RTAX_CC_ALGO, value: cString(congestionControl) });
  return attributes.length === 0 ? undefined : joined(attributes);
}

/** Reads RTM_NEWROUTE or RTM_DELROUTE; undefined for other families and for cached routes. */
export function decodeRoute(payload: Buffer): RouteInfo | undefined {
  if (payload.length < RTMSG_BYTES) return undefined;
  const family = payload[0] === AF_INET ? 4 : payload[0] === AF_INET6 ? 6 : undefined;
  if (family === undefined) return undefined;
  // RTM_F_CLONED: an exception of the cache, no entry of a table.
  if ((payload.readUInt32LE(8) & 0x200) !== 0) return undefined;
  const attributes = decodeAttributes(payload, RTMSG_BYTES);
  const destination = attributes.get(RTA_DST);
  const source = attributes.get(RTA_PREFSRC);
  return {
    family,
    type: payload[7] ?? 0,
    ...(destination === undefined ? {} : { destination: Buffer.from(destination) }),
    prefixLength: payload[1] ?? 0,
    tos: payload[3] ?? 0,
    table: readU32(attributes.get(RTA_TABLE)) ?? payload[4] ?? 0,
    protocol: payload[5] ?? 0,
    scope: payload[6] ?? 0,
    metric: readU32(attributes.get(RTA_PRIORITY)) ?? 0,
    ...(source === undefined ? {} : { source: Buffer.from(source) }),
    nexthops: decodeNexthops(attributes),
  };
}

function decodeNexthops(attributes: Map<number, Buffer>): RouteInfo['nexthops'] {
  const multipath = attributes.get(RTA_MULTIPATH);
  if (multipath === undefined) {
    const ifindex = readU32(attributes.get(RTA_OIF));
    const gateway = gatewayOf(attributes);
    if (ifindex === undefined && gateway === undefined) return [];
    return [{ ...(ifindex === undefined ? {} : { ifindex }), ...(gateway === undefined ? {} : { gateway }) }];
  }
  const hops: RouteInfo['nexthops'][number][] = [];
  let offset = 0;
  while (offset + RTNEXTHOP_BYTES <= multipath.length) {
    const length = multipath.readUInt16LE(offset);
    if (length < RTNEXTHOP_BYTES || offset + length > multipath.length) break;
    const hop = multipath.subarray(offset, offset + length);
    const gateway = gatewayOf(decodeAttributes(hop, RTNEXTHOP_BYTES));
    hops.push({ ifindex: hop.readInt32LE(4), ...(gateway === undefined ? {} : { gateway }) });
    offset += align(length);
  }
  return hops;
}

function gatewayOf(attributes: Map<number, Buffer>): RouteGateway | undefined {
  const gateway = attributes.get(RTA_GATEWAY);
  if (gateway !== undefined) return { family: gateway.length === 4 ? 4 : 6, bytes: Buffer.from(gateway) };
  const via = attributes.get(RTA_VIA);
  if (via === undefined || via.length < 6) return undefined;
  return { family: via.readUInt16LE(0) === AF_INET ? 4 : 6, bytes: Buffer.from(via.subarray(2)) };
}

const readU32 = (value: Buffer | undefined): number | undefined =>
  value === undefined || value.length < 4 ? undefined : value.readUInt32LE(0);

/** The metric the kernel will show. */
const shownMetric = (family: 4 | 6, metric: number): number =>
  family === 6 && metric === 0 ? IPV6_DEFAULT_METRIC : metric;

/**
 * Names a route as the kernel tells routes apart before it looks at their ways: two routes with different keys are never
 * the same route, two with the same key may be.
 */
export function routeKey(
  route: Pick<RouteInfo, 'family' | 'table' | 'destination' | 'prefixLength'> & { metric?: number; tos?: number },
): string {
  const { family, table, destination, prefixLength, metric, tos } = route;
  const shown = destination === undefined || prefixLength === 0 ? '' : destination.toString('hex');
  // IPv6 routes have no TOS.
  return `${family} ${table} ${shown}/${prefixLength} ${shownMetric(family, metric ?? 0)} ${family === 4 ? (tos ?? 0) : 0}`;
}

/** True when what the kernel shows is the route that was asked for; metrics and weights do not count. */
export function isSameRoute(spec: RouteSpec, info: RouteInfo): boolean {
  if (routeKey(spec) !== routeKey(info)) return false;
  if (spec.type !== info.type || spec.protocol !== info.protocol) return false;
  if (spec.source !== undefined && info.source?.equals(spec.source) !== true) return false;
  if (spec.type !== RTN_UNICAST) return true;
  // An IPv6 route may have gained a way by another route of the same key.
  if (spec.family === 4 && spec.nexthops.length !== info.nexthops.length) return false;
  return spec.nexthops.every((hop) => info.nexthops.some((shown) => isSameWay(hop, shown)));
}

function isSameWay(hop: RouteNexthop, shown: RouteInfo['nexthops'][number]): boolean {
  if (hop.ifindex !== undefined && hop.ifindex !== shown.ifindex) return false;
  if (hop.gateway === undefined) return shown.gateway === undefined;
  return shown.gateway?.bytes.equals(hop.gateway.bytes) === true;
}
