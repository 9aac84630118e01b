/** Which notifications are already known. Pure. */
import type { NotificationId } from '../shared/rpc/generated/keepwatch/v1/notify.js';

/** How many incarnations of one service are remembered: one runs, an older one may still be resent by the relay. */
const INCARNATIONS_PER_SERVICE = 8;

/** The highest notification taken from each (service, incarnation). A source numbers upwards and the relay keeps its order. */
export class HighWaterMarks {
  /** Service to incarnation to mark; incarnations in the order of last use. */
  readonly #marks = new Map<string, Map<string, NotificationId>>();

  /** True when this id, or a later one of the same incarnation, was taken before. */
  knows(id: NotificationId): boolean {
    const mark = this.#marks.get(id.service)?.get(id.incarnation);
    if (mark === undefined) return false;
    return id.sequence < mark.sequence || (id.sequence === mark.sequence && id.index <= mark.index);
  }

  /** Remembers an id as taken; an older one changes nothing. */
  raise(id: NotificationId): void {
    if (this.knows(id)) return;
    let incarnations = this.#marks.get(id.service);
    if (incarnations === undefined) {
      incarnations = new Map();
      this.#marks.set(id.service, incarnations);
    }
    incarnations.delete(id.incarnation);
    incarnations.set(id.incarnation, id);
    const [oldest] = incarnations.keys();
    if (incarnations.size > INCARNATIONS_PER_SERVICE && oldest !== undefined) incarnations.delete(oldest);
  }

  /** Every mark, in an order in which raising them again gives the same marks. */
  all(): NotificationId[] {
    return [...this.#marks.values()].flatMap((incarnations) => [...incarnations.values()]);
  }
}
