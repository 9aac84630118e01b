import type { Interpretation, Diagnostic as PlainDiagnostic } from '../shared/config/diagnostic.js';
import type { SchedulingConfig } from '../shared/config/scheduling.js';
import type { Logger } from '../shared/log/logger.js';
import { wireDiagnostics } from '../shared/rpc/diagnostics.js';
import type { ConfigTree, Diagnostic } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { ServiceState } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { isStopping, refused } from '../shared/rpc/refusal.js';
import type { ConfigureOutcome, EventSink, PlanOutcome, ServiceBehaviour } from '../shared/rpc/service.js';
import type { Clock } from '../shared/time/clock.js';
import type { BfdConfig } from './config/model.js';
import { BfdEngine } from './engine.js';
import type { BfdKernel } from './host.js';
import { planChanges } from './planChanges.js';
import type { ResumeRecord } from './resumeRecord.js';
import { changeEvent, wholeState } from './snapshot.js';

/** What the service is built from. */
export interface BfdServiceParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kernel: BfdKernel;
  readonly events: EventSink;
  readonly interpret: (tree: ConfigTree) => Interpretation<BfdConfig>;
  /** Opens the resume record. Called once, when the first configuration comes. */
  readonly openResume: () => ResumeRecord;
  readonly random: () => number;
  readonly defer: (task: () => void) => void;
  readonly applyScheduling: (wanted: SchedulingConfig) => readonly string[];
  /** `impairments()` may answer differently now. */
  readonly impairmentsChanged: () => void;
}

const NO_STATE: ServiceState = {
  state: { $case: 'bfd', value: { sessions: [], drops: [], realtimePriority: 0, latenessWorstUs: 0n } },
};

/** bfdd as the lifecycle service sees it. */
export class BfdService implements ServiceBehaviour {
  readonly name = 'bfdd';
  readonly #parts: BfdServiceParts;
  #engine: BfdEngine | undefined;
  /** Why the engine could not be opened. */
  #kernelProblem: string | undefined;
  #stopped = false;

  constructor(parts: BfdServiceParts) {
    this.#parts = parts;
  }

  validate(tree: ConfigTree): Diagnostic[] {
    return wireDiagnostics(this.#parts.interpret(tree).diagnostics);
  }

  plan(tree: ConfigTree): PlanOutcome {
    const { model, diagnostics } = this.#parts.interpret(tree);
    const changes = model === undefined ? [] : planChanges(this.#engine?.config, model);
    return { diagnostics: wireDiagnostics(diagnostics), changes };
  }

  async configure(tree: ConfigTree): Promise<ConfigureOutcome> {
    const { model, diagnostics } = this.#parts.interpret(tree);
    if (model === undefined) return refused(diagnostics);
    if (this.#stopped) return refused([...diagnostics, isStopping(this.name)]);
    const engine = this.#open();
    if (engine === undefined) return refused([...diagnostics, this.#cannotOpen()]);
    const changes = planChanges(engine.config, model);
    engine.apply(model);
    this.#parts.impairmentsChanged();
    return { accepted: true, diagnostics: wireDiagnostics(diagnostics), changes };
  }

  state(): ServiceState {
    if (this.#engine === undefined) return NO_STATE;
    return { state: { $case: 'bfd', value: wholeState(this.#engine, this.#parts.clock.now()) } };
  }

  impairments(): string[] {
    const kernel = this.#kernelProblem === undefined ? [] : [this.#kernelProblem];
    return [...kernel, ...(this.#stopped ? [] : (this.#engine?.impairments() ?? []))];
  }

  async stop({ keepKernelState }: { readonly keepKernelState: boolean }): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#engine?.stop(keepKernelState);
  }

  #open(): BfdEngine | undefined {
    if (this.#engine !== undefined) return this.#engine;
    const { clock, kernel, logger, random, defer, applyScheduling, impairmentsChanged, events } = this.#parts;
    try {
      this.#engine = new BfdEngine({
        clock,
        kernel,
        logger,
        random,
        defer,
        applyScheduling,
        impairmentsChanged,
        resume: this.#parts.openResume(),
        changed: (change) =>
          events.publish({ event: { $case: 'bfd', value: changeEvent(change, clock.now()) }, notifications: [] }),
      });
      this.#kernelProblem = undefined;
    } catch (error) {
      this.#kernelProblem = error instanceof Error ? error.message : String(error);
      logger.error(`cannot run BFD here: ${this.#kernelProblem}`);
    }
    this.#parts.impairmentsChanged();
    return this.#engine;
  }

  #cannotOpen(): PlainDiagnostic {
    return {
      severity: 'error',
      code: 'kernel-refuses',
      message: `bfdd cannot run on this machine: ${this.#kernelProblem ?? 'stopped'}`,
    };
  }
}
