/** The BFD control packet (RFC 5880 section 4.1), and why one can be dropped. */
import type { Micros } from '../../shared/time/duration.js';

/** `Sta` of RFC 5880 section 4.1, by value. */
export const SESSION_STATES = ['admin-down', 'down', 'init', 'up'] as const;
export type SessionStateName = (typeof SESSION_STATES)[number];

/** `Diag` of RFC 5880 section 4.1, by value; those from 9 on are reserved. */
export const DIAGNOSTICS = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbor signaled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
] as const;

export const DIAG_NONE = 0;
export const DIAG_DETECTION_EXPIRED = 1;
export const DIAG_NEIGHBOR_DOWN = 3;
export const DIAG_ADMIN_DOWN = 7;

/** A diagnostic code in words. */
export const diagnosticText = (code: number): string => DIAGNOSTICS[code] ?? `reserved diagnostic ${code}`;

/** The mandatory section without the fields that say how it is written. */
export interface ControlPacket {
  /** 0..31 */
  readonly diagnostic: number;
  readonly state: SessionStateName;
  readonly poll: boolean;
  readonly final: boolean;
  readonly controlPlaneIndependent: boolean;
  readonly demand: boolean;
  /** 1..255 */
  readonly detectMultiplier: number;
  /** 32 bits, not 0. */
  readonly myDiscriminator: number;
  /** 32 bits; 0: not known yet. */
  readonly yourDiscriminator: number;
  /** Whole microseconds below 2^32, as the next two. */
  readonly desiredMinTx: Micros;
  /** 0: wants no periodic packets. */
  readonly requiredMinRx: Micros;
  /** 0: does not do echo. */
  readonly requiredMinEchoRx: Micros;
}

/**
 * Rungs of the ladder of reception, in its order (RFC 5880 section 6.8.6). `ttl` is RFC 5881 section 5 (GTSM);
 * `source-port` is not among them: section 4 tells senders which ports to use, not receivers to check.
 */
export const DROP_REASONS = [
  'short',
  'version',
  'length',
  'detect-multiplier',
  'multipoint',
  'my-discriminator',
  'your-discriminator',
  'no-session',
  'ttl',
  'authentication',
  'admin-down',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Bytes of the mandatory section. */
export const MANDATORY_BYTES = 24;
export const PROTOCOL_VERSION = 1;

export const FLAG_POLL = 0x20;
export const FLAG_FINAL = 0x10;
export const FLAG_CONTROL_PLANE_INDEPENDENT = 0x08;
export const FLAG_AUTHENTICATION = 0x04;
export const FLAG_DEMAND = 0x02;
export const FLAG_MULTIPOINT = 0x01;
