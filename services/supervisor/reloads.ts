/** Configurations that people put in force: the first one, a reload of the file, one from elsewhere, and trials. */
import { type PlainDiagnostic, plainDiagnostics, wireDiagnostics } from '../shared/rpc/diagnostics.js';
import type { ConfigTree } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { Clock } from '../shared/time/clock.js';
import type { Micros } from '../shared/time/duration.js';
import { type AcceptedConfig, isInForce } from './acceptedConfig.js';
import type { Configuration, LoadedParts, ReloadOutcome, ReloadPlan } from './configuration.js';
import type { Deployment } from './deployment.js';
import type { Roster } from './roster.js';
import { type Before, TrialKeeper } from './trial.js';

export interface ReloadsOptions {
  readonly runDir: string;
  readonly configFile: string;
  readonly clock: Clock;
  readonly judge: (tree: ConfigTree) => LoadedParts;
  readonly configuration: Configuration;
  readonly deployment: Deployment;
  readonly roster: Roster;
  /** A reload begins. */
  readonly onBegin: () => void;
  readonly tell: (code: ReloadEventCode, text: string) => void;
}

export type ReloadEventCode = 'reloaded' | 'reload-refused' | 'confirmed' | 'rolled-back' | 'rollback-failed';

export class Reloads {
  readonly #options: ReloadsOptions;
  readonly trial: TrialKeeper;

  /** Whoever is asked for another configuration before the first one would start every service a second time. */
  readonly #begun: Promise<void>;
  #begin: () => void = () => {};

  constructor(options: ReloadsOptions) {
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#options = options;
    this.trial = new TrialKeeper({
      runDir: options.runDir,
      clock: options.clock,
      restore: (before, source) => this.#restore(before, source),
      tell: (code, text) => options.tell(code, text),
    });
  }

  /**
   * The configuration a supervisor begins with. `record` is what an earlier one had put in force, `newest` the newest
   * generation that a running service has: where the two agree nothing is done about a file that says the same, and what is
   * in force stays when the file has errors.
   */
  async first(initial: LoadedParts, record: AcceptedConfig | undefined, newest: bigint): Promise<ReloadOutcome> {
    try {
      return await this.#first(initial, record, newest);
    } finally {
      this.#begin();
    }
  }

  async #first(initial: LoadedParts, record: AcceptedConfig | undefined, newest: bigint): Promise<ReloadOutcome> {
    const { configuration, deployment, roster, tell } = this.#options;
    const resumable = record !== undefined && record.generation === newest && newest > 0n;
    if (resumable) configuration.resume(record);
    const stays = resumable && (record.appliedFrom !== '' || isInForce(record, initial));
    if (stays) {
      await roster.gather(record.parts);
      await deployment.configureStragglers();
      return { accepted: true, generation: newest, diagnostics: [], changes: [] };
    }
    const outcome = await configuration.put(initial);
    if (!outcome.accepted && resumable) {
      tell('reload-refused', 'the configuration file has errors: going on with the one in force');
      await deployment.configureStragglers();
      return { ...outcome, accepted: true };
    }
    if (outcome.accepted) await deployment.configureStragglers();
    return outcome;
  }

  /** Reads the configuration file and puts it in force everywhere, or nowhere. */
  async reload(): Promise<ReloadOutcome> {
    await this.#begun;
    this.#options.onBegin();
    const outcome = this.trial.pending === undefined ? await this.#options.configuration.reload() : this.#onTrial();
    await this.#tellOutcome(outcome);
    return outcome;
  }

  /**
   * Puts a configuration in force that was read elsewhere. With `confirmWithin` for a trial: it goes unless
   * {@link confirm} is called in time.
   */
  async apply(tree: ConfigTree, source: string, confirmWithin: Micros): Promise<ReloadOutcome> {
    await this.#begun;
    const { configuration, configFile, judge } = this.#options;
    const before = configuration.accepted;
    if (this.trial.pending !== undefined) return this.#onTrial();
    const own = source === configFile;
    const loaded = { ...judge(tree), ...(own ? {} : { appliedFrom: source }) };
    const trial = confirmWithin > 0 && before !== undefined;
    if (trial) this.trial.begin(source, before, confirmWithin);
    const outcome = await configuration.put(loaded);
    if (trial && !outcome.accepted) this.trial.cancel();
    await this.#tellOutcome(outcome);
    return outcome;
  }

  /** Keeps what is on trial; false when nothing is. */
  confirm(): boolean {
    const source = this.trial.pending?.source;
    if (!this.trial.confirm()) return false;
    this.#options.tell('confirmed', `${source} was confirmed and stays in force`);
    return true;
  }

  /** What a reload would do: with the suite's own file, or with another configuration. Changes nothing. */
  async plan(tree: ConfigTree | undefined): Promise<ReloadPlan> {
    await this.#begun;
    const { configuration, judge } = this.#options;
    return await configuration.plan(tree === undefined ? undefined : judge(tree));
  }

  async #restore({ parts, appliedFrom }: Before, source: string): Promise<boolean> {
    const { configuration, deployment } = this.#options;
    // The suite's own file may still say what was on trial: a restart must not put that in force again.
    const from = appliedFrom === '' ? `the configuration before ${source}` : appliedFrom;
    const outcome = await configuration.put({ parts, diagnostics: [], appliedFrom: from });
    await deployment.configureStragglers();
    return outcome.accepted;
  }

  #onTrial(): ReloadOutcome {
    const finding: PlainDiagnostic = {
      severity: 'error',
      code: 'on-trial',
      message: `${this.trial.pending?.source} is on trial`,
      hint: 'keepwatchctl confirm keeps it, keepwatchctl rollback ends the trial',
    };
    const { generation } = this.#options.configuration;
    return { accepted: false, generation, diagnostics: wireDiagnostics([finding]), changes: [] };
  }

  async #tellOutcome(outcome: ReloadOutcome): Promise<void> {
    this.#options.tell(outcome.accepted ? 'reloaded' : 'reload-refused', outcomeText(outcome));
    await this.#options.deployment.configureStragglers();
  }
}

/** The outcome of a reload in one sentence. */
function outcomeText({ accepted, generation, changes, diagnostics }: ReloadOutcome): string {
  if (accepted) return `generation ${generation} is in force: ${counted(changes.length, 'change')}`;
  const errors = plainDiagnostics(diagnostics).filter(({ severity }) => severity === 'error');
  const first = errors[0];
  const position = first?.position;
  const at = position === undefined ? '' : ` at ${position.file}:${position.line}:${position.column}`;
  const which = errors.length > 1 ? ', the first' : '';
  return `reload refused, generation ${generation} runs on: ${counted(errors.length, 'error')}${which}${at}: ${first?.message}`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
