/** Counters and the latest results, for people. Pure. */
import type { NotifyResult, NotifyState } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import { RESULTS_KEPT } from './journalRecord.js';

/** What the counters of {@link NotifyState} count: since the process started. */
export class Ledger {
  readonly #recent: NotifyResult[] = [];
  #scriptsOk = 0n;
  #scriptsFailed = 0n;
  #mailsOk = 0n;
  #mailsFailed = 0n;
  #fifoLines = 0n;

  /** The latest results, oldest first. */
  get recent(): readonly NotifyResult[] {
    return this.#recent;
  }

  /** Shows results of a former life; they are not counted again. */
  restore(results: readonly NotifyResult[]): void {
    this.#recent.push(...results);
    this.#trim();
  }

  /** Counts and remembers a result; `lines` that reached a FIFO. */
  add(result: NotifyResult, lines: number): void {
    if (result.kind === 'script' && result.ok) this.#scriptsOk++;
    if (result.kind === 'script' && !result.ok) this.#scriptsFailed++;
    if (result.kind === 'mail' && result.ok) this.#mailsOk++;
    if (result.kind === 'mail' && !result.ok) this.#mailsFailed++;
    this.#fifoLines += BigInt(lines);
    this.#recent.push(result);
    this.#trim();
  }

  state(live: Pick<NotifyState, 'queued' | 'running' | 'oldestAgeMs'>): NotifyState {
    return {
      ...live,
      scriptsOk: this.#scriptsOk,
      scriptsFailed: this.#scriptsFailed,
      mailsOk: this.#mailsOk,
      mailsFailed: this.#mailsFailed,
      fifoLines: this.#fifoLines,
      recent: [...this.#recent],
    };
  }

  #trim(): void {
    if (this.#recent.length > RESULTS_KEPT) this.#recent.splice(0, this.#recent.length - RESULTS_KEPT);
  }
}
