import type { Micros } from '../../shared/time/duration.js';
import type { ControlPacket, SessionStateName } from '../packet/controlPacket.js';
import type { RemoteSide, SessionSettings } from './state.js';

/** What is kept of a session of a process that was killed. */
export interface ResumedSession {
  readonly remote: RemoteSide;
  readonly desiredMinTx: Micros;
  readonly requiredMinRx: Micros;
  readonly txInForce: Micros;
  readonly rxInForce: Micros;
  readonly polling: boolean;
}

/** All that can happen to a session. */
export type SessionEvent =
  | { readonly kind: 'start' }
  /** The process was restarted within the time the other end waits: the session goes on as Up. */
  | { readonly kind: 'resume'; readonly from: ResumedSession }
  /** A packet that passed the ladder and belongs to this session. */
  | { readonly kind: 'packet'; readonly packet: ControlPacket }
  /** `nextDeadline` has come; a stale one does nothing. */
  | { readonly kind: 'deadline' }
  | { readonly kind: 'settings'; readonly settings: SessionSettings }
  /** Leaves: AdminDown, told to the other end. */
  | { readonly kind: 'shutdown' };

/** Why a session changed its state. */
export type Cause =
  | { readonly code: 'resumed' }
  | { readonly code: 'handshake' }
  | { readonly code: 'detection-expired'; readonly detectionTime: Micros; readonly silentFor: Micros }
  | { readonly code: 'neighbor-down'; readonly diagnostic: number }
  | { readonly code: 'neighbor-admin-down'; readonly diagnostic: number }
  | { readonly code: 'shutdown' };

/** What the shell has to do, in this order. */
export type SessionAction =
  | { readonly kind: 'send'; readonly packet: ControlPacket }
  | { readonly kind: 'enter'; readonly from: SessionStateName; readonly to: SessionStateName; readonly cause: Cause };
