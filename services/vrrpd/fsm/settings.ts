import type { Micros } from '../../shared/time/duration.js';

/** What a virtual router needs to know to play its part in the election. */
export interface RouterSettings {
  readonly version: 2 | 3;
  /** Effective priority: 1..254, or 255 for the address owner. */
  readonly priority: number;
  /** Advertisement_Interval. */
  readonly advertInterval: Micros;
  /** Preempt_Mode. */
  readonly preempt: boolean;
  /** keepalived's `preempt_delay`: for so long a lower-priority master is left alone. */
  readonly preemptDelay: Micros;
  /** Our primary address on the interface, for breaking ties. */
  readonly address: Uint8Array;
  /**
   * Answer a lower-priority master with an advertisement at once, as RFC 9568 6.4.3 and keepalived do;
   * `false` discards it silently as RFC 3768 6.4.3 and RFC 5798 do.
   */
  readonly answerLowerPriority: boolean;
  /**
   * A master that yields advertises once more after it removed the addresses (keepalived's `higher_prio_send_advert`). After
   * a partition the winner may have been heard first: without a last word it would never learn that clients still have
   * our link-layer address, and would not announce its own again.
   */
  readonly lastWord: boolean;
  /** keepalived's `down_timer_adverts`: intervals in Master_Down_Interval, 3 in the RFCs. */
  readonly downTimerAdverts: number;
  /** The best priority another router may have: it tells how long a stall of ours goes unnoticed. */
  readonly rivalPriority: number;
}
