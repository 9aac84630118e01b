/** VRRP-MIB of RFC 2787: the instances of VRRP version 2. Pure. */

import { parseIpAddress } from '../../shared/net/address.js';
import type { VrrpInstance } from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { parseOid } from '../agentx/oid.js';
import { counter32, integer, octets, type SnmpValue, truth, type Varbind } from '../agentx/value.js';
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

export const VRRP_MIB = parseOid('1.3.6.1.2.1.68');
const OPERATIONS = [...VRRP_MIB, 1];
const STATISTICS = [...VRRP_MIB, 2];
export const OPER_ENTRY = [...OPERATIONS, 3, 1];
export const OPER_MASTER_ADDRESS = 7;

/** noAuthentication(1), simpleTextPassword(2), ipAuthenticationHeader(3) */
const AUTH_TYPES: ReadonlyMap<string, number> = new Map([
  ['PASS', 2],
  ['AH', 3],
]);
/** RowStatus of SNMPv2-TC. */
const ACTIVE = integer(1);
const ZERO_ADDRESS = Uint8Array.of(0, 0, 0, 0);

/** IPv4 instances of version 2. */
export const isRfc2787 = ({ version, family }: VrrpInstance): boolean => version === 2 && family === 4;

export function rfc2787Objects({ status, settings, machine }: Served, { instances }: VrrpNumbers): Varbind[] {
  const rows = rfcRows(instances, machine, isRfc2787);
  return [
    ...scalars(OPERATIONS, { 1: integer(2), 2: truth(settings.traps) }),
    ...table(
      OPER_ENTRY,
      rows.map((row) => ({ index: row.index, cells: operationCells(row, machine) })),
    ),
    ...table([...OPERATIONS, 4, 1], rows.flatMap(addressRows)),
    ...scalars(STATISTICS, {
      1: counter32(allDrops(status.vrrp, 'checksum')),
      2: counter32(allDrops(status.vrrp, 'version')),
      3: counter32(allDrops(status.vrrp, 'vrid')),
    }),
    ...table(
      [...STATISTICS, 4, 1],
      rows.map(({ index, instance }) => ({ index, cells: statisticCells(instance) })),
    ),
  ];
}

function operationCells(row: RfcRow, machine: Machine): Record<number, SnmpValue | undefined> {
  const { instance, block } = row;
  const authType = block.block('authentication').word('auth_type') ?? '';
  const primary = primaryAddress(row, machine);
  return {
    2: announcedMac(row, machine),
    3: rfcState(instance),
    4: ACTIVE,
    5: integer(instance.basePriority),
    6: integer(Math.min(advertised(instance).length, 255)),
    7: ipAddress(parseIpAddress(instance.masterAddress)?.bytes ?? ZERO_ADDRESS),
    8: ipAddress(primary?.bytes ?? ZERO_ADDRESS),
    9: integer(AUTH_TYPES.get(authType) ?? 1),
    // Never told, says the RFC.
    10: octets(new Uint8Array()),
    11: integer(Math.round(instance.advertIntervalMs / 1000)),
    12: truth(instance.preempt),
    14: integer(1),
    15: ACTIVE,
  };
}

const addressRows = ({ instance, index }: RfcRow) =>
  advertised(instance).flatMap(({ address }) => {
    const bytes = parseIpAddress(address.replace(/\/.*$/, ''))?.bytes;
    return bytes?.length === 4 ? [{ index: [...index, ...bytes], cells: { 2: ACTIVE } }] : [];
  });

const statisticCells = (instance: VrrpInstance): Record<number, SnmpValue> => ({
  1: counter32(instance.becameMaster),
  2: counter32(instance.advertsReceived),
  3: counter32(dropsOf(instance, 'interval')),
  4: counter32(dropsOf(instance, 'auth-data')),
  5: counter32(dropsOf(instance, 'ttl')),
  6: counter32(instance.priorityZeroReceived),
  7: counter32(instance.priorityZeroSent),
  8: counter32(dropsOf(instance, 'type')),
  9: counter32(dropsOf(instance, 'address-list')),
  10: counter32(0n),
  11: counter32(dropsOf(instance, 'auth-type')),
  12: counter32(dropsOf(instance, 'length')),
});

const ipAddress = (value: Uint8Array): SnmpValue => ({ type: 'ipAddress', value });
