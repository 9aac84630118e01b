/**
 * What vrrpd runs on: the typed meaning of its part of the configuration.
 * Built by `interpretVrrpConfig` from a statement tree; plain data, comparable by value.
 */
import type { SourcePosition } from '../../shared/config/position.js';
import type { ScriptCommand } from '../../shared/config/scriptCommand.js';
import type { IpAddress } from '../../shared/net/address.js';
import type { Micros } from '../../shared/time/duration.js';

export type { ScriptCommand };

/** What to tell, per instance or group. */
export interface NotifyConfig {
  readonly master?: ScriptCommand;
  readonly backup?: ScriptCommand;
  readonly fault?: ScriptCommand;
  readonly stop?: ScriptCommand;
  /** Called with the four extra arguments. */
  readonly any?: ScriptCommand;
  readonly smtpAlert: boolean;
}

/** One line of `virtual_ipaddress` or `virtual_ipaddress_excluded`: all that `ip address add` can say. */
export interface VirtualAddress {
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** `brd ADDR`, with `brd -` the address of the network itself; `'auto'` for `brd +`. */
  readonly broadcast?: IpAddress | 'auto';
  /** Interface; absent = the instance's. */
  readonly dev?: string;
  readonly label?: string;
  /** RT_SCOPE_* value. */
  readonly scope?: number;
  readonly peer?: { readonly address: IpAddress; readonly prefixLength: number };
  /** IFA_F_* flags: home, mngtmpaddr, noprefixroute, nodad, autojoin, … */
  readonly flags: number;
  readonly preferredLifetime?: number;
  /** `no_track`: its removal by others does not matter. */
  readonly noTrack: boolean;
  readonly position: SourcePosition;
}

/** One line of `track_interface`. */
export interface TrackInterface {
  readonly interface: string;
  /** 0: its failure means FAULT; otherwise it moves the priority. */
  readonly weight: number;
  readonly reverse: boolean;
  readonly position: SourcePosition;
}

/** What can be tracked beside interfaces. */
export type TrackerKind = 'script' | 'file' | 'process' | 'bfd';

/** One line of `track_script`, `track_file`, `track_process` or `track_bfd`; what it does not say is as in the definition. */
export interface TrackLine {
  readonly kind: TrackerKind;
  readonly name: string;
  /** 0: its failure means FAULT; otherwise it moves the priority, a file by its number times the weight. */
  readonly weight: number;
  readonly reverse: boolean;
  readonly position: SourcePosition;
}

/** One `vrrp_script` that somebody tracks. */
export interface TrackScriptConfig {
  readonly name: string;
  readonly command: ScriptCommand;
  readonly interval: Micros;
  /** After it a run has failed and is ended with all its children. */
  readonly timeout: Micros;
  /** Successes in a row until it is good, failures in a row until it is bad; the first result counts at once. */
  readonly rise: number;
  readonly fall: number;
  /** `init_fail`: bad until it succeeded. */
  readonly initFail: boolean;
}

/** One `track_file` that somebody tracks. */
export interface TrackFileConfig {
  readonly name: string;
  readonly path: string;
  readonly position: SourcePosition;
  /** `init_file`: written once, when the definition is new; only where there is no file unless `overwrite`. */
  readonly init?: { readonly value: number; readonly overwrite: boolean };
}

/** One `vrrp_track_process` that somebody tracks. */
export interface TrackProcessConfig {
  readonly name: string;
  readonly position: SourcePosition;
  readonly command: string;
  /** What the parameters have to be; absent: any. */
  readonly parameters?: readonly string[];
  /** `exact`: these and no others; `partial`: these first; `initial`: these first, the last of them may be longer. */
  readonly match: 'exact' | 'initial' | 'partial';
  /** Compares with /proc/PID/cmdline even without parameters. */
  readonly fullCommand: boolean;
  readonly quorum: number;
  /** Absent: no limit. */
  readonly quorumMax?: number;
  /** Until a quorum gained, or lost, counts. */
  readonly forkDelay: Micros;
  readonly terminateDelay: Micros;
}

/** One line of `interface_up_down_delays`. */
export interface InterfaceDelayConfig {
  readonly interface: string;
  readonly down: Micros;
  readonly up: Micros;
}

/** Gratuitous ARP / neighbour advertisement pacing (`garp_*`, instance or global `vrrp_garp_*`). */
export interface GarpConfig {
  /** After this time a second set is sent; 0 = no second set. */
  readonly masterDelay: Micros;
  /** Messages per address in each set. */
  readonly masterRepeat: number;
  /** Interval of periodic sets while MASTER; 0 = none. */
  readonly masterRefresh: Micros;
  readonly masterRefreshRepeat: number;
  /** Second set after a lower-priority advertisement was heard while MASTER. */
  readonly lowerPriorityDelay: Micros;
  readonly lowerPriorityRepeat: number;
  /** Least time between two messages on an interface. */
  readonly interval: Micros;
}

/** `authentication` of VRRPv2. */
export type AuthConfig =
  | { readonly type: 'none' }
  /** RFC 2338 5.3.6.2: up to 8 bytes, zero padded. */
  | { readonly type: 'pass'; readonly password: Uint8Array };

/** One `vrrp_instance`. */
export interface InstanceConfig {
  readonly name: string;
  readonly position: SourcePosition;
  readonly interface: string;
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  /** The configured `state`. */
  readonly initialState: 'master' | 'backup';
  /** 1..254, or 255 for the address owner. */
  readonly priority: number;
  readonly advertInterval: Micros;
  readonly preempt: boolean;
  readonly preemptDelay: Micros;
  readonly auth: AuthConfig;
  readonly vips: readonly VirtualAddress[];
  readonly excludedVips: readonly VirtualAddress[];
  readonly trackInterfaces: readonly TrackInterface[];
  readonly trackers: readonly TrackLine[];
  /** `dont_track_primary`: link loss of the own interface does not matter. */
  readonly trackPrimary: boolean;
  /** `mcast_src_ip`; absent = the interface's first address. */
  readonly sourceAddress?: IpAddress;
  readonly multicastGroup: IpAddress;
  readonly garp: GarpConfig;
  readonly notify: NotifyConfig;
  readonly debug: boolean;
  /**
   * Why the instance stays in FAULT: it asks for something its peers rely on to hear each other and that is not built yet.
   * Taking part without it would make two masters.
   */
  readonly held?: string;
}

/** One `vrrp_sync_group`. */
export interface SyncGroupConfig {
  readonly name: string;
  readonly position: SourcePosition;
  readonly members: readonly string[];
  readonly trackInterfaces: readonly TrackInterface[];
  readonly trackers: readonly TrackLine[];
  readonly notify: NotifyConfig;
}

/** Process-wide settings of vrrpd. */
export interface VrrpGlobalConfig {
  /** `router_id`, for mail subjects; default: host name. */
  readonly routerId: string;
  /** `vrrp_rt_priority` (SCHED_RR); absent = normal scheduling. */
  readonly realtimePriority?: number;
  /** `vrrp_startup_delay`. */
  readonly startupDelay: Micros;
  /** A mail server and recipients are configured, so mails make sense. */
  readonly mailConfigured: boolean;
}

/** The whole typed configuration of vrrpd. */
export interface VrrpConfig {
  readonly global: VrrpGlobalConfig;
  readonly instances: readonly InstanceConfig[];
  readonly groups: readonly SyncGroupConfig[];
  /** Only what somebody tracks. */
  readonly trackScripts: readonly TrackScriptConfig[];
  readonly trackFiles: readonly TrackFileConfig[];
  readonly trackProcesses: readonly TrackProcessConfig[];
  readonly interfaceDelays: readonly InterfaceDelayConfig[];
}
