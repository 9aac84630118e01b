/** The variables of one session (RFC 5880 section 6.8.1). Deadlines are part of it; nothing else remembers anything. */
import { type Instant, type Micros, micros } from '../../shared/time/duration.js';
import { DIAG_NONE, type SessionStateName } from '../packet/controlPacket.js';

/** What the configuration says of a session's protocol. */
export interface SessionSettings {
  /** Desired Min TX Interval while Up. */
  readonly minTx: Micros;
  /** Required Min RX Interval. */
  readonly minRx: Micros;
  /** Desired Min TX Interval while not Up. */
  readonly idleTx: Micros;
  readonly multiplier: number;
  /** Sends nothing before it has heard the other end. */
  readonly passive: boolean;
}

/** What the other end said last. */
export interface RemoteSide {
  readonly state: SessionStateName;
  /** bfd.RemoteDiscr; 0: not known. */
  readonly discriminator: number;
  readonly diagnostic: number;
  readonly minRx: Micros;
  readonly desiredMinTx: Micros;
  readonly detectMultiplier: number;
  readonly demand: boolean;
}

export interface SessionState {
  readonly settings: SessionSettings;
  /** bfd.SessionState */
  readonly state: SessionStateName;
  /** bfd.LocalDiscr; never 0. */
  readonly discriminator: number;
  /** bfd.LocalDiag */
  readonly diagnostic: number;
  readonly remote: RemoteSide;
  /** What is announced in packets. */
  readonly desiredMinTx: Micros;
  readonly requiredMinRx: Micros;
  /** What counts for the own timers: a longer sending or a shorter receiving interval waits for the poll to end (6.8.3). */
  readonly txInForce: Micros;
  readonly rxInForce: Micros;
  /** A poll sequence is going on (6.5). */
  readonly polling: boolean;
  /** The next periodic packet; absent: none is due. */
  readonly nextTx: Instant | undefined;
  readonly lastTx: Instant | undefined;
  /** The interval that `nextTx` was planned with. */
  readonly paced: Micros | undefined;
  /** AdminDown: until when that is told to the other end. */
  readonly leaveAt: Instant | undefined;
  /** The end of the detection time, or of the time the remote discriminator stays known. */
  readonly detectAt: Instant | undefined;
  readonly lastHeard: Instant | undefined;
  /** State of the generator of the jitter. */
  readonly seed: number;
}

/** RFC 5880 6.8.1: bfd.RemoteMinRxInterval MUST be initialized to 1. */
const NOTHING_HEARD: RemoteSide = {
  state: 'down',
  discriminator: 0,
  diagnostic: DIAG_NONE,
  minRx: micros(1),
  desiredMinTx: micros(0),
  detectMultiplier: 0,
  demand: false,
};

/** A session before its start. `discriminator` and `seed` should be random; neither may be 0. */
export function initialSession(settings: SessionSettings, discriminator: number, seed: number): SessionState {
  return {
    settings,
    state: 'down',
    discriminator,
    diagnostic: DIAG_NONE,
    remote: NOTHING_HEARD,
    desiredMinTx: idleInterval(settings),
    requiredMinRx: settings.minRx,
    txInForce: idleInterval(settings),
    rxInForce: settings.minRx,
    polling: false,
    nextTx: undefined,
    lastTx: undefined,
    paced: undefined,
    leaveAt: undefined,
    detectAt: undefined,
    lastHeard: undefined,
    seed,
  };
}

/** Desired Min TX Interval while not Up: never shorter than the one for Up. */
export const idleInterval = ({ idleTx, minTx }: SessionSettings): Micros => micros(Math.max(idleTx, minTx));

/** Transmit interval before jitter (RFC 5880 section 6.8.7); undefined: the other end wants none. */
export function transmitInterval(session: SessionState): Micros | undefined {
  const { remote, txInForce } = session;
  return remote.minRx === 0 ? undefined : micros(Math.max(txInForce, remote.minRx));
}

/** Detection time (RFC 5880 section 6.8.4, asynchronous mode); undefined before the first packet. */
export function detectionTime({ remote, rxInForce }: SessionState): Micros | undefined {
  if (remote.detectMultiplier === 0) return undefined;
  return micros(remote.detectMultiplier * Math.max(rxInForce, remote.desiredMinTx));
}

/** After so much silence of ours the other end takes the session down: it counts with what we announced. */
export function peerDetectionTime({ settings, desiredMinTx, remote }: SessionState): Micros {
  return micros(settings.multiplier * Math.max(desiredMinTx, remote.minRx));
}

/** When `step` wants the next `deadline` event. */
export function nextDeadline({ nextTx, detectAt, leaveAt }: SessionState): Instant | undefined {
  let earliest: Instant | undefined;
  for (const at of [nextTx, detectAt, leaveAt]) {
    if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
  }
  return earliest;
}

/** Administratively down, and the other end had its time to hear of it. */
export const isGone = ({ state, leaveAt }: SessionState): boolean => state === 'admin-down' && leaveAt === undefined;
