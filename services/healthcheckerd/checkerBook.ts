/**
 * The checkers that run: started at evenly spread times, stepped, shared by all real servers that want exactly the same check,
 * found again after a reload.
 */
import { createHash } from 'node:crypto';
import type { Logger } from '../shared/log/logger.js';
import type { Clock } from '../shared/time/clock.js';
import { DeadlineQueue } from '../shared/time/deadlineQueue.js';
import { after, elapsed, type Instant, type Micros, millis } from '../shared/time/duration.js';
import { CheckDurations } from './checkDurations.js';
import {
  type CheckerAction,
  type CheckerEvent,
  type CheckerState,
  type CheckResult,
  initialChecker,
  nextDue,
  step,
} from './checker.js';
import { rulesOf } from './checkerRules.js';
import { checkerKeyword, checkerText } from './checkerText.js';
import type { CheckerConfig } from './config/checkerModel.js';
import { plainText } from './planChanges.js';
import type { Prober } from './probe.js';
import type { ResumeRecord } from './resumeRecord.js';
import type { RunningChecker, ServerRuntime } from './runtime.js';

/** Successive multiples of the golden ratio fill an interval evenly, however many there are. */
const GOLDEN_RATIO = 0.618_033_988_749_895;

/** How long checks are started in one go. With more checks than this machine can do, whoever asks us still gets an answer. */
const TURN: Micros = millis(5);

/** Who hears of checkers. */
export interface CheckerListener {
  verdict(checker: RunningChecker, verdict: Extract<CheckerAction, { kind: 'verdict' }>, now: Instant): void;
  /** The weight a checker gives changed, the verdict did not. */
  weight(checker: RunningChecker): void;
  /** Something worth showing changed that is no transition. */
  changed(checker: RunningChecker, now: Instant): void;
}

export interface CheckerBookOptions {
  readonly clock: Clock;
  readonly prober: Prober;
  readonly logger: Logger;
  readonly listener: CheckerListener;
  /** The next deadline may have changed. */
  readonly rearm: () => void;
  /** 0..1: where the spread of the first checks begins; differs between machines so that they do not check in step. */
  readonly spreadStart: number;
  readonly resume: ResumeRecord;
}

export class CheckerBook {
  readonly #options: CheckerBookOptions;
  readonly #queue = new DeadlineQueue<RunningChecker>();
  readonly #checkers = new Map<string, RunningChecker>();
  /** Of all checks since this process started. */
  readonly durations = new CheckDurations();
  #spread: number;

  constructor(options: CheckerBookOptions) {
    this.#options = options;
    this.#spread = options.spreadStart;
  }

  /** Before a configuration is put in force: nobody employs a checker until `employ` says so again. */
  release(): void {
    for (const checker of this.#checkers.values()) checker.servers.clear();
  }

  /**
   * The checker for a configuration of `server`: one that does this check already, or a new one, which starts from the old
   * verdict of the one it replaces (`earlier`) or of a killed predecessor of this process.
   */
  employ(
    server: ServerRuntime,
    config: CheckerConfig,
    earlier: RunningChecker | undefined,
    now: Instant,
  ): RunningChecker {
    // As digests: the texts of ten thousand checkers would take megabytes.
    const key = createHash('sha1').update(plainText(config)).digest('base64');
    const known = this.#checkers.get(key);
    if (known !== undefined) {
      known.config = config;
      known.servers.add(server);
      return known;
    }
    if (isNew(config, earlier?.config) && this.#options.resume.checker(key) === undefined) {
      this.#options.prober.prepare?.(config);
    }
    const rules = rulesOf(config);
    this.#spread = (this.#spread + GOLDEN_RATIO) % 1;
    const phase = Math.floor(this.#spread * rules.warmup) as Micros;
    const state = this.#firstState(key, earlier, rules, now, phase);
    const servers = new Set([server]);
    const checker: RunningChecker = { key, config, rules, state, servers, phase, cancel: undefined };
    this.#checkers.set(key, checker);
    this.#queue.set(checker, nextDue(state));
    return checker;
  }

  #firstState(
    key: string,
    earlier: RunningChecker | undefined,
    rules: RunningChecker['rules'],
    now: Instant,
    phase: Micros,
  ): CheckerState {
    const fresh = initialChecker(rules, now, phase);
    if (earlier !== undefined) {
      // The old verdict stands until the changed check has spoken, with all its retries.
      const { failedUrl: _, ...old } = earlier.state;
      const waiting = earlier.state.phase.kind === 'suspended' ? earlier.state.phase : fresh.phase;
      return { ...old, phase: waiting, retries: 0, url: 0 };
    }
    const saved = this.#options.resume.checker(key);
    if (saved === undefined) return fresh;
    const soon = saved.retries > 0 ? Math.min(phase, rules.delayBeforeRetry) : phase;
    return { ...fresh, ...saved, phase: { kind: 'waiting', dueAt: after(now, soon as Micros) } };
  }

  /** After a configuration is in force: checkers nobody employs end. */
  sweep(): void {
    for (const checker of this.#checkers.values()) {
      if (checker.servers.size > 0) continue;
      this.#end(checker);
      this.#checkers.delete(checker.key);
      this.#options.resume.forgetChecker(checker.key);
    }
  }

  /** Ends all checks. */
  stop(): void {
    for (const checker of this.#checkers.values()) this.#end(checker);
    this.#checkers.clear();
  }

  #end(checker: RunningChecker): void {
    checker.cancel?.();
    checker.cancel = undefined;
    this.#queue.set(checker, undefined);
  }

  /** When `runDue` wants to be called next. */
  nextDeadline(): Instant | undefined {
    return this.#queue.next();
  }

  /** Starts the checks whose time has come, or as many of them as a turn allows; the others are still due then. */
  runDue(now: Instant): void {
    const { clock } = this.#options;
    const end = after(now, TURN);
    for (let due = this.#queue.takeDue(now); due !== undefined; due = this.#queue.takeDue(now)) {
      this.#step(due.item, { kind: 'due' }, now);
      if (clock.now() >= end) return;
    }
  }

  /** Pauses the checkers all of whose servers are suspended, and resumes the others. */
  updateSuspension(now: Instant): void {
    for (const checker of this.#checkers.values()) {
      let suspended = true;
      for (const { virtual } of checker.servers) suspended &&= virtual.suspended;
      if (suspended === (checker.state.phase.kind === 'suspended')) continue;
      this.#step(checker, suspended ? { kind: 'suspend' } : { kind: 'resume', firstDelay: checker.phase }, now);
    }
  }

  #step(checker: RunningChecker, event: CheckerEvent, now: Instant): void {
    const before = checker.state;
    const { state, actions } = step(before, event, checker.rules, now);
    checker.state = state;
    this.#queue.set(checker, nextDue(state));
    if (event.kind === 'ended') {
      this.#options.resume.saveChecker(checker.key, before, state);
      // A state that is followed (BFD) takes no time.
      if (before.phase.kind === 'running') {
        this.durations.record(checkerKeyword(checker.config), elapsed(before.phase.startedAt, now));
      }
    }
    for (const action of actions) this.#act(checker, action, now);
  }

  #act(checker: RunningChecker, action: CheckerAction, now: Instant): void {
    const { config } = checker;
    const { listener, logger, prober } = this.#options;
    switch (action.kind) {
      case 'start':
        checker.cancel = prober.start(config, (result) => this.#ended(checker, result), checker.state.url);
        return;
      case 'cancel':
        checker.cancel?.();
        checker.cancel = undefined;
        return;
      case 'failed-once':
        if (config.timing.logAllFailures) {
          logger.info(`${checkerText(config)}: ${action.reason}, ${action.retriesLeft} retries left`);
        }
        listener.changed(checker, now);
        return;
      case 'undecided':
        logger.warn(`${checkerText(config)} could not be done: ${action.reason}`);
        return;
      case 'weight':
        listener.weight(checker);
        return;
      case 'verdict':
        listener.verdict(checker, action, now);
        return;
    }
  }

  #ended(checker: RunningChecker, result: CheckResult): void {
    if (checker.rules.standing !== true) checker.cancel = undefined;
    this.#step(checker, { kind: 'ended', result }, this.#options.clock.now());
    this.#options.rearm();
  }
}

/** Nobody looked after this before; for FILE_CHECK another file counts, not other options. */
const isNew = (config: CheckerConfig, earlier: CheckerConfig | undefined): boolean =>
  earlier === undefined || (config.kind === 'file' && !(earlier.kind === 'file' && earlier.path === config.path));
