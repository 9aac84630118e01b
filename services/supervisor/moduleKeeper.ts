/**
 * The optional processes (SNMP, D-Bus): started while the configuration asks for them, started again with growing pauses when
 * they die, ended with this process. Nothing else depends on them, so nothing waits for them.
 */
import { describeRpcError } from '../shared/rpc/errors.js';
import type { ModuleName, ModuleReport } from '../shared/rpc/moduleMain.js';
import type { Clock } from '../shared/time/clock.js';
import { micros, toMillis } from '../shared/time/duration.js';
import { type Backoff, becameReady, died, FRESH, isLooping } from './backoff.js';
import type { ProcessRights } from './processRights.js';
import type { ServiceFacts } from './status.js';

/** A module's process. */
export interface ModuleProcess {
  readonly pid: number | undefined;
  readonly startedAt: Date;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  /** Tells it to end, at once if it has to be. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface ModuleKeeperOptions {
  readonly clock: Clock;
  readonly version: string;
  /** Starts one; it says by `told` how it is. */
  readonly start: (name: ModuleName, told: (report: ModuleReport) => void) => Promise<ModuleProcess>;
  readonly rightsOf: (pid: number) => ProcessRights | undefined;
  readonly tell: (code: ModuleEventCode, text: string, name: ModuleName) => void;
  readonly onChanged: () => void;
}

export type ModuleEventCode = 'module-ready' | 'module-impaired' | 'module-died' | 'module-stopped';

/** It speaks when it has something to say: silence is no sign. */
const NONE = micros(0);
/** How long a module may take to end. */
const STOP_LIMIT_MS = 2_000;

interface Kept {
  process: ModuleProcess | undefined;
  report: ModuleReport | undefined;
  backoff: Backoff;
  restarts: number;
  timer: NodeJS.Timeout | undefined;
  detail: string;
  /** Nobody wants it any more. */
  leaving: boolean;
}

export class ModuleKeeper {
  readonly #options: ModuleKeeperOptions;
  readonly #kept = new Map<ModuleName, Kept>();
  #stopped = false;

  constructor(options: ModuleKeeperOptions) {
    this.#options = options;
  }

  /** From now on these are to run, and no others. */
  follow(wanted: ReadonlySet<ModuleName>): void {
    if (this.#stopped) return;
    for (const [name, kept] of this.#kept) if (!wanted.has(name)) void this.#end(name, kept);
    for (const name of wanted) {
      if (this.#kept.has(name)) continue;
      const kept: Kept = {
        process: undefined,
        report: undefined,
        backoff: FRESH,
        restarts: 0,
        timer: undefined,
        detail: 'starting',
        leaving: false,
      };
      this.#kept.set(name, kept);
      void this.#start(name, kept);
    }
  }

  /** Ends all of them; {@link resume} lets them be started again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#kept].map(([name, kept]) => this.#end(name, kept)));
  }

  /** After a {@link stop} that led to nothing. */
  resume(wanted: ReadonlySet<ModuleName>): void {
    this.#stopped = false;
    this.follow(wanted);
  }

  facts(): ServiceFacts[] {
    const { clock, version, rightsOf } = this.#options;
    return [...this.#kept].map(([name, { process, report, backoff, restarts, timer, detail }]) => {
      const rights = process?.pid === undefined ? undefined : rightsOf(process.pid);
      return {
        name,
        phase: timer !== undefined ? 'restarting' : report === undefined ? 'starting' : 'ready',
        pid: process?.pid,
        version,
        incarnation: '',
        restarts,
        startedAt: process?.startedAt,
        silence: NONE,
        generation: 0n,
        impairments: report?.ready === false ? [report.detail] : [],
        detail,
        looping: isLooping(backoff, clock.now()),
        origin: 'spawned',
        rights: rights === undefined ? undefined : { ...rights, unconfined: '' },
      };
    });
  }

  async #start(name: ModuleName, kept: Kept): Promise<void> {
    const { start, onChanged } = this.#options;
    kept.timer = undefined;
    kept.report = undefined;
    kept.detail = 'starting';
    try {
      const process = await start(name, (report) => this.#told(name, kept, report));
      kept.process = process;
      void process.ended.then((how) => this.#died(name, kept, how));
      if (kept.leaving) process.stop('SIGTERM');
    } catch (error) {
      this.#died(name, kept, `cannot start: ${describeRpcError(error)}`);
    }
    onChanged();
  }

  #told(name: ModuleName, kept: Kept, report: ModuleReport): void {
    const { clock, tell } = this.#options;
    kept.report = report;
    kept.detail = '';
    kept.backoff = becameReady(kept.backoff, clock.now());
    tell(report.ready ? 'module-ready' : 'module-impaired', `${name}: ${report.detail}`, name);
  }

  #died(name: ModuleName, kept: Kept, how: string): void {
    kept.process = undefined;
    kept.report = undefined;
    if (kept.leaving) return;
    const { clock, tell } = this.#options;
    const { backoff, delay } = died(kept.backoff, clock.now());
    const { readySince: _, ...rest } = backoff;
    kept.backoff = rest;
    kept.restarts++;
    kept.detail = how;
    kept.timer = setTimeout(() => void this.#start(name, kept), toMillis(delay));
    tell('module-died', `${name}: ${how}; started again in ${(toMillis(delay) / 1000).toFixed(1)} s`, name);
  }

  async #end(name: ModuleName, kept: Kept): Promise<void> {
    this.#kept.delete(name);
    kept.leaving = true;
    clearTimeout(kept.timer);
    const { process } = kept;
    if (process === undefined) return;
    process.stop('SIGTERM');
    const late = setTimeout(() => process.stop('SIGKILL'), STOP_LIMIT_MS);
    await process.ended;
    clearTimeout(late);
    this.#options.tell('module-stopped', `${name} was stopped`, name);
  }
}
