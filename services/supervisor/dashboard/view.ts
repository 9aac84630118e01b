/**
 * What the page shows, as plain JSON: made by the supervisor from its status, drawn by the page as it is. Times are
 * milliseconds since 1970 by the supervisor's clock. Types only.
 */

/** UNKNOWN: the service that would know it is silent. */
export type RouterState = 'MASTER' | 'BACKUP' | 'FAULT' | 'INIT' | 'STOP' | 'UNKNOWN';
/** UNCHECKED: no check has ended yet. */
export type ServerState = 'UP' | 'DOWN' | 'UNCHECKED' | 'UNKNOWN';
/** How a thing is to be looked at; never the only sign of it. */
export type Tone = 'master' | 'backup' | 'good' | 'busy' | 'bad' | 'unknown' | 'calm';

export interface DashboardView {
  /** Script of the page that draws this view; a page with another one is of another version. */
  readonly script: string;
  readonly at: number;
  /** Name of this machine. */
  readonly host: string;
  readonly version: string;
  readonly configFile: string;
  /** File of an applied configuration that is in force instead; empty otherwise. */
  readonly appliedFrom: string;
  readonly generation: number;
  readonly configuredAt: number | undefined;
  /** Silence after which what a service said is not known to be true. */
  readonly silenceLimitMs: number;
  /** What needs attention. */
  readonly problems: readonly string[];
  readonly groups: readonly GroupView[];
  readonly instances: readonly InstanceView[];
  readonly pools: readonly PoolView[];
  readonly sessions: readonly SessionView[];
  readonly orders: readonly OrderView[];
  readonly services: readonly ServiceView[];
  readonly facts: readonly FactView[];
  /** What is too much for a page: `44 instances`. */
  readonly leftOut: readonly string[];
}

/** A sync group. */
export interface GroupView {
  readonly name: string;
  readonly state: RouterState;
  readonly members: readonly string[];
  readonly since: number | undefined;
  readonly why: string;
}

/** A VRRP instance. */
export interface InstanceView {
  readonly name: string;
  /** Its sync group; empty: none. */
  readonly group: string;
  readonly state: RouterState;
  readonly since: number | undefined;
  /** Why it is in this state. */
  readonly why: string;
  /** `eth0`, … */
  readonly interface: string;
  readonly vrid: number;
  /** `VRRPv3 IPv6` */
  readonly protocol: string;
  readonly advertIntervalMs: number;
  readonly preempt: boolean;
  readonly priority: number;
  /** What the priority is the sum of; the configured one first. */
  readonly terms: readonly TermView[];
  readonly addresses: readonly AddressView[];
  readonly trackers: readonly TrackerView[];
  readonly faults: readonly string[];
  readonly waits: readonly string[];
  /** The router that advertised last; absent: none was heard, or it is this one. */
  readonly master: MasterView | undefined;
  readonly advertsSent: number;
  readonly advertsReceived: number;
  readonly becameMaster: number;
}

/** One term of a priority. */
export interface TermView {
  readonly reason: string;
  readonly value: number;
}

/** A virtual address. */
export interface AddressView {
  readonly address: string;
  readonly interface: string;
  /** The kernel has it; undefined: not known. */
  readonly present: boolean | undefined;
  readonly excluded: boolean;
}

/** Something an instance tracks. */
export interface TrackerView {
  readonly kind: string;
  readonly name: string;
  readonly tone: Tone;
  /** `good`, `down`, `pending`, …; `unknown` */
  readonly condition: string;
  readonly weight: number;
  readonly detail: string;
  readonly since: number | undefined;
}

export interface MasterView {
  readonly address: string;
  readonly priority: number;
  readonly heardAt: number | undefined;
}

/** A virtual server with its pool. */
export interface PoolView {
  readonly name: string;
  /** UP: it has its quorum. */
  readonly state: ServerState;
  readonly quorum: number;
  readonly weightUp: number;
  /** Weight if every real server were up. */
  readonly weightAll: number;
  readonly servers: readonly RealView[];
  readonly sorry: RealView | undefined;
  readonly sorryActive: boolean;
  /** Instances that hold its address. */
  readonly heldBy: readonly string[];
}

/** A real server. */
export interface RealView {
  readonly name: string;
  readonly state: ServerState;
  readonly weight: number;
  readonly configuredWeight: number;
  readonly inTable: boolean;
  /** Why it is down, and what an operator ordered. */
  readonly why: string;
  readonly checks: readonly CheckView[];
}

/** A checker of a real server. */
export interface CheckView {
  /** `TCP_CHECK 10.0.0.2:80` */
  readonly name: string;
  readonly state: ServerState;
  readonly suspended: boolean;
  readonly at: number | undefined;
  readonly durationMs: number;
  readonly checks: number;
  readonly failures: number;
}

/** A BFD session. */
export interface SessionView {
  readonly name: string;
  /** As RFC 5880 writes it; UNKNOWN. */
  readonly state: string;
  readonly tone: Tone;
  readonly peer: string;
  readonly since: number | undefined;
  readonly why: string;
}

/** An order of an operator. */
export interface OrderView {
  readonly id: string;
  readonly text: string;
  /** Who gave it and why. */
  readonly by: string;
  readonly givenAt: number | undefined;
  /** Absent: until it is taken back. */
  readonly expiresAt: number | undefined;
}

/** A process of the suite. */
export interface ServiceView {
  readonly name: string;
  readonly health: string;
  readonly tone: Tone;
  /** What it says is current. */
  readonly heard: boolean;
  readonly silenceMs: number | undefined;
  readonly pid: number;
  readonly version: string;
  readonly restarts: number;
  readonly startedAt: number | undefined;
  /** `uid 790, net_admin net_raw`; empty: not known. */
  readonly rights: string;
  readonly detail: string;
}

/** One number or state beside the large things: the kernel's table, notifications, lateness. */
export interface FactView {
  readonly name: string;
  readonly text: string;
  readonly tone: Tone;
  /** The service that says so. */
  readonly service: string;
}

/** One thing that changed. */
export interface TimelineEntry {
  /** Counts all that were ever told by this supervisor. */
  readonly number: number;
  readonly at: number;
  /** `vrrp_instance VI_1` */
  readonly subject: string;
  readonly change: string;
  readonly cause: string;
  readonly tone: Tone;
}

/** Entries that are new to a page. */
export interface TimelineUpdate {
  /** These are all there are: what the page had is gone. */
  readonly whole: boolean;
  /** Oldest first. */
  readonly entries: readonly TimelineEntry[];
}
