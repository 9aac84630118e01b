/** virtualServerTable and the tables of groups of KEEPALIVED-MIB. Pure. */
import { SMTP_ALERT, SMTP_ALERT_CHECKER } from '../../shared/config/globals/identity.js';
import type { Block } from '../../shared/config/readBlock.js';
import {
  counter32,
  counter64,
  gauge32,
  integer,
  octets,
  type SnmpValue,
  text,
  truth,
  type Varbind,
} from '../agentx/value.js';
import type { ConfigBlock } from '../configBlock.js';
import type { KnownVirtual, ServerTarget } from './checkNumbers.js';
import { checkTimes } from './checkTimes.js';
import { methodValue, tunnelValues } from './forwarding.js';
import { inetAddress } from './inet.js';
import { CHECK, entryOf } from './keepalived.js';
import { scriptColumn } from './scripts.js';
import { type Row, table } from './table.js';

export const VIRTUAL_SERVER_ENTRY = entryOf(CHECK, 3);
export const VIRTUAL_TYPE = 2;
export const VIRTUAL_PROTOCOL = 8;
export const VIRTUAL_REAL_TOTAL = 20;
export const VIRTUAL_REAL_UP = 21;
export const VIRTUAL_QUORUM = 22;
export const VIRTUAL_QUORUM_STATUS = 23;

const TYPES: Readonly<Record<ServerTarget['kind'], number>> = { fwmark: 1, address: 2, group: 3 };
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['tcp', 1],
  ['udp', 2],
  ['sctp', 3],
]);
const NO_PROTOCOL = 4;
/** virtualServerLoadBalancingAlgo */
const SCHEDULERS: ReadonlyMap<string, number> = new Map(
  ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh', 'twos'].map(
    (name, index) => [name, index + 1] as const,
  ),
);
const UNKNOWN_SCHEDULER = 99;
/** linux/ip_vs.h: IP_VS_SVC_F_HASHED, …ONEPACKET, …SCHED1 to …SCHED3. */
const ONE_PACKET = 0x04;
const SCHEDULER_FLAGS = [0x08, 0x10, 0x20] as const;

export function virtualServerObjects(virtuals: readonly KnownVirtual[], globals: Block): Varbind[] {
  return table(
    VIRTUAL_SERVER_ENTRY,
    virtuals.map((known) => ({
      index: [known.number],
      cells: {
        ...targetCells(known),
        ...tableCells(known),
        ...checkCells(known, globals),
        ...poolCells(known),
        ...counterCells(known),
      },
    })),
  );
}

export const virtualType = ({ kind }: ServerTarget): SnmpValue => integer(TYPES[kind]);

/** A mark says nothing of it; a group has that of the virtual server. */
export function virtualProtocol(target: ServerTarget, block: ConfigBlock | undefined): SnmpValue {
  const word = target.kind === 'address' ? target.protocol : (block?.word('protocol') ?? 'tcp');
  return integer(target.kind === 'fwmark' ? NO_PROTOCOL : (PROTOCOLS.get(word.toLowerCase()) ?? NO_PROTOCOL));
}

function targetCells({ target, block }: KnownVirtual): Row['cells'] {
  const ip = target.kind === 'address' ? inetAddress(target.address) : undefined;
  const name = block.word('snmp_name');
  return {
    2: virtualType(target),
    3: target.kind === 'group' ? text(target.group) : undefined,
    4: target.kind === 'fwmark' ? gauge32(target.fwmark) : undefined,
    5: ip?.type,
    6: ip?.address,
    7: target.kind === 'address' ? gauge32(target.port) : undefined,
    8: virtualProtocol(target, block),
    71: name === undefined ? undefined : text(name),
  };
}

/** What the wanted table says of it. */
function tableCells({ wanted, block }: KnownVirtual): Row['cells'] {
  const word = block.word('lvs_method') ?? block.word('lb_kind');
  const [tunnelType, tunnelPort, tunnelChecksum] = tunnelValues(wanted?.destinations[0]);
  const scheduler = wanted?.scheduler ?? block.word('lvs_sched') ?? block.word('lb_algo') ?? 'wlc';
  const persistent = wanted === undefined ? block.has('persistence_timeout') : wanted.persistenceTimeoutS > 0;
  const flag = (bit: number): SnmpValue | undefined =>
    wanted === undefined ? undefined : truth((wanted.flags & bit) !== 0);
  const [first, second, third] = SCHEDULER_FLAGS;
  return {
    9: integer(SCHEDULERS.get(scheduler) ?? UNKNOWN_SCHEDULER),
    10: methodValue(wanted?.destinations[0], word),
    11: wanted === undefined ? undefined : truth(true),
    13: truth(persistent),
    14: persistent && wanted !== undefined ? gauge32(wanted.persistenceTimeoutS) : undefined,
    15: persistent && wanted?.key?.family === 4 ? octets(maskOf(wanted.persistencePrefixLength)) : undefined,
    37: flag(ONE_PACKET),
    51: persistent && wanted?.key?.family === 6 ? gauge32(wanted.persistencePrefixLength) : undefined,
    53: scheduler === 'sh' ? flag(first) : undefined,
    54: scheduler === 'sh' ? flag(second) : undefined,
    55: flag(third),
    62: scheduler === 'mh' ? flag(first) : undefined,
    63: scheduler === 'mh' ? flag(second) : undefined,
    68: tunnelType,
    69: tunnelPort,
    70: tunnelChecksum,
  };
}

/** What the configuration says of its checks. */
function checkCells({ block }: KnownVirtual, globals: Block): Row['cells'] {
  const times = checkTimes([block]);
  const host = block.word('virtualhost');
  return {
    12: host === undefined ? undefined : text(host),
    16: times.delayLoop,
    17: truth(block.has('ha_suspend')),
    18: truth(block.flag('alpha') ?? false),
    19: truth(block.flag('omega') ?? false),
    24: scriptColumn(block, 'quorum_up'),
    25: scriptColumn(block, 'quorum_down'),
    56: integer((block.flag('inhibit_on_failure') ?? false) ? 2 : 1),
    57: times.retry,
    58: times.delayBeforeRetry,
    59: times.warmup,
    60: integer(block.number('weight') ?? 1),
    61: truth(block.flag('smtp_alert') ?? serverMailsByDefault(globals) ?? false),
    64: times.delayLoopMicros,
    65: times.delayBeforeRetryMicros,
    66: times.warmupMicros,
    67: times.connectTimeoutMicros,
  };
}

/** `smtp_alert` and `smtp_alert_checker` of `global_defs`; undefined: neither is there. */
export const serverMailsByDefault = (globals: Block): boolean | undefined =>
  globals.last(SMTP_ALERT_CHECKER)?.values[0] ?? globals.last(SMTP_ALERT)?.values[0];

const poolCells = ({ virtual }: KnownVirtual): Row['cells'] => ({
  20: gauge32(virtual.realServers.length),
  21: gauge32(virtual.realServers.filter(({ up }) => up).length),
  22: gauge32(virtual.quorum),
  23: integer(virtual.quorumUp ? 1 : 2),
  26: gauge32(virtual.hysteresis),
});

function counterCells({ statistics }: KnownVirtual): Row['cells'] {
  const counters = statistics?.counters;
  if (counters === undefined) return {};
  const { connections, inPackets, outPackets, inBytes, outBytes } = counters;
  return {
    27: gauge32(Number(BigInt.asUintN(32, connections))),
    28: counter32(inPackets),
    29: counter32(outPackets),
    30: counter64(inBytes),
    31: counter64(outBytes),
    38: counter64(connections),
    39: counter64(inPackets),
    40: counter64(outPackets),
  };
}

/** The network mask of a prefix length. */
const maskOf = (length: number): Uint8Array => {
  const mask = Buffer.alloc(4);
  mask.writeUInt32BE(length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0);
  return mask;
};

const GROUP_ENTRY = entryOf(CHECK, 1);
const GROUP_MEMBER_ENTRY = entryOf(CHECK, 2);

/** virtualServerGroupTable and virtualServerGroupMemberTable. */
export function virtualGroupObjects(tree: ConfigBlock): Varbind[] {
  const groups = tree.blocks('virtual_server_group');
  const rows = groups.map(({ words: [name = ''] }, place) => ({ index: [place + 1], cells: { 2: text(name) } }));
  const members = groups.flatMap(({ block }, place) =>
    block.all().map((words, line) => ({ index: [place + 1, line + 1], cells: memberCells(words) })),
  );
  return [...table(GROUP_ENTRY, rows), ...table(GROUP_MEMBER_ENTRY, members)];
}

/** fwmark(1), ip(2), iprange(3): `fwmark 42`, `10.0.0.1 80`, `10.0.0.1-10 80`. */
function memberCells([first = '', second = '0']: readonly string[]): Row['cells'] {
  if (first === 'fwmark') return { 2: integer(1), 3: gauge32(Number(second)) };
  const [low = '', high] = first.split('-');
  const { type, address } = inetAddress(low);
  if (high === undefined) return { 2: integer(2), 4: type, 5: address, 8: gauge32(Number(second)) };
  return { 2: integer(3), 4: type, 6: address, 7: inetAddress(lastOf(low, high)).address, 8: gauge32(Number(second)) };
}

/** The end of a range is its last part alone. */
function lastOf(low: string, high: string): string {
  if (high.includes('.') || high.includes(':')) return high;
  const separator = low.includes(':') ? ':' : '.';
  return `${low.slice(0, low.lastIndexOf(separator) + 1)}${high}`;
}
