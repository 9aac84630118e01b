/** Whether a call may begin: role, rate, calls and streams at the same time. Without I/O; the clock is given. */
import type { Clock } from '../../shared/time/clock.js';
import { type MethodName, type MethodRule, ruleFor } from './methods.js';
import { includesRole, type Role } from './role.js';
import { type Bucket, type BucketLimits, isFull, take } from './tokenBucket.js';

/** Somebody who calls. */
export interface Caller {
  /** Whose calls count together: a certificate, a user; not a connection. */
  readonly key: string;
  readonly who: string;
  readonly from: string;
  readonly role: Role;
  /** A certificate says who it is; otherwise the operating system does. */
  readonly certified: boolean;
}

/** What one caller may do at most. */
export interface CallerLimits extends BucketLimits {
  /** Calls at the same time, streams included. */
  readonly calls: number;
  /** Streams at the same time. */
  readonly streams: number;
}

/** Why a call does not begin. */
export interface Refusal {
  readonly kind: 'role' | 'rate' | 'calls' | 'streams';
  readonly text: string;
}

/** A call that has begun; it has to be ended with {@link Gate.leave}, once. */
export interface Visit {
  readonly rule: MethodRule;
  readonly key: string;
  readonly stream: boolean;
}

interface Account {
  bucket: Bucket | undefined;
  calls: number;
  streams: number;
}

/** Callers remembered; above that, those who lack nothing are forgotten. */
const MAX_ACCOUNTS = 1_024;

export class Gate {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limits: CallerLimits;
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Pick<Clock, 'now'>, limits: CallerLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Lets a call in, or says why not. Refused calls cost a token as well: trying is not free. */
  enter({ key, who, role }: Caller, name: MethodName, stream: boolean): Visit | Refusal {
    const account = this.#account(key);
    if (!this.#pay(account)) return { kind: 'rate', text: this.#rateText(who) };
    const rule = ruleFor(name);
    if (rule === undefined) return { kind: 'role', text: `${name.method} is not for callers of this API` };
    if (!includesRole(role, rule.role)) {
      return {
        kind: 'role',
        text: `${name.method} needs the role ${rule.role}; ${who} has ${role === 'none' ? 'none' : `the role ${role}`}`,
      };
    }
    const { calls, streams } = this.#limits;
    if (account.calls >= calls) {
      return { kind: 'calls', text: `${who} has ${calls} calls open already: end some of them first` };
    }
    if (stream && account.streams >= streams) {
      return { kind: 'streams', text: `${who} has ${streams} streams open already: end some of them first` };
    }
    account.calls++;
    if (stream) account.streams++;
    return { rule, key, stream };
  }

  /** Pays for one more message in a stream of requests; the text of the refusal when that is too much. */
  payForMessage({ key, who }: Caller): string | undefined {
    return this.#pay(this.#account(key)) ? undefined : this.#rateText(who);
  }

  leave({ key, stream }: Visit): void {
    const account = this.#accounts.get(key);
    if (account === undefined) return;
    account.calls--;
    if (stream) account.streams--;
  }

  #pay(account: Account): boolean {
    const { bucket, taken } = take(account.bucket, this.#limits, this.#clock.now());
    account.bucket = bucket;
    return taken;
  }

  #rateText(who: string): string {
    const { perSecond, burst } = this.#limits;
    return `too many calls from ${who}: ${perSecond} a second are answered, ${burst} at once; wait and try again`;
  }

  #account(key: string): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    if (this.#accounts.size >= MAX_ACCOUNTS) this.#forget();
    const account: Account = { bucket: undefined, calls: 0, streams: 0 };
    this.#accounts.set(key, account);
    return account;
  }

  /** Forgets callers for whom a new account would be the same. */
  #forget(): void {
    const now = this.#clock.now();
    for (const [key, { bucket, calls }] of this.#accounts) {
      if (calls === 0 && (bucket === undefined || isFull(bucket, this.#limits, now))) this.#accounts.delete(key);
    }
  }
}
