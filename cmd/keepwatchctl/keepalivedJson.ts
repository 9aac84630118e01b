/**
 * VRRP instances in the form of keepalived's JSON dump (keepalived 2.2.7 on its JSON signal, read off its output): what
 * exporters and scripts read of it. What is only configuration is in `keepwatchctl config show --json`. Pure.
 */
import type { SuiteStatus } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { type VrrpInstance, VrrpStateName } from '../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';

/** keepalived's numbers of states. */
const STATES: ReadonlyMap<VrrpStateName, number> = new Map([
  [VrrpStateName.VRRP_STATE_NAME_INIT, 0],
  [VrrpStateName.VRRP_STATE_NAME_BACKUP, 1],
  [VrrpStateName.VRRP_STATE_NAME_MASTER, 2],
  [VrrpStateName.VRRP_STATE_NAME_FAULT, 3],
]);

/** One element of keepalived's list. */
interface KeepalivedInstance {
  readonly data: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly stats: Readonly<Record<string, number>>;
}

/** The instances whose state is known now: one that is not would have to be told with a state it may not have. */
export const keepalivedJson = ({ vrrp }: Pick<SuiteStatus, 'vrrp'>): KeepalivedInstance[] =>
  (vrrp?.instances ?? []).flatMap((instance) => {
    const state = STATES.get(instance.state);
    return state === undefined ? [] : [{ data: dataOf(instance, state), stats: statsOf(instance) }];
  });

function dataOf(instance: VrrpInstance, state: number): KeepalivedInstance['data'] {
  const interval = instance.advertIntervalMs / 1000;
  const addresses = (excluded: boolean): string[] =>
    instance.addresses
      .filter((one) => one.excluded === excluded)
      .map((one) => `${withoutHostPrefix(one.address)} dev ${one.interface}${one.present ? ' set' : ''}`);
  return {
    iname: instance.name,
    ifp_ifname: instance.interface,
    master_priority: instance.masterPriority,
    last_transition: (instance.lastTransition?.at?.getTime() ?? 0) / 1000,
    vrid: instance.vrid,
    base_priority: instance.basePriority,
    effective_priority: instance.effectivePriority,
    vipset: instance.addresses.some(({ present }) => present),
    adver_int: interval,
    master_adver_int: interval,
    nopreempt: !instance.preempt,
    state,
    wantstate: STATES.get(instance.wantedState) ?? 1,
    version: instance.version,
    vips: addresses(false),
    evips: addresses(true),
  };
}

/** keepalived leaves the prefix length of a single host out. */
const withoutHostPrefix = (address: string): string => address.replace(address.includes(':') ? /\/128$/ : /\/32$/, '');

function statsOf(instance: VrrpInstance): KeepalivedInstance['stats'] {
  const dropped = (reason: string): number => Number(instance.drops.find((one) => one.reason === reason)?.count ?? 0n);
  return {
    advert_rcvd: Number(instance.advertsReceived),
    advert_sent: Number(instance.advertsSent),
    become_master: Number(instance.becameMaster),
    release_master: Number(instance.releasedMaster),
    packet_len_err: dropped('length'),
    advert_interval_err: dropped('interval'),
    ip_ttl_err: dropped('ttl'),
    invalid_type_rcvd: dropped('type'),
    addr_list_err: dropped('address-list'),
    invalid_authtype: 0,
    authtype_mismatch: dropped('auth-type'),
    auth_failure: dropped('auth-data'),
    pri_zero_rcvd: Number(instance.priorityZeroReceived),
    pri_zero_sent: Number(instance.priorityZeroSent),
  };
}
