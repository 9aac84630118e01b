/**
 * The IPVS table in the terms of linux/ip_vs.h: what the codec writes, what the kernel says, what reconcile compares.
 * Plain data, no text to parse.
 */
import { formatIpBytes } from '../shared/net/address.js';

/** IP protocol numbers IPVS balances. */
const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

/** What names a service in the kernel. */
export type ServiceKey =
  | { readonly kind: 'fwmark'; readonly family: 4 | 6; readonly fwmark: number }
  | {
      readonly kind: 'address';
      readonly family: 4 | 6;
      /** 6, 17 or 132. */
      readonly protocol: number;
      readonly address: Uint8Array;
      readonly port: number;
    };

/** What can be changed in a service while it exists. */
export interface ServiceSettings {
  /** Kernel name: `rr`, `wlc`, … */
  readonly scheduler: string;
  /** IP_VS_SVC_F_ONEPACKET and IP_VS_SVC_F_SCHED1..3; PERSISTENT follows from the timeout, HASHED is the kernel's own. */
  readonly flags: number;
  /** Seconds; 0 = not persistent. */
  readonly persistenceTimeout: number;
  /** Prefix length of the persistence granularity (32 or 128: each client). */
  readonly persistencePrefix: number;
  /** `sip`, or empty. */
  readonly persistenceEngine: string;
}

/** IP_VS_CONN_F_MASQ, IP_VS_CONN_F_LOCALNODE, IP_VS_CONN_F_TUNNEL, IP_VS_CONN_F_DROUTE. */
export const FORWARDING = { masq: 0, localnode: 1, tunnel: 2, droute: 3 } as const;

/** IP_VS_CONN_F_TUNNEL_TYPE_IPIP, _GUE, _GRE. */
export const TUNNEL_TYPE = { ipip: 0, gue: 1, gre: 2 } as const;

/** IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM, _CSUM, _REMCSUM. */
export const TUNNEL_CHECKSUM = { none: 0, sum: 1, remote: 2 } as const;

/** How packets are wrapped on their way to a destination of {@link FORWARDING}.tunnel. */
export interface Tunnel {
  /** One of {@link TUNNEL_TYPE}. */
  readonly type: number;
  /** UDP port of GUE; 0 otherwise. */
  readonly port: number;
  /** One of {@link TUNNEL_CHECKSUM}. */
  readonly checksum: number;
}

/** A real server of one service. */
export interface Destination {
  readonly family: 4 | 6;
  readonly address: Uint8Array;
  readonly port: number;
  readonly weight: number;
  /** One of {@link FORWARDING}. */
  readonly forwarding: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** Absent: plain IPIP, the only kind kernels before 5.3 know. */
  readonly tunnel?: Tunnel;
}

/** What names a destination within its service. */
export type DestinationKey = Pick<Destination, 'family' | 'address' | 'port'>;

/** A whole service. */
export interface Service {
  readonly key: ServiceKey;
  readonly settings: ServiceSettings;
  readonly destinations: readonly Destination[];
}

function endpoint(address: Uint8Array, port: number): string {
  const text = formatIpBytes(address);
  return address.length === 16 ? `[${text}]:${port}` : `${text}:${port}`;
}

/** `tcp 10.0.0.1:80`, `fwmark 42`, `fwmark 42 inet6`: unique, and readable in logs and errors. */
export function serviceName(key: ServiceKey): string {
  if (key.kind === 'fwmark') return `fwmark ${key.fwmark}${key.family === 6 ? ' inet6' : ''}`;
  return `${PROTOCOL_NAMES[key.protocol] ?? `protocol ${key.protocol}`} ${endpoint(key.address, key.port)}`;
}

/** `10.0.0.2:80`, `[fd00::2]:80`: unique within a service. */
export function destinationName(key: DestinationKey): string {
  return endpoint(key.address, key.port);
}
