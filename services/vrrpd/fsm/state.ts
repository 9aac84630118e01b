import type { Instant, Micros } from '../../shared/time/duration.js';
import type { RouterSettings } from './settings.js';

/** The last advertisement heard for this virtual router. */
export interface HeardAdvert {
  readonly source: Uint8Array;
  readonly priority: number;
  readonly at: Instant;
}

interface Common {
  readonly settings: RouterSettings;
  readonly heard: HeardAdvert | undefined;
}

/** Initialize (RFC 3768 6.4.1): not started, or stopped. */
export interface InitState extends Common {
  readonly kind: 'init';
}

/** Backup (RFC 3768 6.4.2). */
export interface BackupState extends Common {
  readonly kind: 'backup';
  /** Master_Adver_Interval: ours until one is learned (version 3). */
  readonly masterAdverInterval: Micros;
  /** When Master_Down_Timer was last set, and to what. */
  readonly timerSetAt: Instant;
  readonly timerFor: DownTimer;
  /** Master_Down_Timer. */
  readonly masterDownAt: Instant;
  /** Until then a lower-priority master is followed (`preempt_delay`); unset while none is heard. */
  readonly preemptDelayUntil: Instant | undefined;
}

/**
 * What Master_Down_Timer was set to: the whole Master_Down_Interval; only Skew_Time because the master said goodbye;
 * or, after a stall of our own, one interval to hear whether someone took over.
 */
export type DownTimer = 'master-down' | 'skew' | 'listen';

/** Master (RFC 3768 6.4.3), "Active" in RFC 9568. */
export interface MasterState extends Common {
  readonly kind: 'master';
  /** Adver_Timer. */
  readonly adverAt: Instant;
  readonly lastAdvertAt: Instant;
  /** When a lower-priority master was last answered. */
  readonly answeredAt: Instant | undefined;
  /** When the addresses were last announced because of one. */
  readonly announcedAt: Instant | undefined;
  /** One was heard since then: the next advertisement comes with another announcement. */
  readonly announcePending: boolean;
  /** The master it took over from by preemption: its last word is no conflict. */
  readonly displaced: HeardAdvert | undefined;
}

/** keepalived's FAULT: as Initialize, until what is tracked recovers. */
export interface FaultState extends Common {
  readonly kind: 'fault';
}

/**
 * A master on its way out: it said goodbye with priority 0 and advertises no more, but answers for the addresses until it
 * hears the new master, so that clients do not wait out the skew time of the backups.
 */
export interface LeavingState extends Common {
  readonly kind: 'leaving';
  /** By then every backup that heard the goodbye has acted. */
  readonly leaveAt: Instant;
  /** It only hands over and stays in the election as a backup; unset: it leaves for good. */
  readonly yielding: { readonly text: string; readonly ifAlone: 'stay' | 'leave' } | undefined;
}

/** One virtual router. Deadlines are part of it; nothing else remembers anything. */
export type RouterState = InitState | BackupState | MasterState | FaultState | LeavingState;

export type StateKind = RouterState['kind'];

/** The state before startup. */
export function initialState(settings: RouterSettings): InitState {
  return { kind: 'init', settings, heard: undefined };
}

/** When `step` wants the next `deadline` event; undefined while it waits for something else. */
export function nextDeadline(state: RouterState): Instant | undefined {
  switch (state.kind) {
    case 'backup':
      return state.masterDownAt;
    case 'master':
      return state.adverAt;
    case 'leaving':
      return state.leaveAt;
    default:
      return undefined;
  }
}
