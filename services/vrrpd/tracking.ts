/** What an instance's surroundings mean for it: its effective priority with its terms, and why it may not take part. */
import { formatIpAddress } from '../shared/net/address.js';
import type { InstanceConfig, TrackerKind, TrackInterface, TrackLine } from './config/model.js';
import type { FaultReason } from './fsm/events.js';
import { PRIORITY_OWNER } from './packet/advertisement.js';
import type { InstanceOrders } from './steering.js';
import type { Condition, Reading } from './track/reading.js';
import { weigh as weighReading } from './track/weigh.js';

/** What is known of an interface. */
export interface InterfaceStatus {
  readonly exists: boolean;
  /** It can carry packets. */
  readonly up: boolean;
  /** Since when it is so, where that was seen. */
  readonly since?: Date;
}

/** What the instance's world looks like. */
export interface Surroundings {
  interfaceStatus(name: string): InterfaceStatus;
  /** What is wrong with the interfaces made for it. */
  readonly interfaceFaults: readonly FaultReason[];
  /** There is an address to send from. */
  readonly hasSourceAddress: boolean;
  /** The configured address to send from is on this machine, or need not be. */
  readonly ownsSourceAddress: boolean;
  /** What the sync group tracks for all its members. */
  readonly groupTracks: readonly TrackInterface[];
  /** Faults of routes, rules and addresses on other interfaces. */
  readonly kernelFaults: readonly FaultReason[];
  readonly groupTrackers: readonly TrackLine[];
  /** What an operator wants of the instance for a while. */
  readonly orders: InstanceOrders;
  /** What is known of a script, file, process or BFD session. */
  reading(kind: TrackerKind, name: string): Reading | undefined;
}

/** One term of the effective priority. */
export interface PriorityTerm {
  /** `configured`, `interface eth1 up`, … */
  readonly reason: string;
  readonly value: number;
  /** Since when the tracker is as it is. */
  readonly since?: Date;
}

/** One tracker as an instance sees it. */
export interface TrackerStatus {
  readonly kind: 'interface' | TrackerKind;
  readonly name: string;
  readonly up: boolean;
  readonly condition: Condition;
  readonly weight: number;
  readonly reverse: boolean;
  readonly detail: string;
  readonly since?: Date;
}

/** Where an instance stands. */
export interface Standing {
  /** 1..254, or 255 for the owner. */
  readonly effectivePriority: number;
  readonly terms: readonly PriorityTerm[];
  /** Empty: it takes part. */
  readonly faults: readonly FaultReason[];
  /** Why an instance that has not begun waits, and one in FAULT stays there; no reason to leave another state. */
  readonly waits: readonly FaultReason[];
  readonly trackers: readonly TrackerStatus[];
}

const PRIORITY_MIN = 1;
const PRIORITY_MAX = 254;

/** Adds up priority and faults as keepalived does. */
export function assess(config: InstanceConfig, surroundings: Surroundings): Standing {
  const terms: PriorityTerm[] = [{ reason: 'configured', value: config.priority }];
  const { priority: ordered, standDown } = surroundings.orders;
  if (ordered !== undefined) terms.push(orderTerm(ordered, ordered.value - config.priority));
  const faults: FaultReason[] = ownInterfaceFaults(config, surroundings);
  faults.push(...surroundings.kernelFaults);
  const sum: Sum = { terms, faults, waits: [], trackers: [] };
  for (const track of [...config.trackInterfaces, ...surroundings.groupTracks])
    weighInterface(track, surroundings, sum);
  for (const line of [...config.trackers, ...surroundings.groupTrackers]) weighTracker(line, surroundings, sum);
  if (standDown !== undefined) terms.push(orderTerm(standDown, PRIORITY_MIN - total(terms)));
  return { effectivePriority: effectivePriority(config.priority, terms), ...sum };
}

const orderTerm = ({ text, since }: { readonly text: string; readonly since?: Date }, value: number): PriorityTerm => ({
  reason: text,
  value,
  ...(since === undefined ? {} : { since }),
});

/** What is added up. */
interface Sum {
  readonly terms: PriorityTerm[];
  readonly faults: FaultReason[];
  readonly waits: FaultReason[];
  readonly trackers: TrackerStatus[];
}

function weighTracker(line: TrackLine, surroundings: Surroundings, sum: Sum): void {
  const { kind, name, weight, reverse } = line;
  const reading = surroundings.reading(kind, name);
  const { adds, fault, wait } = weighReading(line, reading);
  const condition = reading?.condition ?? 'pending';
  const detail = reading?.detail ?? 'no result yet';
  const since = reading === undefined ? {} : { since: reading.since };
  sum.trackers.push({ kind, name, up: condition === 'good', condition, weight, reverse, detail, ...since });
  if (adds !== undefined) sum.terms.push({ reason: `${kind} ${name}: ${detail}`, value: adds, ...since });
  if (fault !== undefined) sum.faults.push(fault);
  if (wait !== undefined) sum.waits.push(wait);
}

/** The fault of an instance whose configured source address is missing. */
export const SOURCE_MISSING = 'source-missing';

/** The device an instance's socket is bound to: its interface, its VRF, or none (empty). */
export const socketDevice = ({ interface: own, vrf }: InstanceConfig): string => (own === '' ? (vrf ?? '') : own);

function ownInterfaceFaults(config: InstanceConfig, surroundings: Surroundings): FaultReason[] {
  const faults: FaultReason[] = [];
  const device = socketDevice(config);
  if (device !== '') {
    const status = surroundings.interfaceStatus(device);
    if (!status.exists) return [{ code: 'interface-missing', text: `interface ${device} does not exist` }];
    if (!status.up && config.trackPrimary) {
      faults.push({ code: 'interface-down', text: `interface ${device} is down` });
    }
  }
  if (config.unicast?.peers.length === 0) {
    faults.push({ code: 'no-peers', text: 'there are no unicast peers (unicast_fault_no_peer)' });
  }
  const { sourceAddress } = config;
  if (sourceAddress !== undefined && !surroundings.ownsSourceAddress) {
    const text = `the source address ${formatIpAddress(sourceAddress)} is not on this machine, or not ready yet`;
    faults.push({ code: SOURCE_MISSING, text });
  }
  if (!surroundings.hasSourceAddress) {
    const family = config.family === 4 ? 'IPv4' : config.unicast === undefined ? 'link-local IPv6' : 'IPv6';
    faults.push({ code: 'no-address', text: `interface ${config.interface} has no ${family} address to send from` });
  }
  faults.push(...surroundings.interfaceFaults);
  return faults;
}

/** One tracked interface: weight 0 decides between taking part and FAULT, any other weight moves the priority. */
function weighInterface(track: TrackInterface, surroundings: Surroundings, sum: Sum): void {
  const { interface: name, weight, reverse } = track;
  const status = surroundings.interfaceStatus(name);
  const detail = !status.exists ? 'missing' : status.up ? 'up' : 'down';
  const up = detail === 'up';
  const since = status.since === undefined ? {} : { since: status.since };
  const condition = up ? 'good' : 'bad';
  sum.trackers.push({ kind: 'interface', name, up, condition, weight, reverse, detail, ...since });
  if (weight === 0) {
    if (up === reverse) sum.faults.push({ code: 'tracked-interface', text: `tracked interface ${name} is ${detail}` });
    return;
  }
  const value = trackedValue(track, up);
  if (value !== 0) sum.terms.push({ reason: `interface ${name} ${detail}`, value, ...since });
}

/** A positive weight rewards an interface that is up, a negative one punishes one that is down; `reverse` turns the sign. */
function trackedValue(track: TrackInterface, up: boolean): number {
  const counts = track.weight > 0 ? up : !up;
  if (!counts) return 0;
  return track.reverse ? -track.weight : track.weight;
}

function effectivePriority(base: number, terms: readonly PriorityTerm[]): number {
  // The owner's priority is not for trackers or orders to change, and none of them makes an owner.
  if (base === PRIORITY_OWNER) return PRIORITY_OWNER;
  return Math.min(PRIORITY_MAX, Math.max(PRIORITY_MIN, total(terms)));
}

const total = (terms: readonly PriorityTerm[]): number => terms.reduce((sum, { value }) => sum + value, 0);

/** The terms of a priority in one line: `configured 110, script chk: exit 1 -30`. */
export const termsText = (terms: readonly PriorityTerm[]): string =>
  terms.map(({ reason, value }, index) => `${reason} ${index > 0 && value > 0 ? '+' : ''}${value}`).join(', ');
