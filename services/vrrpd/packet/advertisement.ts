/**
 * The VRRP advertisement, version 2 (RFC 3768 5.1, with the authentication of RFC 2338 5.3.6) and version 3 (RFC 9568 5.1).
 *
 * ```
 *  version 2                                          version 3
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-------+---------------+---------------+---------------+
 *  |version| type=1|      VRID     |    priority   | address count |   both
 *  +-------+-------+---------------+---------------+---------------+
 *  |   auth type   | interval in s |           checksum            |   v2
 *  |  rsvd |   interval in cs      |           checksum            |   v3
 *  +---------------+---------------+-------------------------------+
 *  |         addresses, 4 (IPv4) or 16 (IPv6) octets each          |   both
 *  +---------------------------------------------------------------+
 *  |              authentication data, 8 octets                    |   v2
 *  +---------------------------------------------------------------+
 * ```
 */
import type { Micros } from '../../shared/time/duration.js';

/** Priority of the router that owns the addresses (RFC 3768 5.3.4). */
export const PRIORITY_OWNER = 255;

/** Priority that says "I am leaving" (RFC 3768 5.3.4). */
export const PRIORITY_STOP = 0;

/** Length of the fixed part. */
export const HEADER_LENGTH = 8;

/** Length of the authentication data of version 2. */
export const AUTH_DATA_LENGTH = 8;

/** Message type ADVERTISEMENT, the only one there is. */
export const TYPE_ADVERTISEMENT = 1;

/** Authentication types of version 2 (RFC 2338 5.3.6). */
export const AUTH_TYPE = { none: 0, pass: 1, ah: 2 } as const;

interface AdvertisementFields {
  readonly vrid: number;
  /** 0 leaving, 1..254 backups, 255 owner. */
  readonly priority: number;
  /** Adver Int (v2, whole seconds on the wire) or Max Advertise Interval (v3, centiseconds on the wire). */
  readonly interval: Micros;
  /** The virtual addresses one after the other, 4 or 16 bytes each. */
  readonly addresses: Uint8Array;
}

/** RFC 3768 5.1. IPv4 only. */
export interface AdvertisementV2 extends AdvertisementFields {
  readonly version: 2;
  readonly authType: number;
  /** Always 8 bytes; zeros when unused. */
  readonly authData: Uint8Array;
}

/** RFC 9568 5.1. */
export interface AdvertisementV3 extends AdvertisementFields {
  readonly version: 3;
}

export type Advertisement = AdvertisementV2 | AdvertisementV3;

/** The rungs of the reception ladder, in the order in which they are tried. Each is one counter and one log token. */
export const DROP_REASONS = [
  /** Multicast: TTL or hop limit other than 255, so it came through a router. Unicast: outside of what the peer may have. */
  'ttl',
  /** Shorter than the header, or not exactly as long as its address count says. */
  'length',
  'version',
  'type',
  'checksum',
  /** No instance of this VRID on the interface. */
  'vrid',
  /** The instance owns the addresses, nobody outranks it (RFC 3768 7.1): counted when all else is right. */
  'owner',
  /** Unicast with `check_unicast_src`: the sender is none of the peers. */
  'unicast-source',
  'auth-type',
  'auth-data',
  /** Not a sound Authentication Header (RFC 2402 2). */
  'ah-header',
  /** The check value is wrong: other password, or altered on the way. */
  'ah-value',
  /** The sequence number is not above the last one of this sender: a packet sent again. */
  'ah-replay',
  /** `auth_hmac` in mode enforce, and the advertisement has no trailer. */
  'hmac-missing',
  'hmac-malformed',
  /** Signed with a key that is not configured here. */
  'hmac-key',
  'hmac-value',
  /** The time in the trailer is too far from ours: sent again much later, or clocks that differ. */
  'hmac-stale',
  'hmac-replay',
  /** Version 2: other interval than ours. */
  'interval',
  /** The sender speaks for other addresses than we do. */
  'address-list',
  /** Its source is our own address: looped back to us, or forged, or another machine uses the address. */
  'own-address',
] as const;

/** Why an advertisement was not taken. */
export type DropReason = (typeof DROP_REASONS)[number];
