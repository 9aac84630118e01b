import { formatDuration, type Micros } from '../time/duration.js';

/** How one run of a script ended. */
export type ScriptOutcome =
  | { readonly kind: 'exited'; readonly code: number }
  /** Ended by a signal that did not come from us. */
  | { readonly kind: 'signalled'; readonly signal: string }
  /** Ran longer than allowed: it and everything in its process group was ended. */
  | { readonly kind: 'timed-out'; readonly limit: Micros }
  /** Ended because the daemon that ran it was told to stop. */
  | { readonly kind: 'stopped' }
  /** Never ran: the reason names the file and what to do. */
  | {
      readonly kind: 'cannot-start';
      readonly reason: string;
      /** The machine had no process, memory or descriptor to spare: a later try may succeed. */
      readonly passing?: true;
    };

/** EAGAIN, EMFILE, ENFILE, ENOMEM of fork(2), pipe(2) and open(2): they go away when something else on the machine ends. */
export const isPassing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(?:EAGAIN|EMFILE|ENFILE|ENOMEM)$/.test(String(error.code));

/** What is known of a run when it is over. */
export interface ScriptRun {
  readonly outcome: ScriptOutcome;
  readonly duration: Micros;
  /** The last bytes it wrote to stdout and stderr, in the order of writing. */
  readonly outputTail: string;
}

/** True only for exit status 0. */
export const succeeded = (outcome: ScriptOutcome): boolean => outcome.kind === 'exited' && outcome.code === 0;

/** Writes an outcome for a human: `exit 1`, `killed by SIGSEGV`, `killed after 90 s`. */
export function describeOutcome(outcome: ScriptOutcome): string {
  switch (outcome.kind) {
    case 'exited':
      return `exit ${outcome.code}`;
    case 'signalled':
      return `killed by ${outcome.signal}`;
    case 'timed-out':
      return `killed after ${formatDuration(outcome.limit)}`;
    case 'stopped':
      return 'ended because the daemon stops';
    case 'cannot-start':
      return outcome.reason;
  }
}
