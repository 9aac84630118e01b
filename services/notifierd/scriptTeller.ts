/** Runs the scripts of notifications. */
import type { Logger } from '../shared/log/logger.js';
import type { ScriptCall } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import { clearScript } from '../shared/script/clearance.js';
import type { AccountDatabase } from '../shared/script/identity.js';
import { describeOutcome, type ScriptRun, succeeded } from '../shared/script/outcome.js';
import { groupAlive, signalGroup } from '../shared/script/processGroup.js';
import { KILL_GRACE, type RunningScript, type ScriptRunner } from '../shared/script/run.js';
import type { Clock } from '../shared/time/clock.js';
import { elapsed, formatDuration, millis, toMillis } from '../shared/time/duration.js';
import type { ScriptConfig } from './config/model.js';
import type { LeftScript, Spool, SpoolEntry } from './spool.js';
import type { TaskResult } from './taskResult.js';

/** How often a script that a predecessor began is looked at. */
const LEFT_POLL_MS = 50;
/** Waits before another try of a script the machine could not start: doubled from the first to the longest. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

export interface ScriptTellerOptions {
  readonly accounts: AccountDatabase;
  readonly runner: ScriptRunner;
  /** Absent: no record of running scripts may be kept on disk. */
  readonly spool: Spool | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A command line as people read it; words that need it are quoted. */
export const commandLine = (argv: readonly string[]): string =>
  argv.map((word) => (/^[\w/.,:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');

const result = (ok: boolean, detail: string, run?: Partial<ScriptRun>): TaskResult => ({
  ok,
  detail,
  duration: run?.duration ?? millis(0),
  outputTail: run?.outputTail ?? '',
  attempts: 1,
});

/** One try of a script: how it ended, whether it is worth another one, and what proves that it ran. */
interface Attempt {
  readonly result: TaskResult;
  readonly passing: boolean;
  readonly entry?: SpoolEntry | undefined;
}

const failed = (reason: string, passing = false): Attempt => ({ result: result(false, reason), passing });

export class ScriptTeller {
  readonly #options: ScriptTellerOptions;
  readonly #running = new Set<RunningScript>();
  /** Insecurities told once. */
  readonly #warned = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #leaving = false;
  #stopping = false;

  constructor(options: ScriptTellerOptions) {
    this.#options = options;
  }

  /** Goes most of the way of a script without one: code that was never called takes its time when called first. */
  async rehearse(config: ScriptConfig): Promise<void> {
    await clearScript(this.#options.accounts, { argv: ['/bin/sh'] }, config);
    this.#spoolEntry('rehearsal')?.remove();
  }

  /**
   * Runs one script to its end. `finished` is called with the result before the proof of the run is removed, so that
   * there is no moment at which a crash would run it again. It is not called for a script left to a successor. A script
   * that the machine cannot start now, for want of memory, processes or descriptors, is tried again for as long as it
   * would have been allowed to run.
   */
  async tell(
    jobKey: string,
    call: ScriptCall,
    config: ScriptConfig,
    finished: (result: TaskResult) => void,
  ): Promise<void> {
    const { clock, log } = this.#options;
    const begun = clock.now();
    let wait = FIRST_RETRY_MS;
    for (let attempts = 1; ; attempts++) {
      const attempt = await this.#attempt(jobKey, call, config);
      if (this.#leaving) {
        attempt.entry?.leave();
        return;
      }
      if (!attempt.passing || this.#stopping || elapsed(begun, clock.now()) >= config.timeout) {
        finished({ ...attempt.result, attempts });
        attempt.entry?.remove();
        return;
      }
      attempt.entry?.remove();
      if (attempts === 1)
        log.warn(`${commandLine(call.argv)} cannot be started now and is tried again: ${attempt.result.detail}`);
      await this.#pause(wait);
      wait = Math.min(wait * 2, LONGEST_RETRY_MS);
    }
  }

  async #attempt(jobKey: string, call: ScriptCall, config: ScriptConfig): Promise<Attempt> {
    const { accounts, runner, log } = this.#options;
    const { argv, user, group } = call;
    const script = { argv, ...(user === '' ? {} : { user }), ...(group === '' ? {} : { group }) };
    const cleared = await clearScript(accounts, script, config);
    if (!cleared.ok) return failed(cleared.reason, cleared.passing);
    if (cleared.risk !== undefined) this.#warnOnce(cleared.risk, argv[0] ?? '');
    const entry = this.#spoolEntry(jobKey);
    const running = runner.run({
      argv: cleared.argv,
      identity: cleared.identity,
      timeout: config.timeout,
      output: entry === undefined ? { to: 'tail' } : { to: 'file', fd: entry.fd, readTail: () => entry.readTail() },
      ...(entry === undefined
        ? {}
        : { gate: { receiptFd: entry.fd, beforeStart: (pid: number) => nameOrLog(entry, pid, log) } }),
    });
    this.#running.add(running);
    const run = await running.ended;
    this.#running.delete(running);
    return {
      result: result(succeeded(run.outcome), describeOutcome(run.outcome), run),
      passing: run.outcome.kind === 'cannot-start' && run.outcome.passing === true,
      entry,
    };
  }

  /** Ends early when this process is to end. */
  async #pause(ms: number): Promise<void> {
    if (this.#stopping || this.#leaving) return;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(over);
        resolve();
      };
      const timer = setTimeout(over, ms);
      this.#waiting.add(over);
    });
  }

  /**
   * Waits for a script that a killed predecessor began, as long as it may still run, then ends it. Undefined when it
   * never began, so that it has to be run.
   */
  async follow(left: LeftScript, config: ScriptConfig): Promise<TaskResult | undefined> {
    const { clock, log } = this.#options;
    const begun = clock.now();
    const used = Math.max(0, clock.wall().getTime() - left.at.getTime());
    const limit = Math.max(0, toMillis(config.timeout) - used);
    if (left.alive())
      log.info({ pid: left.pid }, 'a script begun before the restart still runs; its lane waits for it');
    let ended: string | undefined;
    while (left.alive() && !this.#leaving) {
      const waited = toMillis(elapsed(begun, clock.now()));
      if (ended === undefined && waited >= limit) {
        signalGroup(left.pid, 'SIGTERM');
        ended = `killed after ${formatDuration(config.timeout)}`;
      }
      if (waited >= limit + toMillis(KILL_GRACE)) signalGroup(left.pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, LEFT_POLL_MS));
    }
    if (ended !== undefined && groupAlive(left.pid)) signalGroup(left.pid, 'SIGKILL');
    if (!left.started()) return undefined;
    return {
      ...result(
        ended === undefined,
        ended ?? 'it ran; its exit status is not known, for notifierd was restarted meanwhile',
      ),
      outputTail: left.readTail(),
      duration: millis(used + toMillis(elapsed(begun, clock.now()))),
    };
  }

  /** Ends every running script; their results come as usual. */
  stop(): void {
    this.#stopping = true;
    for (const over of [...this.#waiting]) over();
    for (const running of this.#running) running.stop();
  }

  /** Lets running scripts go on; a successor finds them and waits for them. */
  leave(): void {
    this.#leaving = true;
    for (const over of [...this.#waiting]) over();
  }

  #spoolEntry(jobKey: string): SpoolEntry | undefined {
    try {
      return this.#options.spool?.begin(jobKey);
    } catch (error) {
      this.#options.log.warn(
        { err: error },
        'no record of the running script can be kept: if notifierd were killed now, it would run again',
      );
      return undefined;
    }
  }

  #warnOnce(insecurity: string, script: string): void {
    if (this.#warned.has(insecurity)) return;
    this.#warned.add(insecurity);
    this.#options.log.warn(
      `${script} runs as root and could be replaced by others: ${insecurity}; enable_script_security would refuse it`,
    );
  }
}

/** A record that cannot be written must not keep a script from running. */
function nameOrLog(entry: SpoolEntry, pid: number, log: Logger): void {
  try {
    entry.name(pid);
  } catch (error) {
    log.warn(
      { err: error },
      'no record of the running script can be kept: if notifierd were killed now, it would run again',
    );
  }
}
