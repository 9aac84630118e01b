/** What an instance's surroundings mean for it: its effective priority with its terms, and why it may not take part. */
import type { InstanceConfig, TrackInterface } from './config/model.js';
import type { FaultReason } from './fsm/events.js';
import { PRIORITY_OWNER } from './packet/advertisement.js';

/** What is known of an interface. */
export interface InterfaceStatus {
  readonly exists: boolean;
  /** It can carry packets. */
  readonly up: boolean;
}

/** What the instance's world looks like. */
export interface Surroundings {
  interfaceStatus(name: string): InterfaceStatus;
  /** There is an address to send from. */
  readonly hasSourceAddress: boolean;
  /** What the sync group tracks for all its members. */
  readonly groupTracks: readonly TrackInterface[];
}

/** One term of the effective priority. */
export interface PriorityTerm {
  /** `configured`, `interface eth1 up`, … */
  readonly reason: string;
  readonly value: number;
}

export interface TrackerStatus {
  readonly name: string;
  readonly up: boolean;
  readonly weight: number;
  readonly detail: string;
}

/** Where an instance stands. */
export interface Standing {
  /** 1..254, or 255 for the owner. */
  readonly effectivePriority: number;
  readonly terms: readonly PriorityTerm[];
  /** Empty: it takes part. */
  readonly faults: readonly FaultReason[];
  readonly trackers: readonly TrackerStatus[];
}

const PRIORITY_MIN = 1;
const PRIORITY_MAX = 254;

/** Adds up priority and faults as keepalived does. */
export function assess(config: InstanceConfig, surroundings: Surroundings): Standing {
  const terms: PriorityTerm[] = [{ reason: 'configured', value: config.priority }];
  const faults: FaultReason[] = ownInterfaceFaults(config, surroundings);
  if (config.held !== undefined) faults.push({ code: 'not-built', text: config.held });
  const trackers: TrackerStatus[] = [];
  for (const track of config.trackInterfaces) {
    weigh(track, surroundings, terms, faults, trackers);
  }
  for (const track of surroundings.groupTracks) weigh(track, surroundings, terms, faults, trackers);
  return { effectivePriority: effectivePriority(config.priority, terms), terms, faults, trackers };
}

function ownInterfaceFaults(config: InstanceConfig, surroundings: Surroundings): FaultReason[] {
  const status = surroundings.interfaceStatus(config.interface);
  if (!status.exists) {
    return [{ code: 'interface-missing', text: `interface ${config.interface} does not exist` }];
  }
  const faults: FaultReason[] = [];
  if (!status.up && config.trackPrimary) {
    faults.push({ code: 'interface-down', text: `interface ${config.interface} is down` });
  }
  if (!surroundings.hasSourceAddress) {
    const family = config.family === 4 ? 'IPv4' : 'link-local IPv6';
    faults.push({ code: 'no-address', text: `interface ${config.interface} has no ${family} address to send from` });
  }
  return faults;
}

/** One tracked interface: weight 0 decides between taking part and FAULT, any other weight moves the priority. */
function weigh(
  track: TrackInterface,
  surroundings: Surroundings,
  terms: PriorityTerm[],
  faults: FaultReason[],
  trackers: TrackerStatus[],
): void {
  const status = surroundings.interfaceStatus(track.interface);
  const condition = !status.exists ? 'missing' : status.up ? 'up' : 'down';
  const up = condition === 'up';
  trackers.push({ name: track.interface, up, weight: track.weight, detail: condition });
  const good = up !== track.reverse;
  if (track.weight === 0) {
    if (!good) faults.push({ code: 'tracked-interface', text: `tracked interface ${track.interface} is ${condition}` });
    return;
  }
  const value = trackedValue(track, up);
  if (value !== 0) terms.push({ reason: `interface ${track.interface} ${condition}`, value });
}

/** A positive weight rewards an interface that is up, a negative one punishes one that is down; `reverse` turns the sign. */
function trackedValue(track: TrackInterface, up: boolean): number {
  const counts = track.weight > 0 ? up : !up;
  if (!counts) return 0;
  return track.reverse ? -track.weight : track.weight;
}

function effectivePriority(base: number, terms: readonly PriorityTerm[]): number {
  // The owner's priority is not for trackers to change, and none of them makes an owner.
  if (base === PRIORITY_OWNER) return PRIORITY_OWNER;
  const sum = terms.reduce((total, term) => total + term.value, 0);
  return Math.min(PRIORITY_MAX, Math.max(PRIORITY_MIN, sum));
}
