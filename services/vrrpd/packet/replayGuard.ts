import { elapsed, type Instant, type Micros } from '../../shared/time/duration.js';

/** How a guard behaves. */
export interface ReplayRules {
  /** Width of the sequence numbers in bits. */
  readonly bits: 32 | 64;
  /**
   * A sender that was silent for so long may begin anew, as one does that was restarted and counts from 1; undefined: never.
   */
  readonly forgetAfter?: Micros;
}

/** Most senders remembered at a time. Routers of one VRID are few, and only proven messages get here. */
const SENDERS = 16;

interface Mark {
  sequence: bigint;
  at: Instant;
}

/**
 * Anti-replay: the highest sequence number of each sender. Numbers are compared with serial number arithmetic (RFC 1982 3.2),
 * so their wrapping is nothing special. Ask only about messages whose check value is right: a forged one must not move a mark.
 */
export class ReplayGuard {
  readonly #rules: ReplayRules;
  /** By address; the one heard last comes last. */
  readonly #marks = new Map<string, Mark>();

  constructor(rules: ReplayRules) {
    this.#rules = rules;
  }

  /** True when `sequence` is above everything heard from `source`, which it then becomes. */
  admits(source: Uint8Array, sequence: bigint, now: Instant): boolean {
    const key = source.join('.');
    const mark = this.#marks.get(key);
    if (mark !== undefined) {
      const { forgetAfter, bits } = this.#rules;
      const forgotten = forgetAfter !== undefined && elapsed(mark.at, now) >= forgetAfter;
      if (!forgotten && !follows(sequence, mark.sequence, bits)) return false;
      this.#marks.delete(key);
    }
    this.#marks.set(key, { sequence, at: now });
    if (this.#marks.size > SENDERS) {
      const [oldest] = this.#marks.keys();
      if (oldest !== undefined) this.#marks.delete(oldest);
    }
    return true;
  }

  /** Drops marks that `expired` says no message could pass any more, so that a sender whose clock was put right is heard again. */
  expire(expired: (sequence: bigint) => boolean): void {
    for (const [key, mark] of this.#marks) if (expired(mark.sequence)) this.#marks.delete(key);
  }
}

/** RFC 1982 3.2: `left` comes after `right`. */
export function follows(left: bigint, right: bigint, bits: 32 | 64): boolean {
  return BigInt.asIntN(bits, left - right) > 0n;
}
