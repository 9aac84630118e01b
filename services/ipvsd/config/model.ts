/**
 * What ipvsd runs on: the typed meaning of its part of `global_defs`. The table itself does not come from here but from
 * healthcheckerd's verdicts (`IpvsService.Apply`). Built by `interpretIpvsConfig`; plain data, comparable by value.
 */
import type { SourcePosition } from '../../shared/config/position.js';
import type { IpAddress } from '../../shared/net/address.js';

/** `lvs_sync_daemon`: the kernel threads that copy connections to the other director. */
export interface SyncDaemonConfig {
  readonly interface: string;
  /** VRRP instance whose state decides between the master and the backup daemon; absent = both run. */
  readonly instance?: string;
  /** 0..255. Absent: the VRID of the instance, 0 without one. */
  readonly syncId?: number;
  /** Payload bytes of a datagram, 1..65507; absent = kernel default. */
  readonly maxLength?: number;
  /** UDP port; absent = 8848. */
  readonly port?: number;
  /** 1..255; absent = 1. */
  readonly ttl?: number;
  /** Multicast group; absent = 224.0.0.81. */
  readonly group?: IpAddress;
  readonly position: SourcePosition;
}

/** `lvs_timeouts`, in seconds; what is absent stays as the kernel has it. */
export interface ConnectionTimeouts {
  readonly tcp?: number;
  readonly tcpFin?: number;
  readonly udp?: number;
}

/** `nftables_ipvs`: where the rules stand that mark packets. */
export interface MarkTableConfig {
  readonly table: string;
  readonly priority: number;
}

/** The whole typed configuration of ipvsd. */
export interface IpvsConfig {
  /** `lvs_flush`: at start-up the whole table goes first, whoever made it. */
  readonly flushOnStart: boolean;
  /**
   * `lvs_flush_on_stop`: `none` removes our destinations and services one by one, `services` only the services (the kernel
   * drops their destinations), `all` empties the whole table.
   */
  readonly flushOnStop: 'none' | 'services' | 'all';
  readonly timeouts: ConnectionTimeouts;
  readonly syncDaemon?: SyncDaemonConfig;
  /** Absent without `nftables_ipvs`: then nothing has to be marked. */
  readonly marks?: MarkTableConfig;
}
