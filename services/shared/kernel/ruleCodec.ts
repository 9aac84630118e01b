/**
 * Policy rules as netlink bytes (linux/fib_rules.h). Pure.
 *
 * ```
 * struct fib_rule_hdr: 0 family | 1 dst length | 2 src length | 3 tos | 4 table | 5 6 reserved | 7 action | 8 flags (32)
 * ```
 */
import {
  AF_INET,
  AF_INET6,
  type Attribute,
  cString,
  decodeAttributes,
  encodeMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  readCString,
  u32,
} from './netlinkCodec.js';
import type { RuleSpec } from './routing.js';

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
const RTM_GETRULE = 34;
const NLM_F_EXCL = 0x200;

const RULE_HEADER_BYTES = 12;
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_GOTO = 4;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_FLOW = 11;
const FRA_TUN_ID = 12;
const FRA_SUPPRESS_IFGROUP = 13;
const FRA_SUPPRESS_PREFIXLEN = 14;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_L3MDEV = 19;
const FRA_UID_RANGE = 20;
const FRA_PROTOCOL = 21;
const FRA_IP_PROTO = 22;
const FRA_SPORT_RANGE = 23;
const FRA_DPORT_RANGE = 24;
const FIB_RULE_INVERT = 2;
const SMALL_TABLES = 256;
const ALL_BITS = 0xffff_ffff;

/** FR_ACT_*. */
export const RULE_ACTION = { table: 1, goto: 2, nop: 3, blackhole: 6, unreachable: 7, prohibit: 8 } as const;

/** A request for all rules of a family. */
export function encodeRuleDump(sequence: number, family: 4 | 6): Buffer {
  const header = Buffer.alloc(RULE_HEADER_BYTES);
  header[0] = family === 4 ? AF_INET : AF_INET6;
  return encodeMessage(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, sequence, header, []);
}

/** Adds a rule, if there is none like it. */
export const encodeRuleAdd = (sequence: number, spec: RuleSpec): Buffer =>
  encodeRule(RTM_NEWRULE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sequence, spec);

/** Removes a rule: the first with everything that is given. */
export const encodeRuleRemove = (sequence: number, spec: RuleSpec): Buffer =>
  encodeRule(RTM_DELRULE, NLM_F_REQUEST | NLM_F_ACK, sequence, spec);

function encodeRule(type: number, flags: number, sequence: number, spec: RuleSpec): Buffer {
  const header = Buffer.alloc(RULE_HEADER_BYTES);
  header[0] = spec.family === 4 ? AF_INET : AF_INET6;
  header[1] = spec.destination?.prefixLength ?? 0;
  header[2] = spec.source?.prefixLength ?? 0;
  header[3] = spec.tos;
  header[4] = spec.table < SMALL_TABLES ? spec.table : 0;
  header[7] = spec.action;
  header.writeUInt32LE(spec.invert ? FIB_RULE_INVERT : 0, 8);
  return encodeMessage(type, flags, sequence, header, attributesOf(spec));
}

function attributesOf(spec: RuleSpec): Attribute[] {
  const attributes: Attribute[] = [
    { type: FRA_PRIORITY, value: u32(spec.preference) },
    { type: FRA_PROTOCOL, value: Buffer.from([spec.protocol]) },
  ];
  const add = (type: number, value: Buffer | undefined): void => {
    if (value !== undefined) attributes.push({ type, value });
  };
  const number = (type: number, value: number | undefined): void =>
    add(type, value === undefined ? undefined : u32(value));
  // The kernel wants a prefix length of 0 without an address.
  if ((spec.destination?.prefixLength ?? 0) > 0) add(FRA_DST, spec.destination?.address);
  if ((spec.source?.prefixLength ?? 0) > 0) add(FRA_SRC, spec.source?.address);
  add(FRA_IIFNAME, spec.iif === undefined ? undefined : cString(spec.iif));
  add(FRA_OIFNAME, spec.oif === undefined ? undefined : cString(spec.oif));
  if (spec.table !== 0) number(FRA_TABLE, spec.table);
  number(FRA_GOTO, spec.goto);
  number(FRA_FWMARK, spec.mark);
  number(FRA_FWMASK, spec.mask);
  number(FRA_FLOW, spec.realms);
  number(FRA_SUPPRESS_PREFIXLEN, spec.suppressPrefixLength);
  number(FRA_SUPPRESS_IFGROUP, spec.suppressGroup);
  if (spec.tunnelId !== undefined) {
    const id = Buffer.alloc(8);
    id.writeBigUInt64BE(spec.tunnelId, 0);
    add(FRA_TUN_ID, id);
  }
  if (spec.l3mdev) add(FRA_L3MDEV, Buffer.from([1]));
  if (spec.uidRange !== undefined) add(FRA_UID_RANGE, Buffer.concat(spec.uidRange.map(u32)));
  if (spec.ipProtocol !== undefined) add(FRA_IP_PROTO, Buffer.from([spec.ipProtocol]));
  add(FRA_SPORT_RANGE, ports(spec.sourcePorts));
  add(FRA_DPORT_RANGE, ports(spec.destinationPorts));
  return attributes;
}

/** struct fib_rule_port_range, host order. */
function ports(range: readonly [number, number] | undefined): Buffer | undefined {
  if (range === undefined) return undefined;
  const buffer = Buffer.alloc(4);
  buffer.writeUInt16LE(range[0], 0);
  buffer.writeUInt16LE(range[1], 2);
  return buffer;
}

/** Reads RTM_NEWRULE or RTM_DELRULE; undefined for other families. */
export function decodeRule(payload: Buffer): RuleSpec | undefined {
  if (payload.length < RULE_HEADER_BYTES) return undefined;
  const family = payload[0] === AF_INET ? 4 : payload[0] === AF_INET6 ? 6 : undefined;
  if (family === undefined) return undefined;
  const found = decodeAttributes(payload, RULE_HEADER_BYTES);
  const action = payload[7] ?? 0;
  const text = (type: number): string | undefined => {
    const value = found.get(type);
    return value === undefined ? undefined : readCString(value);
  };
  const number = (type: number): number | undefined => {
    const value = found.get(type);
    return value === undefined || value.length < 4 ? undefined : value.readUInt32LE(0);
  };
  const set = (type: number): number | undefined => {
    const value = number(type);
    return value === ALL_BITS ? undefined : value;
  };
  const mark = number(FRA_FWMARK);
  const mask = number(FRA_FWMASK);
  const tunnel = found.get(FRA_TUN_ID);
  return {
    family,
    preference: number(FRA_PRIORITY) ?? 0,
    action,
    table: action === RULE_ACTION.table ? (number(FRA_TABLE) ?? payload[4] ?? 0) : 0,
    protocol: found.get(FRA_PROTOCOL)?.[0] ?? 0,
    invert: (payload.readUInt32LE(8) & FIB_RULE_INVERT) !== 0,
    ...prefix('source', found.get(FRA_SRC), payload[2] ?? 0),
    ...prefix('destination', found.get(FRA_DST), payload[1] ?? 0),
    tos: payload[3] ?? 0,
    ...optional('iif', text(FRA_IIFNAME)),
    ...optional('oif', text(FRA_OIFNAME)),
    ...optional('mark', mark),
    ...optional('mask', mask),
    ...optional('realms', number(FRA_FLOW)),
    ...optional('suppressPrefixLength', set(FRA_SUPPRESS_PREFIXLEN)),
    ...optional('suppressGroup', set(FRA_SUPPRESS_IFGROUP)),
    ...(tunnel === undefined || tunnel.length < 8 ? {} : { tunnelId: tunnel.readBigUInt64BE(0) }),
    ...optional('uidRange', range(found.get(FRA_UID_RANGE), 4)),
    ...optional('ipProtocol', found.get(FRA_IP_PROTO)?.[0]),
    ...optional('sourcePorts', range(found.get(FRA_SPORT_RANGE), 2)),
    ...optional('destinationPorts', range(found.get(FRA_DPORT_RANGE), 2)),
    ...optional('goto', number(FRA_GOTO)),
    l3mdev: found.get(FRA_L3MDEV)?.[0] === 1,
  };
}

const optional = <Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } =>
  value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: Value });

function prefix<Name extends 'source' | 'destination'>(
  name: Name,
  address: Buffer | undefined,
  prefixLength: number,
): { [Key in Name]?: { readonly address: Buffer; readonly prefixLength: number } } {
  return optional(name, address === undefined ? undefined : { address: Buffer.from(address), prefixLength });
}

function range(value: Buffer | undefined, bytes: 2 | 4): readonly [number, number] | undefined {
  if (value === undefined || value.length < 2 * bytes) return undefined;
  return [value.readUIntLE(0, bytes), value.readUIntLE(bytes, bytes)];
}

/** Names a rule by everything but its protocol, which the kernel does not tell rules apart by when it adds one. */
export function ruleKey(rule: RuleSpec): string {
  return `${rule.preference} ${ruleSelector(rule)}`;
}

/** Names a rule by what it matches and does, wherever among the rules it stands. */
export function ruleSelector(rule: RuleSpec): string {
  const where = (side: RuleSpec['source']): string =>
    side === undefined || side.prefixLength === 0 ? 'all' : `${side.address.toString('hex')}/${side.prefixLength}`;
  const { family, action, table, invert, tos, iif, oif, mark, mask, realms } = rule;
  return [
    family,
    action,
    table,
    invert ? 'not' : '',
    where(rule.source),
    where(rule.destination),
    tos,
    iif ?? '',
    oif ?? '',
    mark ?? 0,
    // A mark without a mask means all its bits (fib_nl2rule of the kernel).
    mask ?? ((mark ?? 0) === 0 ? 0 : ALL_BITS),
    realms ?? 0,
    rule.suppressPrefixLength ?? '',
    rule.suppressGroup ?? '',
    rule.tunnelId ?? 0n,
    rule.uidRange?.join('-') ?? '',
    rule.ipProtocol ?? 0,
    rule.sourcePorts?.join('-') ?? '',
    rule.destinationPorts?.join('-') ?? '',
    rule.goto ?? '',
    rule.l3mdev ? 'l3mdev' : '',
  ].join(' ');
}
