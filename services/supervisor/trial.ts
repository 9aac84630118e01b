/** A configuration on trial: unless it is confirmed in time, the one before it comes back, whatever dies in between. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeIfThere } from '../shared/rpc/pidFile.js';
import type { Clock } from '../shared/time/clock.js';
import {
  after,
  elapsed,
  type Instant,
  instant,
  type Micros,
  micros,
  millis,
  toMillis,
} from '../shared/time/duration.js';
import { type ConfigParts, partsFromJson } from './parts.js';

/** How soon a rollback that failed is tried again. */
const RETRY: Micros = millis(5_000);
/** Longest delay of a Node.js timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What comes back. */
export interface Before {
  readonly parts: ConfigParts;
  /** As {@link AcceptedConfig.appliedFrom}. */
  readonly appliedFrom: string;
}

/** What is kept of a trial in the run directory. */
interface TrialRecord {
  readonly source: string;
  /** On the monotonic clock: a clock that is set does not shorten a trial. */
  readonly deadline: Instant;
  readonly boot: string;
  readonly before: Before;
}

export interface TrialOptions {
  readonly runDir: string;
  readonly clock: Clock;
  /** Puts a configuration in force again; false when it was refused. */
  readonly restore: (before: Before, source: string) => Promise<boolean>;
  /** Told when a trial ends or a rollback fails. */
  readonly tell: (code: 'rolled-back' | 'rollback-failed', text: string) => void;
  readonly bootId?: () => string;
}

const fileIn = (runDir: string): string => join(runDir, 'keepwatchd.trial');

export class TrialKeeper {
  readonly #options: TrialOptions;
  readonly #bootId: () => string;
  #record: TrialRecord | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ending: Promise<boolean> | undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
    this.#bootId = options.bootId ?? (() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
  }

  /** What is on trial, and for how much longer. */
  get pending(): { readonly source: string; readonly remaining: Micros } | undefined {
    if (this.#record === undefined) return undefined;
    const remaining = elapsed(this.#options.clock.now(), this.#record.deadline);
    return { source: this.#record.source, remaining: micros(Math.max(0, remaining)) };
  }

  /** Before the configuration is put in force: from now on what comes back is written down. Throws the file system's error. */
  begin(source: string, before: Before, duration: Micros): void {
    const { clock, runDir } = this.#options;
    const record = { source, before, deadline: after(clock.now(), duration), boot: this.#bootId() };
    const file = fileIn(runDir);
    const text = JSON.stringify({
      ...record,
      before: { appliedFrom: before.appliedFrom, parts: Object.fromEntries(before.parts) },
    });
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#record = record;
    this.#arm(record.deadline);
  }

  /** Goes on with a trial that an earlier supervisor began; one of another boot of the machine is over. */
  resume(): void {
    const record = readRecord(this.#options.runDir);
    if (record === undefined) return;
    if (record.boot !== this.#bootId()) {
      this.#forget();
      return;
    }
    this.#record = record;
    this.#arm(record.deadline);
  }

  /** Keeps the configuration; false when none is on trial. */
  confirm(): boolean {
    if (this.#record === undefined || this.#ending !== undefined) return false;
    this.#forget();
    return true;
  }

  /** What was to be tried was refused: nothing is on trial. */
  cancel(): void {
    this.#forget();
  }

  /** Ends the trial now; false when none is on trial. Rejects nothing: a refused rollback is told and tried again. */
  rollback(): Promise<boolean> {
    this.#ending ??= this.#rollback().finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async #rollback(): Promise<boolean> {
    const record = this.#record;
    if (record === undefined) return false;
    const { restore, tell, clock } = this.#options;
    clearTimeout(this.#timer);
    let restored = false;
    try {
      restored = await restore(record.before, record.source);
    } catch (error) {
      tell('rollback-failed', error instanceof Error ? error.message : String(error));
    }
    if (!restored) {
      tell('rollback-failed', `the configuration before ${record.source} was refused; tried again in 5 s`);
      this.#arm(after(clock.now(), RETRY));
      return false;
    }
    this.#forget();
    tell('rolled-back', `${record.source} was not confirmed: the configuration before it is in force again`);
    return true;
  }

  #arm(deadline: Instant): void {
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.ceil(toMillis(elapsed(this.#options.clock.now(), deadline))));
    this.#timer = setTimeout(
      () => {
        if (elapsed(deadline, this.#options.clock.now()) < 0) this.#arm(deadline);
        else void this.rollback();
      },
      Math.min(wait, LONGEST_TIMER_MS),
    );
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#record = undefined;
    removeIfThere(fileIn(this.#options.runDir));
  }
}

function readRecord(runDir: string): TrialRecord | undefined {
  try {
    const found = JSON.parse(readFileSync(fileIn(runDir), 'utf8')) as {
      source: string;
      deadline: number;
      boot: string;
      before: { parts: Parameters<typeof partsFromJson>[0]; appliedFrom: string };
    };
    const { source, deadline, boot, before } = found;
    return {
      source,
      deadline: instant(deadline),
      boot,
      before: { parts: partsFromJson(before.parts), appliedFrom: before.appliedFrom },
    };
  } catch {
    // None, or one that was damaged: there is nothing to come back to.
    return undefined;
  }
}
