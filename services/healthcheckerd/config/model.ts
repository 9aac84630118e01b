/**
 * What healthcheckerd runs on: the typed meaning of `virtual_server`, `virtual_server_group` and its part of `global_defs`.
 * Built by `interpretHealthConfig` from a statement tree; plain data, comparable by value. Defaults that one level takes from
 * the level above (real server from virtual server, checker from real server) are already resolved here.
 */
import type { SourcePosition } from '../../shared/config/position.js';
import type { SchedulingConfig } from '../../shared/config/scheduling.js';
import type { ScriptCommand } from '../../shared/config/scriptCommand.js';
import type { IpAddress } from '../../shared/net/address.js';
import { type Micros, seconds } from '../../shared/time/duration.js';
import type { CheckerConfig } from './checkerModel.js';

/** `delay_loop` when it is not given. */
export const DEFAULT_DELAY_LOOP: Micros = seconds(60);
/** `connect_timeout` when it is not given. */
export const DEFAULT_CONNECT_TIMEOUT: Micros = seconds(5);
/** `retry` when neither the configuration nor the checker kind says otherwise (DNS_CHECK 3, MISC_CHECK 0). */
export const DEFAULT_RETRY = 1;
/** `delay_before_retry` of all kinds but HTTP_GET and SSL_GET (3 s) and DNS_CHECK (its delay_loop). */
export const DEFAULT_DELAY_BEFORE_RETRY: Micros = seconds(1);
/** `persistence_timeout` without a value, and what a granularity alone implies: 6 minutes, in seconds. */
export const DEFAULT_PERSISTENCE_TIMEOUT_S = 360;
/** `lvs_sched` when it is not given. */
export const DEFAULT_SCHEDULER = 'wlc';

/** `lvs_method` / `lb_kind`: how packets reach a real server. */
export type Forwarding =
  | { readonly method: 'masq' }
  | { readonly method: 'droute' }
  | { readonly method: 'tunnel'; readonly tunnel: TunnelConfig };

/** Options after `TUN`. */
export type TunnelConfig =
  | { readonly type: 'ipip' }
  | { readonly type: 'gue'; readonly port: number; readonly checksum: 'nocsum' | 'csum' | 'remcsum' }
  | { readonly type: 'gre'; readonly checksum: 'nocsum' | 'csum' };

/** What a virtual server listens on; with the protocol and family of the virtual server it is its key. */
export type VirtualServerTarget =
  /** Port 0: every port (persistent services only). */
  | { readonly kind: 'address'; readonly address: IpAddress; readonly port: number }
  | { readonly kind: 'fwmark'; readonly fwmark: number }
  /** Name of a {@link VirtualServerGroupConfig}. */
  | { readonly kind: 'group'; readonly name: string };

/** One line of a `virtual_server_group`. */
export type GroupMember =
  /** A single address (`first` equals `last`) or an inclusive range, both of one family. */
  | { readonly kind: 'addresses'; readonly first: IpAddress; readonly last: IpAddress; readonly port: number }
  /** `family` only where the line says it. */
  | { readonly kind: 'fwmark'; readonly fwmark: number; readonly family?: 4 | 6 };

/** One `virtual_server_group`. */
export interface VirtualServerGroupConfig {
  readonly name: string;
  readonly members: readonly GroupMember[];
  readonly position: SourcePosition;
}

/** One `real_server`. */
export interface RealServerConfig {
  readonly address: IpAddress;
  /** As configured; what the kernel gets follows from forwarding and virtual server (see {@link VirtualServerConfig}). */
  readonly port: number;
  /** 0..65535; 0 is in the table but gets no new connections. */
  readonly weight: number;
  readonly forwarding: Forwarding;
  /** Weight 0 instead of removal while down. */
  readonly inhibitOnFailure: boolean;
  /** `uthreshold`, `lthreshold`; 0 = none. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly notifyUp?: ScriptCommand;
  readonly notifyDown?: ScriptCommand;
  /** Default yes, unless a global `smtp_alert` or `smtp_alert_checker` says otherwise. */
  readonly smtpAlert: boolean;
  readonly virtualhost?: string;
  readonly snmpName?: string;
  readonly checkers: readonly CheckerConfig[];
  readonly position: SourcePosition;
}

/** `sorry_server` and its options. */
export interface SorryServerConfig {
  readonly address: IpAddress;
  readonly port: number;
  readonly forwarding: Forwarding;
  /** `sorry_server_inhibit`: stays in the table with weight 0 while it is not needed. */
  readonly inhibit: boolean;
  readonly position: SourcePosition;
}

/** Persistence (`persistence_timeout`, `persistence_granularity`, `persistence_engine`). */
export interface PersistenceConfig {
  readonly timeoutSeconds: number;
  /** Prefix length of the granularity: 32 or 128 = each client on its own. */
  readonly prefixLength: number;
  /** `sip`; absent = none. */
  readonly engine?: string;
}

/** One `virtual_server`. */
export interface VirtualServerConfig {
  readonly target: VirtualServerTarget;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Of the address; of a mark or group: `ip_family`, else the family of the real servers, else 4. */
  readonly family: 4 | 6;
  /** Kernel name: `rr`, `wlc`, … */
  readonly scheduler: string;
  /** IP_VS_SVC_F_SCHED1..3 (8, 16, 32) and IP_VS_SVC_F_ONEPACKET (4, `ops`) of linux/ip_vs.h. */
  readonly flags: number;
  readonly forwarding: Forwarding;
  /** Absent: not persistent. */
  readonly persistence?: PersistenceConfig;
  /** `alpha`: every real server is down until its checkers say otherwise. */
  readonly alpha: boolean;
  /** `omega`: quorum_down and notify_down also run at shutdown. */
  readonly omega: boolean;
  /** At least 1. */
  readonly quorum: number;
  readonly hysteresis: number;
  readonly quorumUp?: ScriptCommand;
  readonly quorumDown?: ScriptCommand;
  /** Default no, unless a global `smtp_alert` or `smtp_alert_checker` says otherwise. */
  readonly smtpAlert: boolean;
  /** `ha_suspend`: checks pause while the address of the virtual server is not on this machine. */
  readonly haSuspend: boolean;
  readonly virtualhost?: string;
  readonly snmpName?: string;
  readonly sorryServer?: SorryServerConfig;
  readonly realServers: readonly RealServerConfig[];
  readonly position: SourcePosition;
}

/** Process-wide settings of healthcheckerd. */
export interface HealthGlobalConfig {
  /** `router_id`, for mail subjects; default: host name. */
  readonly routerId: string;
  /** A mail server and recipients are configured, so mails make sense. */
  readonly mailConfigured: boolean;
  /** `rs_init_notifies`: notify_up runs for every real server that starts up alive. */
  readonly initNotifies: boolean;
  /** `no_checker_emails`: mails only when a real server leaves or enters the table, not for every checker. */
  readonly noCheckerEmails: boolean;
  /** `nftables_ipvs`: a group with addresses is one service by firewall mark; marks are given from here on. */
  readonly firstGroupMark?: number;
  /** `checker_rt_priority`, `checker_priority`, `checker_cpu_affinity` and their kin. */
  readonly scheduling: SchedulingConfig;
}

/** The whole typed configuration of healthcheckerd. */
export interface HealthConfig {
  readonly global: HealthGlobalConfig;
  readonly groups: readonly VirtualServerGroupConfig[];
  /** In the order of the file; no two have the same key (target, protocol, family). */
  readonly virtualServers: readonly VirtualServerConfig[];
}
