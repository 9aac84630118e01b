/** VRRPV3-MIB of RFC 6527: all instances, for keepalived shows those of version 2 there too. Pure. */
import { parseIpAddress } from '../../shared/net/address.js';
import { type VrrpInstance, VrrpStateName } from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { parseOid } from '../agentx/oid.js';
import {
  counter32,
  counter64,
  gauge32,
  integer,
  octets,
  type SnmpValue,
  truth,
  type Varbind,
} from '../agentx/value.js';
import {
  advertised,
  allDrops,
  announcedMac,
  dropsOf,
  primaryAddress,
  type RfcRow,
  rfcRows,
  rfcState,
} from './rfcRows.js';
import type { Machine, Served } from './served.js';
import { scalars, table } from './table.js';
import type { VrrpNumbers } from './vrrpNumbers.js';

export const VRRPV3_MIB = parseOid('1.3.6.1.2.1.207');
const OPERATIONS = [...VRRPV3_MIB, 1, 1];
const STATISTICS = [...VRRPV3_MIB, 1, 2];
export const OPERATIONS_ENTRY = [...OPERATIONS, 1, 1];
export const OPERATIONS_MASTER_ADDRESS = 3;
export const STATISTICS_ENTRY = [...STATISTICS, 5, 1];
export const NEW_MASTER_REASON = 2;

const ACTIVE = integer(1);
/** Statistics are as old as the status at most. */
const REFRESH_MS = 1_000;
/** Counters are those of the process since it began. */
const NEVER: SnmpValue = { type: 'timeTicks', value: 0 };
/** vrrpv3StatisticsNewMasterReason: priority(1), preempted(2), masterNoResponse(3). */
const NEW_MASTER_REASONS: ReadonlyMap<string, number> = new Map([
  ['owner', 1],
  ['startup', 1],
  ['priority-zero-advert', 1],
  ['preempt', 2],
  ['master-down-timer', 3],
]);
const PROTOCOL_ERRORS = ['ttl', 'version', 'checksum', 'vrid'];

export function rfc6527Objects({ status, machine }: Served, { instances }: VrrpNumbers): Varbind[] {
  const rows = rfcRows(instances, machine, () => true).map((row) => ({
    ...row,
    index: [...row.index, row.instance.family === 4 ? 1 : 2],
  }));
  return [
    ...table(
      OPERATIONS_ENTRY,
      rows.map((row) => ({ index: row.index, cells: operationCells(row, machine) })),
    ),
    ...table([...OPERATIONS, 2, 1], rows.flatMap(addressRows)),
    ...scalars(STATISTICS, {
      1: counter64(allDrops(status.vrrp, 'checksum')),
      2: counter64(allDrops(status.vrrp, 'version')),
      3: counter64(allDrops(status.vrrp, 'vrid')),
      4: NEVER,
    }),
    ...table(
      STATISTICS_ENTRY,
      rows.map(({ index, instance }) => ({ index, cells: statisticCells(instance) })),
    ),
  ];
}

function operationCells(row: RfcRow, machine: Machine): Record<number, SnmpValue | undefined> {
  const { instance, block } = row;
  const unknown = new Uint8Array(instance.family === 4 ? 4 : 16);
  return {
    3: octets(parseIpAddress(instance.masterAddress)?.bytes ?? unknown),
    4: octets(primaryAddress(row, machine)?.bytes ?? unknown),
    5: announcedMac(row, machine),
    6: rfcState(instance),
    7: gauge32(instance.basePriority),
    8: integer(Math.min(advertised(instance).length, 255)),
    9: integer(Math.round(instance.advertIntervalMs / 10)),
    10: truth(instance.preempt),
    11: truth(!block.has('no_accept')),
    13: ACTIVE,
  };
}

const addressRows = ({ instance, index }: RfcRow) =>
  advertised(instance).flatMap(({ address }) => {
    const bytes = parseIpAddress(address.replace(/\/.*$/, ''))?.bytes;
    return bytes === undefined ? [] : [{ index: [...index, bytes.length, ...bytes], cells: { 2: ACTIVE } }];
  });

/** Why it became master the last time; undefined: that is longer ago than its last transition. */
export function newMasterReason({ becameMaster, lastTransition }: VrrpInstance): number | undefined {
  if (becameMaster === 0n) return 0;
  if (lastTransition?.to !== VrrpStateName.VRRP_STATE_NAME_MASTER) return undefined;
  return NEW_MASTER_REASONS.get(lastTransition.cause?.code ?? '');
}

function statisticCells(instance: VrrpInstance): Record<number, SnmpValue | undefined> {
  const reason = newMasterReason(instance);
  const clean = PROTOCOL_ERRORS.every((error) => dropsOf(instance, error) === 0n);
  return {
    1: counter32(instance.becameMaster),
    2: reason === undefined ? undefined : integer(reason),
    3: counter64(instance.advertsReceived),
    4: counter64(dropsOf(instance, 'interval')),
    5: counter64(dropsOf(instance, 'ttl')),
    // Which error was the last is not known once there was one.
    6: clean ? integer(0) : undefined,
    7: counter64(instance.priorityZeroReceived),
    8: counter64(instance.priorityZeroSent),
    9: counter64(dropsOf(instance, 'type')),
    10: counter64(dropsOf(instance, 'address-list')),
    11: counter64(dropsOf(instance, 'length')),
    12: NEVER,
    13: gauge32(REFRESH_MS),
  };
}
