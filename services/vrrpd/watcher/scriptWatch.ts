import { clearScript } from '../../shared/script/clearance.js';
import type { AccountDatabase } from '../../shared/script/identity.js';
import type { ScriptRun } from '../../shared/script/outcome.js';
import { succeeded } from '../../shared/script/outcome.js';
import type { RunningScript, ScriptRunner } from '../../shared/script/run.js';
import type { Clock } from '../../shared/time/clock.js';
import { after, elapsed, type Instant, micros, toMillis } from '../../shared/time/duration.js';
import type { TrackScriptConfig } from '../config/model.js';
import type { ScriptResult, WatchRequest } from '../track/wire.js';

/** As whom scripts run, and whether insecure ones do. */
export type ScriptRules = Pick<WatchRequest, 'user' | 'group' | 'security'>;

/** What a watch of scripts works with. */
export interface ScriptWatchParts {
  readonly clock: Clock;
  readonly accounts: AccountDatabase;
  readonly runner: ScriptRunner;
  readonly tell: (result: ScriptResult) => void;
  readonly warn: (text: string) => void;
}

/** Runs scripts again and again, each in its own rhythm, never two of one at a time. */
export class ScriptWatch {
  readonly #parts: ScriptWatchParts;
  readonly #loops = new Map<string, ScriptLoop>();
  readonly #warned = new Set<string>();

  constructor(parts: ScriptWatchParts) {
    this.#parts = parts;
  }

  /** Runs these from now on. A script whose command is the same is not disturbed, whatever else changed. */
  configure(scripts: readonly TrackScriptConfig[], rules: ScriptRules): void {
    const wanted = new Map(scripts.map((script) => [script.name, script]));
    for (const [name, loop] of this.#loops) {
      const script = wanted.get(name);
      if (script !== undefined && sameCommand(script, loop.config)) continue;
      loop.stop();
      this.#loops.delete(name);
    }
    for (const script of scripts) {
      const loop = this.#loops.get(script.name);
      if (loop === undefined) this.#loops.set(script.name, new ScriptLoop(script, rules, this.#parts, this.#warned));
      else loop.change(script, rules);
    }
  }

  /** Ends all scripts with their children; resolves when they are gone. */
  async stop(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
    this.#loops.clear();
  }
}

/** Same program, arguments and user. */
export const sameCommand = (a: TrackScriptConfig, b: TrackScriptConfig): boolean =>
  a.command.user === b.command.user &&
  a.command.group === b.command.group &&
  a.command.argv.length === b.command.argv.length &&
  a.command.argv.every((word, index) => word === b.command.argv[index]);

class ScriptLoop {
  config: TrackScriptConfig;
  #rules: ScriptRules;
  readonly #parts: ScriptWatchParts;
  readonly #warned: Set<string>;
  #dueAt: Instant;
  #timer: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;
  /** The running script's time is over, and that was told. */
  #timedOut = false;
  #running: RunningScript | undefined;
  #current: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(config: TrackScriptConfig, rules: ScriptRules, parts: ScriptWatchParts, warned: Set<string>) {
    this.config = config;
    this.#rules = rules;
    this.#parts = parts;
    this.#warned = warned;
    this.#dueAt = parts.clock.now();
    this.#turn();
  }

  change(config: TrackScriptConfig, rules: ScriptRules): void {
    const rhythm = config.interval !== this.config.interval;
    const earliest = after(this.#parts.clock.now(), config.interval);
    this.config = config;
    this.#rules = rules;
    if (!rhythm || this.#timer === undefined || this.#dueAt <= earliest) return;
    this.#dueAt = earliest;
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#running?.stop();
    await this.#current;
  }

  #turn(): void {
    this.#timer = undefined;
    this.#current = this.#once().then(() => {
      if (this.#stopped) return;
      const now = this.#parts.clock.now();
      const next = after(this.#dueAt, this.config.interval);
      // A run that took longer than the interval swallows the turns it covered.
      const missed = Math.max(0, Math.ceil(elapsed(next, now) / this.config.interval));
      this.#dueAt = after(next, micros(missed * this.config.interval));
      this.#arm();
    });
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const wait = Math.max(0, toMillis(elapsed(this.#parts.clock.now(), this.#dueAt)));
    this.#timer = setTimeout(() => this.#turn(), wait);
  }

  async #once(): Promise<void> {
    const run = await this.#run();
    clearTimeout(this.#limit);
    if (this.#stopped || run.outcome.kind === 'stopped') return;
    if (!this.#timedOut) this.#tell(run);
    this.#timedOut = false;
  }

  #tell({ outcome, duration, outputTail }: ScriptRun): void {
    const at = this.#parts.clock.now();
    const shown = succeeded(outcome) ? '' : outputTail;
    this.#parts.tell({ kind: 'script', name: this.config.name, at, outcome, duration, outputTail: shown });
  }

  async #run(): Promise<ScriptRun> {
    try {
      return await this.#start();
    } catch (error) {
      return cannotStart(error instanceof Error ? error.message : String(error));
    }
  }

  async #start(): Promise<ScriptRun> {
    const { accounts, runner } = this.#parts;
    const { name, command, timeout } = this.config;
    const cleared = await clearScript(accounts, command, this.#rules);
    if (!cleared.ok) return cannotStart(cleared.reason);
    const { argv, identity, risk } = cleared;
    if (risk !== undefined) {
      this.#warnOnce(
        `vrrp_script ${name}: ${command.argv[0]} runs as root and could be replaced by others: ${risk}; enable_script_security would refuse it`,
      );
    }
    if (this.#stopped) return { outcome: { kind: 'stopped' }, duration: micros(0), outputTail: '' };
    this.#running = runner.run({
      argv,
      identity,
      timeout,
      output: { to: 'tail' },
    });
    // Told at once: a script that does not mind being ended may take until the grace is over.
    this.#limit = setTimeout(() => {
      this.#timedOut = true;
      this.#tell({ outcome: { kind: 'timed-out', limit: timeout }, duration: timeout, outputTail: '' });
    }, toMillis(timeout));
    const run = await this.#running.ended;
    this.#running = undefined;
    return run;
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#parts.warn(text);
  }
}

const cannotStart = (reason: string): ScriptRun => ({
  outcome: { kind: 'cannot-start', reason },
  duration: micros(0),
  outputTail: '',
});
