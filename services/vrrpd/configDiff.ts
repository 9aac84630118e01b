/** What a new configuration changes, by instance and group name. Pure: `Plan` shows it, `apply` carries it out. */
import { formatIpAddress } from '../shared/net/address.js';
import { formatDuration } from '../shared/time/duration.js';
import type { InstanceConfig, SyncGroupConfig, TrackLine, VirtualAddress, VrrpConfig } from './config/model.js';
import { vipText } from './virtualAddress.js';

/** `restart`: cannot be changed in place, so the instance leaves and comes back. */
export type ChangeKind = 'add' | 'remove' | 'update' | 'restart' | 'same';

export interface InstanceChange {
  readonly kind: ChangeKind;
  readonly name: string;
  readonly before: InstanceConfig | undefined;
  readonly after: InstanceConfig | undefined;
  /** In words: `priority 100 -> 150`. */
  readonly details: readonly string[];
}

export interface GroupChange {
  readonly kind: ChangeKind;
  readonly name: string;
  readonly after: SyncGroupConfig | undefined;
  readonly details: readonly string[];
}

export interface ConfigDiff {
  readonly instances: readonly InstanceChange[];
  readonly groups: readonly GroupChange[];
  /** Static addresses, routes and rules that come and go, in words. */
  readonly statics: readonly string[];
}

const NOTHING: VrrpConfig['instances'] = [];

/** Compares by name; what is the same in both appears as `same`. */
export function diffConfigs(before: VrrpConfig | undefined, after: VrrpConfig): ConfigDiff {
  return {
    instances: diffByName<InstanceConfig, InstanceChange>(
      before?.instances ?? NOTHING,
      after.instances,
      instanceChange,
    ),
    groups: diffByName<SyncGroupConfig, GroupChange>(before?.groups ?? [], after.groups, groupChange),
    statics: [
      ...addressDetails('static_ipaddress', before?.statics.addresses ?? [], after.statics.addresses),
      ...lineDetails('static_routes', before?.statics.routes ?? [], after.statics.routes),
      ...lineDetails('static_rules', before?.statics.rules ?? [], after.statics.rules),
    ],
  };
}

function diffByName<Config extends { readonly name: string }, Change>(
  before: readonly Config[],
  after: readonly Config[],
  change: (name: string, old: Config | undefined, next: Config | undefined) => Change,
): Change[] {
  const old = new Map(before.map((config) => [config.name, config]));
  const names = new Set(after.map((config) => config.name));
  return [
    ...before.filter((config) => !names.has(config.name)).map((config) => change(config.name, config, undefined)),
    ...after.map((config) => change(config.name, old.get(config.name), config)),
  ];
}

function instanceChange(
  name: string,
  before: InstanceConfig | undefined,
  after: InstanceConfig | undefined,
): InstanceChange {
  if (before === undefined || after === undefined) {
    return { kind: after === undefined ? 'remove' : 'add', name, before, after, details: [] };
  }
  const details = instanceDetails(before, after);
  if (details.length === 0) return { kind: 'same', name, before, after, details };
  const identity: readonly (keyof InstanceConfig)[] = [
    'interface',
    'vrf',
    'vrid',
    'family',
    'version',
    'multicastGroup',
  ];
  const moved = identity.some((key) => !sameValue(before[key], after[key]));
  // Between multicast and unicast, and into an Authentication Header, goes another socket.
  const restart =
    moved || (before.unicast === undefined) !== (after.unicast === undefined) || hasAh(before) !== hasAh(after);
  return { kind: restart ? 'restart' : 'update', name, before, after, details };
}

const hasAh = ({ auth }: InstanceConfig): boolean => auth.type === 'ah';

/** What differs, in the words of the configuration. */
function instanceDetails(before: InstanceConfig, after: InstanceConfig): string[] {
  const details: string[] = [];
  const value = (keyword: string, old: string | number, next: string | number): void => {
    if (old !== next) details.push(`${keyword} ${old} -> ${next}`);
  };
  value('interface', before.interface, after.interface);
  value('virtual_router_id', before.vrid, after.vrid);
  value('address family', `IPv${before.family}`, `IPv${after.family}`);
  value('version', before.version, after.version);
  value('state', before.initialState.toUpperCase(), after.initialState.toUpperCase());
  value('priority', before.priority, after.priority);
  value('advert_int', formatDuration(before.advertInterval), formatDuration(after.advertInterval));
  if (before.preempt !== after.preempt) details.push(after.preempt ? 'preempt' : 'nopreempt');
  value('preempt_delay', formatDuration(before.preemptDelay), formatDuration(after.preemptDelay));
  value('multicast group', formatIpAddress(before.multicastGroup), formatIpAddress(after.multicastGroup));
  value('mcast_src_ip', sourceText(before), sourceText(after));
  details.push(...addressDetails('virtual_ipaddress', before.vips, after.vips));
  details.push(...addressDetails('virtual_ipaddress_excluded', before.excludedVips, after.excludedVips));
  details.push(...lineDetails('virtual_routes', before.routes, after.routes));
  details.push(...lineDetails('virtual_rules', before.rules, after.rules));
  value('virtual interfaces', linksText(before), linksText(after));
  if (before.dropTraffic !== after.dropTraffic) details.push(after.dropTraffic === true ? 'no_accept' : 'accept');
  value('track_interface', trackText(before), trackText(after));
  value('trackers', trackersText(before), trackersText(after));
  if (before.trackPrimary !== after.trackPrimary) {
    details.push(after.trackPrimary ? 'tracks its own interface' : 'dont_track_primary');
  }
  // A password is nobody's business.
  if (!sameValue(before.auth, after.auth)) details.push('authentication');
  if (!sameValue(before.hmac, after.hmac)) details.push('auth_hmac');
  value('unicast_peer', peersText(before), peersText(after));
  if (peersText(before) === peersText(after) && !sameValue(before.unicast, after.unicast)) {
    details.push('unicast settings');
  }
  value('down_timer_adverts', before.election.downTimerAdverts, after.election.downTimerAdverts);
  if (details.length === 0 && !sameValue(before.election, after.election)) details.push('election settings');
  if (!sameValue(before.garp, after.garp)) details.push('gratuitous ARP settings');
  if (!sameValue(before.notify, after.notify)) details.push('notify scripts or alerts');
  if (details.length === 0 && !sameValue(before, after)) details.push('other settings');
  return details;
}

const sourceText = (config: InstanceConfig): string =>
  config.sourceAddress === undefined ? 'automatic' : formatIpAddress(config.sourceAddress);

const peersText = ({ unicast }: InstanceConfig): string =>
  unicast?.peers.map(({ address }) => formatIpAddress(address)).join(' ') ?? 'none';

const linksText = ({ virtualLinks = [], transmitLink }: InstanceConfig): string =>
  virtualLinks.map(({ name, kind, base }) => `${kind} ${name} on ${base}`).join(', ') +
    (virtualLinks.length > 0 && transmitLink === undefined ? ', advertising from the base' : '') || 'none';

const trackText = (config: InstanceConfig): string =>
  config.trackInterfaces
    .map((track) => `${track.interface} weight ${track.weight}${track.reverse ? ' reverse' : ''}`)
    .join(', ') || 'none';

const trackersText = (config: { readonly trackers: readonly TrackLine[] }): string =>
  config.trackers
    .map(({ kind, name, weight, reverse }) => `${kind} ${name} weight ${weight}${reverse ? ' reverse' : ''}`)
    .join(', ') || 'none';

function addressDetails(
  keyword: string,
  before: readonly VirtualAddress[],
  after: readonly VirtualAddress[],
): string[] {
  const { added, removed } = diffAddresses(before, after);
  return [
    ...removed.map((vip) => `${keyword} - ${vipText(vip)}`),
    ...added.map((vip) => `${keyword} + ${vipText(vip)}`),
  ];
}

/** Routes or rules that only one of two lists has, as they are written. */
function lineDetails(
  keyword: string,
  before: readonly { readonly text: string }[],
  after: readonly { readonly text: string }[],
): string[] {
  const [old, next] = [before, after].map((list) => new Set(list.map(({ text }) => text)));
  return [
    ...[...(old ?? [])].filter((text) => next?.has(text) !== true).map((text) => `${keyword} - ${text}`),
    ...[...(next ?? [])].filter((text) => old?.has(text) !== true).map((text) => `${keyword} + ${text}`),
  ];
}

/** Addresses only in one of two lists; one whose options changed is in both results. */
export function diffAddresses(
  before: readonly VirtualAddress[],
  after: readonly VirtualAddress[],
): { readonly added: readonly VirtualAddress[]; readonly removed: readonly VirtualAddress[] } {
  return {
    added: after.filter((vip) => !before.some((old) => sameValue(old, vip))),
    removed: before.filter((vip) => !after.some((next) => sameValue(next, vip))),
  };
}

function groupChange(
  name: string,
  before: SyncGroupConfig | undefined,
  after: SyncGroupConfig | undefined,
): GroupChange {
  if (before === undefined || after === undefined) {
    return { kind: after === undefined ? 'remove' : 'add', name, after, details: [] };
  }
  const details: string[] = [];
  const members = (config: SyncGroupConfig): string => config.members.join(' ');
  if (members(before) !== members(after)) details.push(`members ${members(before)} -> ${members(after)}`);
  if (!sameValue(before.trackInterfaces, after.trackInterfaces)) details.push('track_interface');
  if (!sameValue(before.trackers, after.trackers)) {
    details.push(`trackers ${trackersText(before)} -> ${trackersText(after)}`);
  }
  if (!sameValue(before.notify, after.notify)) details.push('notify scripts or alerts');
  return { kind: details.length === 0 ? 'same' : 'update', name, after, details };
}

/** Equality by value. Positions do not count: moving a block down the file changes nothing. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right) || left instanceof Uint8Array || right instanceof Uint8Array) {
    const [a, b] = [left as ArrayLike<unknown>, right as ArrayLike<unknown>];
    if (a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!sameValue(a[index], b[index])) return false;
    return true;
  }
  const [a, b] = [left as Record<string, unknown>, right as Record<string, unknown>];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  keys.delete('position');
  for (const key of keys) if (!sameValue(a[key], b[key])) return false;
  return true;
}
