import type { Instant } from './duration.js';

interface Entry<Item> {
  readonly item: Item;
  at: Instant;
  /** When it was set, among all settings: equal deadlines come in that order. */
  order: number;
  /** Index in the heap. */
  position: number;
}

/** The next of many deadlines, one per item: a binary heap, so that thousands share one timer cheaply. */
export class DeadlineQueue<Item> {
  readonly #heap: Entry<Item>[] = [];
  readonly #entries = new Map<Item, Entry<Item>>();
  #settings = 0;

  /** Sets, moves or (`undefined`) removes the deadline of an item. */
  set(item: Item, at: Instant | undefined): void {
    const entry = this.#entries.get(item);
    if (at === undefined) {
      if (entry !== undefined) this.#remove(entry);
      return;
    }
    if (entry === undefined) {
      const added: Entry<Item> = { item, at, order: ++this.#settings, position: this.#heap.length };
      this.#entries.set(item, added);
      this.#heap.push(added);
      this.#up(added);
      return;
    }
    if (entry.at === at) return;
    const earlier = at < entry.at;
    entry.at = at;
    entry.order = ++this.#settings;
    if (earlier) this.#up(entry);
    else this.#down(entry);
  }

  /** The earliest deadline. */
  next(): Instant | undefined {
    return this.#heap[0]?.at;
  }

  /** The item whose deadline is the earliest, with that deadline. */
  first(): { readonly item: Item; readonly at: Instant } | undefined {
    return this.#heap[0];
  }

  /** The deadline of one item. */
  get(item: Item): Instant | undefined {
    return this.#entries.get(item)?.at;
  }

  /** Takes out the item with the earliest deadline when that is not after `now`. */
  takeDue(now: Instant): { readonly item: Item; readonly at: Instant } | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#remove(first);
    return first;
  }

  #remove(entry: Entry<Item>): void {
    this.#entries.delete(entry.item);
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, entry.position);
    this.#up(last);
    this.#down(last);
  }

  #up(entry: Entry<Item>): void {
    while (entry.position > 0) {
      const parentPosition = (entry.position - 1) >> 1;
      const parent = this.#heap[parentPosition];
      if (parent === undefined || before(parent, entry)) return;
      this.#swap(entry, parent);
    }
  }

  #down(entry: Entry<Item>): void {
    for (;;) {
      const left = this.#heap[entry.position * 2 + 1];
      const right = this.#heap[entry.position * 2 + 2];
      const child = right !== undefined && left !== undefined && before(right, left) ? right : left;
      if (child === undefined || before(entry, child)) return;
      this.#swap(entry, child);
    }
  }

  #swap(left: Entry<Item>, right: Entry<Item>): void {
    const position = left.position;
    this.#place(left, right.position);
    this.#place(right, position);
  }

  #place(entry: Entry<Item>, position: number): void {
    entry.position = position;
    this.#heap[position] = entry;
  }
}

function before<Item>(one: Entry<Item>, other: Entry<Item>): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
