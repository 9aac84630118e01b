/** Routes and rules as configured: what `ip route` and `ip rule` can say, with interfaces by name. Part of the model. */
import type { SourcePosition } from '../../shared/config/position.js';
import type { IpAddress } from '../../shared/net/address.js';

/** What a route wraps its packets into. */
export type EncapConfig =
  | { readonly kind: 'mpls'; readonly labels: readonly number[]; readonly ttl?: number }
  | {
      readonly kind: 'ip' | 'ip6';
      readonly id?: bigint;
      readonly source?: IpAddress;
      readonly destination?: IpAddress;
      readonly tos?: number;
      readonly ttl?: number;
      readonly flags?: number;
    }
  | { readonly kind: 'ila'; readonly locator: bigint };

/** One way of a route. */
export interface HopConfig {
  readonly dev?: string;
  readonly gateway?: IpAddress;
  /** 1..256. */
  readonly weight?: number;
  readonly onlink?: boolean;
  /** Source realm << 16 | destination realm. */
  readonly realms?: number;
  readonly encap?: EncapConfig;
}

/** What routes, rules and static addresses have in common: who minds when they disappear. */
interface Kept {
  /** `no_track`: its removal by others does not matter. */
  readonly noTrack: boolean;
  /** `track_group` of a static one. */
  readonly trackGroup?: string;
  readonly position: SourcePosition;
}

/** One line of `virtual_routes` or `static_routes`. */
export interface RouteConfig extends Kept {
  readonly family: 4 | 6;
  /** RTN_*. */
  readonly type: number;
  /** Absent: default. Host bits are zero. */
  readonly destination?: IpAddress;
  readonly prefixLength: number;
  readonly tos?: number;
  readonly table: number;
  /** Interface of the VRF whose table it goes into, instead of `table`. */
  readonly vrf?: string;
  /** RTPROT_*. */
  readonly protocol: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  readonly metric?: number;
  readonly source?: IpAddress;
  /** RFC 4191: 0 medium, 1 high, 3 low. */
  readonly preference?: number;
  /** Seconds. */
  readonly expires?: number;
  readonly ttlPropagate?: boolean;
  /** RTAX_* values by number. */
  readonly metrics: readonly { readonly type: number; readonly value: number }[];
  /** Bit n: RTAX n is locked. */
  readonly lock: number;
  readonly congestionControl?: string;
  readonly hops: readonly HopConfig[];
  readonly placement: 'prepend' | 'append' | 'add';
  /** The line as written. */
  readonly text: string;
}

/** A network a rule matches. */
export interface RuleNetwork {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** One line of `virtual_rules` or `static_rules`. */
export interface RuleConfig extends Kept {
  readonly family: 4 | 6;
  readonly preference: number;
  /** The preference was written; one that was given out may be another while the rule stays where it is. */
  readonly preferenceGiven: boolean;
  /** FR_ACT_*. */
  readonly action: number;
  readonly table: number;
  /** RTPROT_*. */
  readonly protocol: number;
  readonly invert: boolean;
  readonly source?: RuleNetwork;
  readonly destination?: RuleNetwork;
  readonly tos: number;
  readonly iif?: string;
  readonly oif?: string;
  readonly mark?: number;
  readonly mask?: number;
  readonly realms?: number;
  readonly suppressPrefixLength?: number;
  readonly suppressGroup?: number;
  readonly tunnelId?: bigint;
  readonly uidRange?: readonly [first: number, last: number];
  readonly ipProtocol?: number;
  readonly sourcePorts?: readonly [first: number, last: number];
  readonly destinationPorts?: readonly [first: number, last: number];
  readonly goto?: number;
  readonly l3mdev: boolean;
  /** The line as written. */
  readonly text: string;
}
