/** A bounded queue between code that tells things and one reader who may be slow. */

/** What {@link Mailbox.next} found. */
export type Mail<T> =
  | { readonly kind: 'item'; readonly item: T }
  /** Nothing came in time. */
  | { readonly kind: 'timeout' }
  /** No more will come: closed, overflown, or the reader's signal was aborted. */
  | { readonly kind: 'end'; readonly reason: 'closed' | 'overflow' | 'aborted' };

/**
 * The writer never waits. When the reader is `capacity` items behind, the mailbox empties itself and ends: a reader that
 * far behind is better served by a fresh start with the whole state.
 */
export class Mailbox<T> {
  readonly #capacity: number;
  #items: T[] = [];
  #ended: 'closed' | 'overflow' | undefined;
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Adds an item; false when the mailbox has ended. */
  push(item: T): boolean {
    if (this.#ended !== undefined) return false;
    if (this.#items.length >= this.#capacity) {
      this.#items = [];
      this.#end('overflow');
      return false;
    }
    this.#items.push(item);
    this.#wake?.();
    return true;
  }

  /** The reader that waits now finds that nothing came in time. */
  nudge(): void {
    this.#wake?.();
  }

  /** No more items; those already there are still read. */
  close(): void {
    this.#end('closed');
  }

  /** The next item; waits at most `timeoutMs` milliseconds. One reader at a time. */
  async next(signal: AbortSignal, timeoutMs?: number): Promise<Mail<T>> {
    if (this.#items.length === 0 && this.#ended === undefined && !signal.aborted) await this.#wait(signal, timeoutMs);
    if (signal.aborted) return { kind: 'end', reason: 'aborted' };
    if (this.#items.length > 0) return { kind: 'item', item: this.#items.shift() as T };
    if (this.#ended !== undefined) return { kind: 'end', reason: this.#ended };
    return { kind: 'timeout' };
  }

  #end(reason: 'closed' | 'overflow'): void {
    this.#ended ??= reason;
    this.#wake?.();
  }

  #wait(signal: AbortSignal, timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}
