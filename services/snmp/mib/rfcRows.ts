/** What the MIBs of RFC 2787 and RFC 6527 have in common: rows by interface and VRID, states, counters. Pure. */

import { type IpAddress, parseIpAddress } from '../../shared/net/address.js';
import {
  type VrrpInstance,
  type VrrpState,
  VrrpStateName,
  type VrrpVirtualAddress,
} from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import type { Oid } from '../agentx/oid.js';
import { integer, octets, type SnmpValue } from '../agentx/value.js';
import type { ConfigBlock } from '../configBlock.js';
import type { Machine } from './served.js';
import type { Numbered } from './vrrpNumbers.js';

/** An instance on an interface that is there. */
export interface RfcRow {
  readonly instance: VrrpInstance;
  readonly block: ConfigBlock;
  /** ifIndex and VRID. */
  readonly index: Oid;
}

export const rfcRows = (
  instances: readonly Numbered<VrrpInstance>[],
  machine: Machine,
  wanted: (instance: VrrpInstance) => boolean,
): RfcRow[] =>
  instances.flatMap(({ item, block }) => {
    const index = machine.interfaceIndex(item.interface);
    return index === undefined || !wanted(item) ? [] : [{ instance: item, block, index: [index, item.vrid] }];
  });

/** initialize(1), backup(2), master(3); absent while nobody knows. The RFCs have no FAULT: it is not taking part. */
export function rfcState({ state }: VrrpInstance): SnmpValue | undefined {
  switch (state) {
    case VrrpStateName.VRRP_STATE_NAME_MASTER:
      return integer(3);
    case VrrpStateName.VRRP_STATE_NAME_BACKUP:
      return integer(2);
    case VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED:
    case VrrpStateName.UNRECOGNIZED:
      return undefined;
    default:
      return integer(1);
  }
}

/**
 * The MAC that the virtual addresses are announced with: RFC 9568, 7.3 (00-00-5E-00-01-VRID, with 02 for IPv6) with
 * `use_vmac`, else that of the interface.
 */
export function announcedMac({ instance, block }: RfcRow, machine: Machine): SnmpValue | undefined {
  const { vrid, family, interface: on } = instance;
  if (block.has('use_vmac')) return octets(Uint8Array.of(0, 0, 0x5e, 0, family === 4 ? 1 : 2, vrid));
  const mac = machine.interfaceMac(on);
  return mac === undefined ? undefined : octets(mac);
}

/** The addresses that advertisements name. */
export const advertised = ({ addresses }: VrrpInstance): readonly VrrpVirtualAddress[] =>
  addresses.filter(({ excluded }) => !excluded);

/** The address the instance advertises from: what is configured, or else the first of its interface. */
export function primaryAddress({ instance, block }: RfcRow, machine: Machine): IpAddress | undefined {
  const isMaster = instance.state === VrrpStateName.VRRP_STATE_NAME_MASTER && instance.masterAddress !== '';
  const configured = block.word('mcast_src_ip') ?? block.word('unicast_src_ip');
  const own = isMaster ? instance.masterAddress : configured;
  if (own !== undefined) return parseIpAddress(own);
  const virtual = new Set(instance.addresses.map(({ address }) => address.replace(/\/.*$/, '')));
  const [first] = machine
    .interfaceAddresses(instance.interface, instance.family === 4 ? 4 : 6)
    .filter((address) => !virtual.has(address));
  return first === undefined ? undefined : parseIpAddress(first);
}

/** How many packets of one instance were dropped for a reason. */
export const dropsOf = ({ drops }: Pick<VrrpInstance, 'drops'>, reason: string): bigint =>
  drops.filter((drop) => drop.reason === reason).reduce((sum, { count }) => sum + count, 0n);

/** The same for the whole router, with what could not be given to an instance. */
export const allDrops = (vrrp: VrrpState | undefined, reason: string): bigint =>
  [...(vrrp?.instances ?? []), ...(vrrp?.interfaceDrops ?? [])].reduce((sum, one) => sum + dropsOf(one, reason), 0n);
