import * as Global from '../../../shared/config/globals/vrrp.js';
import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { formatIpAddress, type IpAddress, isLinkLocal } from '../../../shared/net/address.js';
import { centiseconds, type Micros, seconds } from '../../../shared/time/duration.js';
import { AUTH_HMAC, AUTHENTICATION } from '../keywords/authentication.js';
import * as E from '../keywords/election.js';
import * as K from '../keywords/instance.js';
import { VIRTUAL_ROUTE_OPTIONS } from '../keywords/route.js';
import { VIRTUAL_RULE_OPTIONS } from '../keywords/rule.js';
import { TRACK_INTERFACE } from '../keywords/tracking.js';
import * as U from '../keywords/unicast.js';
import { PROMOTE_SECONDARIES } from '../keywords/virtualLink.js';
import type { GarpConfig, InstanceConfig, TrackInterface, UnicastConfig, VirtualAddress } from '../model.js';
import { readAuthentication } from './authentication.js';
import { readElection, readReceiveBuffer } from './election.js';
import { dropsTraffic } from './firewall.js';
import { readGarp } from './garp.js';
import { readHmac } from './hmac.js';
import { readNotify } from './notify.js';
import type { RoutingReader } from './routing.js';
import { withStrictRules } from './strict.js';
import { readTrackers, type Trackable, trackersOfOwner } from './trackers.js';
import { readTrackInterfaces } from './trackInterface.js';
import { familyOfPeers, readUnicast } from './unicast.js';
import { readVirtualAddress } from './virtualAddress.js';

/** RFC 9568 6.1: the address owner. */
const PRIORITY_OWNER = 255;
const PRIORITY_DEFAULT = 100;
/** RFC 3768 5.3.5: the count of addresses is one byte. */
const MAXIMUM_ADVERTISED = 255;
/** RFC 9568 5.2.7: twelve bits of centiseconds. */
const MAXIMUM_V3_CENTISECONDS = 4095;

/** What instances take from `global_defs`. */
export interface InstanceDefaults {
  readonly globals: Block;
  readonly garp: GarpConfig;
  readonly version: 2 | 3;
  readonly multicastGroup4: IpAddress;
  readonly multicastGroup6: IpAddress;
  readonly trackable: Trackable;
  /** `default_interface`: of addresses of instances without interface. */
  readonly defaultInterface: string;
  readonly routing: RoutingReader;
}

/** Gives meaning to one `vrrp_instance`; undefined when it has errors, which are reported. */
export function readInstance(
  found: Occurrence,
  name: string,
  defaults: InstanceDefaults,
  report: Reporter,
): InstanceConfig | undefined {
  const { block, keyword } = found;
  const vrid = required(block.last(K.VIRTUAL_ROUTER_ID), 'virtual_router_id', name, keyword, report);
  const addresses = readAddresses(block, name, keyword, report);
  const family = addresses.family ?? familyOfPeers(block) ?? 4;
  const checkSource = defaults.globals.has(Global.VRRP_CHECK_UNICAST_SRC);
  const unicast = readUnicast(block, { name, keyword, family, checkSource }, report);
  const source = readSource(block, family, unicast !== undefined, report);
  const place = readPlace(block, name, keyword, { unicast, source }, report);
  const version = readVersion(block, name, family, defaults, report);
  const state = block.last(K.STATE)?.values[0] === 'MASTER' ? 'master' : 'backup';
  const priority = readPriority(block, name, state, report);
  const { preempt, preemptDelay } = readPreemption(block, name, state, priority, report);
  const advertInterval = readAdvertInterval(block, name, version, report);
  const auth = readAuthentication(block.last(AUTHENTICATION), name, version, report);
  const authentication = block.last(AUTHENTICATION)?.keyword;
  const hmac = readHmac(block.last(AUTH_HMAC), { name, advertInterval, authentication }, report);
  const multicastGroup = readGroup(block, family, defaults, report);
  const trackInterfaces = readTracked(block, name, place?.interface, priority, report);
  const trackers = trackersOfOwner(name, priority, readTrackers(block, defaults.trackable, report), report);
  const garp = readGarp(block, defaults.garp, report);
  const notify = readNotify(block, defaults.globals, report);
  const strict = isStrict(block, defaults.globals);
  const election = readElection(block, defaults.globals, { name, preempt, strict }, report);
  const receiveBuffer = readReceiveBuffer(block, defaults.globals);
  const routes = defaults.routing.routes(block.lines(K.VIRTUAL_ROUTES), VIRTUAL_ROUTE_OPTIONS, report);
  const rules = defaults.routing.rules(block.lines(K.VIRTUAL_RULES), VIRTUAL_RULE_OPTIONS, report);
  if (place === undefined || vrid === undefined) return undefined;
  const onDefault = (vips: readonly VirtualAddress[]): readonly VirtualAddress[] =>
    place.interface === '' ? vips.map((vip) => ({ dev: defaults.defaultInterface, ...vip })) : vips;
  const instance: InstanceConfig = {
    name,
    position: report.position(keyword),
    ...place,
    vrid,
    family,
    version,
    initialState: state,
    priority,
    advertInterval,
    preempt,
    preemptDelay,
    auth,
    ...(hmac === undefined ? {} : { hmac }),
    election,
    skipAddressCheck:
      block.last(E.SKIP_CHECK_ADV_ADDR)?.values[0] ??
      defaults.globals.last(Global.VRRP_SKIP_CHECK_ADV_ADDR)?.values[0] ??
      false,
    strict,
    checksumV3: readChecksum(block, defaults.globals),
    vips: onDefault(addresses.advertised),
    excludedVips: onDefault(addresses.excluded),
    routes,
    rules,
    promoteSecondaries: block.has(PROMOTE_SECONDARIES),
    trackInterfaces,
    trackers,
    trackPrimary: !block.has(K.DONT_TRACK_PRIMARY),
    ...(source === undefined ? {} : { sourceAddress: source }),
    trackSource: readTrackSource(block, name, source, report),
    multicastGroup,
    ...(unicast === undefined ? {} : { unicast }),
    ...(receiveBuffer === undefined ? {} : { receiveBuffer }),
    garp,
    notify,
    debug: (block.last(K.DEBUG)?.values[0] ?? (block.has(K.DEBUG) ? 1 : 0)) > 0,
    ...(dropsTraffic(block, { name, priority, version, strict }, report) ? { dropTraffic: true as const } : {}),
  };
  return strict ? withStrictRules(instance, block, keyword, report) : instance;
}

const isStrict = (block: Block, globals: Block): boolean =>
  block.last(E.STRICT_MODE)?.values[0] ?? globals.last(Global.VRRP_STRICT)?.values[0] ?? false;

function readChecksum(block: Block, globals: Block): InstanceConfig['checksumV3'] {
  const messageOnly =
    block.last(E.V3_CHECKSUM_AS_V2)?.values[0] ?? globals.last(Global.V3_CHECKSUM_AS_V2)?.values[0] ?? false;
  return messageOnly ? 'message' : 'pseudo-header';
}

function readTrackSource(block: Block, name: string, source: IpAddress | undefined, report: Reporter): boolean {
  const found = block.last(U.TRACK_SRC_IP);
  if (found === undefined || source !== undefined) return found !== undefined;
  const message = `${name}: track_src_ip without mcast_src_ip or unicast_src_ip tracks nothing and is ignored`;
  report.warning(found.keyword, 'ignored', message, 'add the source address or remove it');
  return false;
}

/** Where an instance runs: its interface, or none and perhaps a VRF, which only unicast can do with. */
function readPlace(
  block: Block,
  name: string,
  keyword: Word,
  how: { readonly unicast: UnicastConfig | undefined; readonly source: IpAddress | undefined },
  report: Reporter,
): Pick<InstanceConfig, 'interface' | 'vrf'> | undefined {
  const found = block.last(K.INTERFACE);
  const vrf = block.last(U.VRF);
  if (found !== undefined || how.unicast === undefined) {
    if (vrf !== undefined) {
      const message = `${name}: vrf is for unicast instances without interface and is ignored`;
      report.warning(vrf.keyword, 'ignored', message, 'the interface says in which VRF it is');
    }
    const own = required(found, 'interface', name, keyword, report);
    return own === undefined ? undefined : { interface: own };
  }
  if (how.source === undefined) {
    const message = `${name}: without interface nothing says which address to send from`;
    report.error(keyword, 'missing-keyword', message, "add 'unicast_src_ip', or 'interface'");
  }
  return { interface: '', ...(vrf === undefined ? {} : { vrf: vrf.values[0] }) };
}

function required<T>(
  found: { readonly values: readonly [T] } | undefined,
  what: string,
  name: string,
  place: Word,
  report: Reporter,
): T | undefined {
  if (found === undefined) {
    report.error(place, 'missing-keyword', `vrrp_instance ${name} has no valid ${what}`, `add '${what}' to it`);
  }
  return found?.values[0];
}

interface Addresses {
  /** Undefined: there are none. */
  readonly family: 4 | 6 | undefined;
  readonly advertised: readonly VirtualAddress[];
  readonly excluded: readonly VirtualAddress[];
}

function readAddresses(block: Block, name: string, keyword: Word, report: Reporter): Addresses {
  const advertised: VirtualAddress[] = [];
  const excluded: VirtualAddress[] = [];
  const seen = new Set<string>();
  const native = block.has(K.NATIVE_IPV6);
  let family: 4 | 6 | undefined = native ? 6 : undefined;
  for (const statement of block.lines(K.VIRTUAL_IPADDRESS)) {
    const address = readVirtualAddress(statement, report);
    if (address === undefined) continue;
    family ??= address.address.family;
    if (address.address.family !== family) {
      const message = `${name}: ${formatIpAddress(address.address)} is not IPv${family} like ${native ? 'native_ipv6 says' : 'the first address'}`;
      const hint = 'put addresses of the other family into virtual_ipaddress_excluded';
      report.error(statement.words[0], 'mixed-families', message, hint);
      continue;
    }
    warnOfRepetition(address, seen, statement.words[0], report);
    advertised.push(address);
  }
  for (const statement of block.lines(K.VIRTUAL_IPADDRESS_EXCLUDED)) {
    const address = readVirtualAddress(statement, report);
    if (address === undefined) continue;
    warnOfRepetition(address, seen, statement.words[0], report);
    excluded.push(address);
  }
  if (advertised.length === 0 && !block.has(E.NO_VIRTUAL_IPADDRESS)) {
    report.warning(keyword, 'no-addresses', `vrrp_instance ${name} has no virtual_ipaddress`);
  }
  if (advertised.length > MAXIMUM_ADVERTISED) {
    const message = `${name}: an advertisement holds ${MAXIMUM_ADVERTISED} addresses; the others are excluded from it`;
    report.warning(keyword, 'too-many-addresses', message, 'move them to virtual_ipaddress_excluded');
    excluded.unshift(...advertised.splice(MAXIMUM_ADVERTISED));
  }
  return { family, advertised, excluded };
}

/** A repeated address stays in the list: peers count the addresses of an advertisement. */
function warnOfRepetition(address: VirtualAddress, seen: Set<string>, word: Word | undefined, report: Reporter): void {
  const text = formatIpAddress(address.address);
  const key = `${text} ${address.dev ?? ''}`;
  if (seen.has(key)) report.warning(word, 'repeated-address', `${text} stands here a second time`);
  seen.add(key);
}

function readVersion(block: Block, name: string, family: 4 | 6, defaults: InstanceDefaults, report: Reporter): 2 | 3 {
  const found = block.last(K.VERSION);
  const version = found === undefined ? defaults.version : found.values[0] === '3' ? 3 : 2;
  if (family === 4 || version === 3) return version;
  if (found !== undefined) {
    const message = `${name}: IPv6 needs VRRP version 3, which is used`;
    report.warning(found.keyword, 'version-ignored', message, "write 'version 3' or remove the line");
  }
  return 3;
}

/** The later of `mcast_src_ip` and `unicast_src_ip` counts: in keepalived they are one. */
function readSource(block: Block, family: 4 | 6, unicast: boolean, report: Reporter): IpAddress | undefined {
  const multicastSource = block.last(K.MCAST_SRC_IP);
  const unicastSource = block.last(U.UNICAST_SRC_IP);
  const found =
    multicastSource !== undefined && unicastSource !== undefined
      ? standsAfter(multicastSource.keyword, unicastSource.keyword)
        ? multicastSource
        : unicastSource
      : (multicastSource ?? unicastSource);
  if (found === undefined) return undefined;
  const [source] = found.values;
  const word = found.statement.words[1] ?? found.keyword;
  if (source.family !== family) {
    const message = `${found.keyword.text} ${formatIpAddress(source)} is not IPv${family} like the virtual addresses`;
    report.error(word, 'mixed-families', message);
    return undefined;
  }
  // RFC 9568 5.1.2.1: the source is the link-local address; peers compare it, and a multicast one with another is not followed.
  if (family === 6 && !unicast && !isLinkLocal(source)) {
    const message = `${found.keyword.text} ${formatIpAddress(source)} is not link-local, as IPv6 multicast advertisements demand`;
    report.warning(word, 'not-link-local', message, 'write an address of fe80::/10 that the interface has');
  }
  return source;
}

function readGroup(block: Block, family: 4 | 6, defaults: InstanceDefaults, report: Reporter): IpAddress {
  const standard = family === 4 ? defaults.multicastGroup4 : defaults.multicastGroup6;
  const found = block.last(K.MCAST_DST_IP);
  if (found === undefined) return standard;
  const [group] = found.values;
  const word = found.statement.words[1] ?? found.keyword;
  if (group.family !== family) {
    const message = `mcast_dst_ip ${formatIpAddress(group)} is not IPv${family} like the virtual addresses`;
    report.error(word, 'mixed-families', message);
    return standard;
  }
  // keepalived.conf(5): "must be link-local, i.e. start ffX2:".
  if (family === 6 && ((group.bytes[1] ?? 0) & 0x0f) !== 2) {
    report.error(word, 'bad-address', `mcast_dst_ip ${formatIpAddress(group)} is not link-local (ffX2::)`);
    return standard;
  }
  return group;
}

function readPriority(block: Block, name: string, state: 'master' | 'backup', report: Reporter): number {
  const priority = block.last(K.PRIORITY)?.values[0];
  if (priority !== undefined) return priority;
  if (state === 'backup') return PRIORITY_DEFAULT;
  const place = block.last(K.STATE)?.keyword;
  const message = `${name}: state MASTER without priority means ${PRIORITY_OWNER}, owner of the addresses, as in keepalived`;
  report.warning(place, 'owner-by-default', message, `add 'priority ${PRIORITY_DEFAULT}' if that is not meant`);
  return PRIORITY_OWNER;
}

function readPreemption(
  block: Block,
  name: string,
  state: 'master' | 'backup',
  priority: number,
  report: Reporter,
): { readonly preempt: boolean; readonly preemptDelay: Micros } {
  const found = block.last(K.NOPREEMPT);
  const delay = block.last(K.PREEMPT_DELAY);
  const reason = priority === PRIORITY_OWNER ? `priority ${PRIORITY_OWNER}` : 'state MASTER';
  const impossible = state === 'master' || priority === PRIORITY_OWNER;
  const preempt = found === undefined || impossible || standsAfter(block.last(K.PREEMPT)?.keyword, found.keyword);
  if (found !== undefined && impossible) {
    const hint = state === 'master' ? 'write state BACKUP on both routers' : undefined;
    report.warning(found.keyword, 'ignored', `${name}: nopreempt does not work with ${reason} and is ignored`, hint);
  }
  if (delay === undefined || delay.values[0] === 0) return { preempt, preemptDelay: seconds(0) };
  if (impossible) {
    report.warning(delay.keyword, 'ignored', `${name}: preempt_delay does not work with ${reason} and is ignored`);
  } else if (!preempt) {
    report.warning(delay.keyword, 'ignored', `${name}: preempt_delay does not work with nopreempt and is ignored`);
  } else {
    return { preempt, preemptDelay: delay.values[0] };
  }
  return { preempt, preemptDelay: seconds(0) };
}

/** The later of `preempt` and `nopreempt` counts. */
const standsAfter = (word: Word | undefined, other: Word): boolean =>
  word !== undefined && (word.line > other.line || (word.line === other.line && word.column > other.column));

function readAdvertInterval(block: Block, name: string, version: 2 | 3, report: Reporter): Micros {
  const found = block.last(K.ADVERT_INT);
  if (found === undefined) return seconds(1);
  const [wanted] = found.values;
  const word = found.statement.words[1] ?? found.keyword;
  if (version === 2) {
    // RFC 3768 5.3.7: whole seconds in one byte.
    const whole = Math.max(1, Math.round(wanted));
    if (whole !== wanted) {
      const message = `${name}: advert_int is whole seconds in VRRP version 2; ${wanted} is taken as ${whole}`;
      report.warning(word, 'rounded', message, 'use version 3 for fractions');
    }
    return seconds(whole);
  }
  const hundredths = Math.max(1, Math.round(Math.round(wanted * 1e6) / 1e4));
  if (hundredths > MAXIMUM_V3_CENTISECONDS) {
    const message = `${name}: advert_int is at most 40.95 s in VRRP version 3; ${wanted} is taken as 40.95`;
    report.warning(word, 'rounded', message);
    return centiseconds(MAXIMUM_V3_CENTISECONDS);
  }
  if (seconds(wanted) !== centiseconds(hundredths)) {
    const message = `${name}: advert_int is hundredths of a second; ${wanted} is taken as ${hundredths / 100}`;
    report.warning(word, 'rounded', message);
  }
  return centiseconds(hundredths);
}

function readTracked(
  block: Block,
  name: string,
  own: string | undefined,
  priority: number,
  report: Reporter,
): readonly TrackInterface[] {
  const lines = block.lines(TRACK_INTERFACE);
  const kept: TrackInterface[] = [];
  const words = new Map(lines.flatMap(({ words: [first] }) => (first === undefined ? [] : [[first.text, first]])));
  for (const tracked of readTrackInterfaces(lines, report)) {
    const place = words.get(tracked.interface);
    if (tracked.interface === own) {
      const message = `${name}: track_interface ${own} is ignored, since it is the interface of the instance`;
      const hint = block.has(K.DONT_TRACK_PRIMARY)
        ? 'remove dont_track_primary to track it'
        : 'the own interface is tracked anyway';
      report.warning(place, 'ignored', message, hint);
    } else if (tracked.weight !== 0 && priority === PRIORITY_OWNER) {
      const message = `${name}: the weight of ${tracked.interface} cannot move priority ${PRIORITY_OWNER}; it is not tracked`;
      report.warning(place, 'ignored', message);
    } else {
      kept.push(tracked);
    }
  }
  return kept;
}
