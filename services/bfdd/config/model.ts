/** What bfdd runs on: the typed meaning of its `bfd_instance` blocks. Plain data, comparable by value. */
import type { SourcePosition } from '../../shared/config/position.js';
import type { AutomaticPriority, SchedulingConfig } from '../../shared/config/scheduling.js';
import type { IpAddress } from '../../shared/net/address.js';
import type { SessionSettings } from '../fsm/state.js';

/** One session with one neighbour. */
export interface BfdInstanceConfig {
  readonly name: string;
  readonly neighbor: IpAddress;
  /** Absent: the kernel chooses the own address. */
  readonly source: IpAddress | undefined;
  readonly settings: SessionSettings;
  /** TTL or hop limit of what is sent. */
  readonly ttl: number;
  /** TTL or hop limit the neighbour is taken to send with. */
  readonly neighborTtl: number;
  /** How much of it may be used up on the way; 255: is not checked. */
  readonly maxHops: number;
  /** Who is told of the session. */
  readonly tellsVrrp: boolean;
  readonly tellsCheckers: boolean;
  readonly position: SourcePosition;
}

/** The whole typed configuration of bfdd. */
export interface BfdConfig {
  readonly instances: readonly BfdInstanceConfig[];
  readonly scheduling: SchedulingConfig;
  readonly automaticPriority: AutomaticPriority;
}
