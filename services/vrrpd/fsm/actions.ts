import type { Instant, Micros } from '../../shared/time/duration.js';
import type { FaultReason } from './events.js';
import type { DownTimer, StateKind } from './state.js';

/** Why a state was entered. */
export type Cause =
  | { readonly code: 'startup' }
  /** Priority 255: nobody to wait for. */
  | { readonly code: 'owner' }
  | { readonly code: 'resumed'; readonly lastAdvertAt: Instant }
  | { readonly code: 'shutdown' }
  /** Master_Down_Timer fired after `interval`. */
  | { readonly code: 'master-down-timer'; readonly timer: DownTimer; readonly interval: Micros }
  /** Master_Down_Timer fired although a master of lower priority advertises (Preempt_Mode). */
  | { readonly code: 'preempt'; readonly source: Uint8Array; readonly priority: number }
  | { readonly code: 'higher-priority-advert'; readonly source: Uint8Array; readonly priority: number }
  /** Same priority, greater address (RFC 3768 6.4.3). */
  | { readonly code: 'greater-address-advert'; readonly source: Uint8Array; readonly priority: number }
  /** We were silent for longer than any backup waits. */
  | { readonly code: 'stalled'; readonly silentFor: Micros }
  | { readonly code: 'fault'; readonly reason: FaultReason }
  /** An operator wanted another router to be master. */
  | { readonly code: 'stands-down'; readonly text: string }
  | { readonly code: 'recovered' }
  | { readonly code: 'group'; readonly group: string; readonly member: string };

/**
 * Why addresses are announced: in sets as a new master or after a conflict; or once more, because the master we took over
 * from has only now let go.
 */
export type AnnounceReason = 'became-master' | 'lower-priority-advert' | 'handed-over';

/** What the shell has to do, in this order. */
export type RouterAction =
  | { readonly kind: 'send-advert'; readonly priority: number }
  /** Put the virtual addresses on the interface; those already there are adopted. */
  | { readonly kind: 'add-addresses' }
  | { readonly kind: 'remove-addresses' }
  /** Gratuitous ARP or unsolicited neighbour advertisement for every address, repeated and paced as configured. */
  | { readonly kind: 'announce'; readonly why: AnnounceReason }
  /** Another router advertises with lower priority than ours while we are MASTER. */
  | { readonly kind: 'report-rival'; readonly source: Uint8Array; readonly priority: number }
  /** It was to hand over and nobody took over: it stays MASTER. */
  | { readonly kind: 'report-alone' }
  /** The state changed: log it, notify, tell the sync group. */
  | { readonly kind: 'enter'; readonly from: StateKind; readonly to: StateKind; readonly cause: Cause };
