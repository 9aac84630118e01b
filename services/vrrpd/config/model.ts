/**
 * What vrrpd runs on: the typed meaning of its part of the configuration.
 * Built by `interpretVrrpConfig` from a statement tree; plain data, comparable by value.
 */
import type { SourcePosition } from '../../shared/config/position.js';
import type { AutomaticPriority, SchedulingConfig } from '../../shared/config/scheduling.js';
import type { ScriptCommand } from '../../shared/config/scriptCommand.js';
import type { IpAddress } from '../../shared/net/address.js';
import type { Micros } from '../../shared/time/duration.js';
import type { RouteConfig, RuleConfig } from './routingModel.js';

export type { ScriptCommand };

/** What to tell, per instance or group. */
export interface NotifyConfig {
  readonly master?: ScriptCommand;
  readonly backup?: ScriptCommand;
  readonly fault?: ScriptCommand;
  readonly stop?: ScriptCommand;
  /** Called with the four extra arguments. */
  readonly any?: ScriptCommand;
  /** `notify_deleted`: a reload that removes the instance is told as DELETED, not as FAULT; the script may be missing. */
  readonly deleted?: { readonly script?: ScriptCommand };
  /** `notify_master_rx_lower_pri`: as MASTER an advertisement of lower priority was heard. */
  readonly lowerPriority?: ScriptCommand;
  /** `notify_priority_changes`: changes of the effective priority go to the FIFOs. */
  readonly priorityChanges: boolean;
  readonly smtpAlert: boolean;
  /** `no_email_faults`: the state FAULT is worth no mail. */
  readonly noFaultMails?: true;
}

/** One line of `virtual_ipaddress` or `virtual_ipaddress_excluded`: all that `ip address add` can say. */
export interface VirtualAddress {
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** `brd ADDR`, with `brd -` the address of the network itself; `'auto'` for `brd +`. */
  readonly broadcast?: IpAddress | 'auto';
  /** Interface, be it a virtual one that we make; absent = the instance's. */
  readonly dev?: string;
  /** `use_vmac` in the line; `dev` names the interface that follows from it. */
  readonly useVmac?: true;
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

/** `use_vmac`, `use_ipvlan`: an interface that we make for virtual addresses, and remove. */
export interface VirtualLinkConfig {
  readonly name: string;
  readonly kind: 'macvlan' | 'ipvlan';
  /** The interface it lies on. */
  readonly base: string;
  /** The virtual MAC; absent with ipvlan, which has that of its base. */
  readonly mac?: Uint8Array;
  readonly mode: 'private' | 'vepa' | 'bridge';
  /** Address of an ipvlan that advertisements are sent from. */
  readonly address?: { readonly address: IpAddress; readonly prefixLength: number };
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
  /** 0: nothing is announced then. */
  readonly lowerPriorityRepeat: number;
  /** `garp_extra_if`: interval of messages on other interfaces of addresses while MASTER; 0 = none. */
  readonly extraInterval: Micros;
  /** On all of them, not only on those with a virtual MAC. */
  readonly extraOnAll: boolean;
}

/** Least times between two messages of one kind; 0: they leave as they come. */
export interface AnnounceGaps {
  readonly garpInterval: Micros;
  readonly gnaInterval: Micros;
}

/** How fast announcements may follow each other: `vrrp_garp_interval` and `vrrp_gna_interval` on each interface by itself. */
export interface AnnouncePacing extends AnnounceGaps {
  /** `garp_group`: on these interfaces together. An interface is in one group at most. */
  readonly groups: readonly (AnnounceGaps & { readonly interfaces: readonly string[] })[];
}

/** `authentication` of VRRPv2. */
export type AuthConfig =
  | { readonly type: 'none' }
  /** RFC 2338 5.3.6.2: up to 8 bytes, zero padded. */
  | { readonly type: 'pass'; readonly password: Uint8Array }
  /** RFC 2338 5.3.6.3: an IP Authentication Header; the key has 8 bytes, zero padded, as in keepalived. */
  | { readonly type: 'ah'; readonly password: Uint8Array };

/** One key of `auth_hmac`. */
export interface HmacKey {
  /** 1..255. */
  readonly id: number;
  /** The key itself, 32 to 64 bytes, or the file it is in. */
  readonly secret: { readonly bytes: Uint8Array } | { readonly file: string };
  readonly position: SourcePosition;
}

/** `auth_hmac`: a signature behind every advertisement. */
export interface HmacConfig {
  readonly keys: readonly HmacKey[];
  readonly activeKey: number;
  /** How far the clocks of two routers may be apart; absent: sequence numbers only have to grow. */
  readonly windowSeconds?: number;
  readonly mode: 'enforce' | 'permissive' | 'receive-only';
}

/** One line of `unicast_peer`. */
export interface UnicastPeer {
  readonly address: IpAddress;
  /** Bounds of the TTL or hop limit of its packets, both inclusive. */
  readonly minTtl: number;
  readonly maxTtl: number;
}

/** An instance that talks to its peers one by one. */
export interface UnicastConfig {
  /** Empty (`unicast_fault_no_peer`): the instance stays in FAULT. */
  readonly peers: readonly UnicastPeer[];
  /** TTL or hop limit of what is sent. */
  readonly ttl: number;
  /** `check_unicast_src`: nobody but the peers is heard. */
  readonly onlyPeers: boolean;
  /** Checksum of version 3 with the multicast group in it, as keepalived until 1.3.6: `auto` towards whoever sends it. */
  readonly oldChecksum: 'never' | 'auto' | 'always';
}

/** What moves the election beside priority and preemption. */
export interface ElectionConfig {
  /** `down_timer_adverts`: how many intervals of silence mean that the master is gone. */
  readonly downTimerAdverts: number;
  /** `lower_prio_no_advert` turns it off. */
  readonly answerLowerPriority: boolean;
  /** A last advertisement when yielding; `higher_prio_send_advert off` turns it off. */
  readonly lastWord: boolean;
  /** `timer_expired_backup`: the best priority another router may have; absent: our own. */
  readonly rivalPriority?: number;
}

/** `vrrp_rx_bufs_policy`: what one instance adds to the receive buffer of its socket. */
export type ReceiveBuffer =
  | { readonly per: 'mtu' | 'advertisement'; readonly multiplier: number }
  | { readonly per: 'bytes'; readonly bytes: number };

/** One `vrrp_instance`. */
export interface InstanceConfig {
  readonly name: string;
  readonly position: SourcePosition;
  /** Empty: none; a unicast instance whose packets come and go by whatever way the routes say. */
  readonly interface: string;
  /** `vrf`: the VRF device an instance without interface is confined to. */
  readonly vrf?: string;
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
  readonly hmac?: HmacConfig;
  readonly election: ElectionConfig;
  /** `skip_check_adv_addr`: the addresses in advertisements are compared once per master. */
  readonly skipAddressCheck: boolean;
  /** `vrrp_strict`, `strict_mode`: nothing the RFCs do not have. */
  readonly strict: boolean;
  /** What the checksum of version 3 over IPv4 covers when we send; either is understood. */
  readonly checksumV3: 'pseudo-header' | 'message';
  readonly vips: readonly VirtualAddress[];
  readonly excludedVips: readonly VirtualAddress[];
  readonly routes: readonly RouteConfig[];
  readonly rules: readonly RuleConfig[];
  /** `promote_secondaries`: other addresses of a prefix stay when the first one is removed. */
  readonly promoteSecondaries: boolean;
  readonly trackInterfaces: readonly TrackInterface[];
  readonly trackers: readonly TrackLine[];
  /** `dont_track_primary`: link loss of the own interface does not matter. */
  readonly trackPrimary: boolean;
  /** `mcast_src_ip`; absent = the interface's first address. */
  readonly sourceAddress?: IpAddress;
  /** `track_src_ip`: without its configured source address the instance is in FAULT. */
  readonly trackSource: boolean;
  readonly multicastGroup: IpAddress;
  /** Absent: multicast. */
  readonly unicast?: UnicastConfig;
  readonly receiveBuffer?: ReceiveBuffer;
  /** The interface that advertisements leave through, when it is not `interface` itself. */
  readonly transmitLink?: string;
  /** Interfaces to make for the addresses. */
  readonly virtualLinks?: readonly VirtualLinkConfig[];
  /** `no_accept`, or strict: packets to the virtual addresses are dropped. */
  readonly dropTraffic?: true;
  readonly garp: GarpConfig;
  readonly notify: NotifyConfig;
  readonly debug: boolean;
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

/** How packets are filtered: `nftables…`, `vrrp_iptables`. */
export interface FirewallConfig {
  readonly table: string;
  readonly priority: number;
  readonly counters: boolean;
  /** `nftables_ifindex`: interfaces by number instead of by name. */
  readonly byIndex: boolean;
  /** Packets from the addresses are dropped too. */
  readonly outbound: boolean;
}

/** One line of `linkbeat_interfaces`, or `linkbeat_use_polling`. */
export interface LinkbeatConfig {
  readonly interface: string;
  /** Absent: the first that the driver answers. */
  readonly method?: 'mii' | 'ethtool' | 'ioctl';
}

/** Process-wide settings of vrrpd. */
export interface VrrpGlobalConfig {
  /** `router_id`, for mail subjects; default: host name. */
  readonly routerId: string;
  /** `vrrp_rt_priority`, `vrrp_priority`, `vrrp_cpu_affinity` and their kin. */
  readonly scheduling: SchedulingConfig;
  /** `max_auto_priority` and `min_auto_priority_delay`. */
  readonly automaticPriority: AutomaticPriority;
  /** `vrrp_startup_delay`. */
  readonly startupDelay: Micros;
  /** `vrrp_delay_after_boot`: instances begin so long after the machine booted at the earliest. */
  readonly delayAfterBoot: Micros;
  /** `log_unknown_vrids`. */
  readonly logUnknownVrids: boolean;
  /** A mail server and recipients are configured, so mails make sense. */
  readonly mailConfigured: boolean;
  /** There is a FIFO for VRRP notifications. */
  readonly fifoConfigured: boolean;
  /** `fifo_write_vrrp_states_on_reload`. */
  readonly statesOnReload: boolean;
  /** As whom tracking scripts run, and what the watcher of processes gets. */
  readonly scriptRules: {
    /** `script_user`. */
    readonly user?: string;
    readonly group?: string;
    /** `enable_script_security`. */
    readonly security: boolean;
    /** `process_monitor_rcv_bufs`, bytes. */
    readonly receiveBuffer?: number;
  };
  readonly firewall?: FirewallConfig;
  /** `dynamic_interfaces`: interfaces may be absent at the start. */
  readonly dynamicInterfaces?: true;
  /** `disable_local_igmp`. */
  readonly disableLocalIgmp?: true;
  readonly linkbeat?: readonly LinkbeatConfig[];
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
  readonly pacing: AnnouncePacing;
  readonly statics: StaticConfig;
}

/** One line of `static_ipaddress`. */
export interface StaticAddress extends VirtualAddress {
  readonly dev: string;
  readonly trackGroup?: string;
}

/** What is there as long as vrrpd runs, whoever is master. */
export interface StaticConfig {
  readonly addresses: readonly StaticAddress[];
  readonly routes: readonly RouteConfig[];
  readonly rules: readonly RuleConfig[];
  /** `track_group`: the instances that go to FAULT when something of the group is missing. */
  readonly groups: readonly { readonly name: string; readonly members: readonly string[] }[];
}
