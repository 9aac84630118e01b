import type { Instant, Micros } from '../../shared/time/duration.js';
import type { RouterSettings } from './settings.js';

/** Why an instance cannot take part. */
export interface FaultReason {
  /** `interface-down`, `interface-missing`, `no-address`, `tracked-interface`, `group`, … */
  readonly code: string;
  /** For a human: `interface eth0 is down`. */
  readonly text: string;
}

/** All that can happen to a virtual router. */
export type RouterEvent =
  /** RFC 3768 6.4.1 Startup. */
  | { readonly kind: 'startup' }
  /** The process was restarted; as MASTER it last advertised at this time. */
  | { readonly kind: 'resume'; readonly lastAdvertAt: Instant }
  /** RFC 3768 6.4 Shutdown: at once. */
  | { readonly kind: 'shutdown' }
  /** Shutdown in good order: a master answers for the addresses until it hears its successor. */
  | { readonly kind: 'leave' }
  /** An operator wants another router to be master. `ifAlone`: what becomes of a master that nobody takes over from. */
  | { readonly kind: 'yield'; readonly text: string; readonly ifAlone: 'stay' | 'leave' }
  /** An advertisement that passed the reception ladder. */
  | {
      readonly kind: 'advert';
      readonly source: Uint8Array;
      readonly priority: number;
      readonly interval: Micros;
    }
  /** `nextDeadline` has come; a stale one does nothing. */
  | { readonly kind: 'deadline' }
  /** Something tracked failed. */
  | { readonly kind: 'fault'; readonly reason: FaultReason }
  /** All that is tracked works again. */
  | { readonly kind: 'recovered' }
  /** Priority or configuration changed. */
  | { readonly kind: 'settings'; readonly settings: RouterSettings }
  /** Another member of the sync group became MASTER and takes us along. */
  | { readonly kind: 'group-master'; readonly group: string; readonly member: string }
  /** Another member of the sync group lost mastership and takes us along. */
  | { readonly kind: 'group-backup'; readonly group: string; readonly member: string };
