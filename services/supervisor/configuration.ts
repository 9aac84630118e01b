/** The configuration in force: which, since when, and how the next one takes its place. */
import type { Placement } from '../shared/config/placement.js';
import type { PlainDiagnostic } from '../shared/rpc/diagnostics.js';
import { hasError, plainDiagnostics, wireDiagnostics } from '../shared/rpc/diagnostics.js';
import type { Diagnostic } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { PlannedChange, PlannedMove } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { AcceptedConfig } from './acceptedConfig.js';
import type { ConfigParts } from './parts.js';
import { placementChanges } from './placement.js';
import { applyTransaction, type Lifecycle, planTransaction, type TransactionOutcome } from './transaction.js';

/** A configuration as read from its file. */
export interface LoadedParts {
  /** Absent when the text could not be understood. */
  readonly parts?: ConfigParts;
  readonly diagnostics: readonly PlainDiagnostic[];
  /** Where the configuration wants the suite; absent: where it is. */
  readonly placement?: Placement;
  /** As {@link AcceptedConfig.appliedFrom}; absent for the suite's own file. */
  readonly appliedFrom?: string;
  /** Adds to findings of services how the text came to its place. */
  readonly trace?: (found: readonly PlainDiagnostic[]) => readonly PlainDiagnostic[];
}

/** Who takes part in a transaction, and the newest generation any of them has. */
export interface Participants {
  readonly services: ReadonlyMap<ServiceName, Lifecycle>;
  readonly newestGeneration: bigint;
}

export interface ConfigurationOptions {
  readonly load: () => LoadedParts;
  /** Brings together the services that can answer now; those that only this configuration has work for are started. */
  readonly gather: (parts: ConfigParts) => Promise<Participants>;
  /** The services that are connected, and those with work that are not; nothing is done about them. */
  readonly present: (parts: ConfigParts) => {
    readonly services: ReadonlyMap<ServiceName, Lifecycle>;
    readonly missing: readonly ServiceName[];
  };
  /** A configuration is in force everywhere: accepted, or the previous one under a new generation. */
  readonly onCommitted: (outcome: TransactionOutcome) => Promise<void>;
  readonly wall: () => Date;
}

export interface ReloadOutcome {
  readonly accepted: boolean;
  readonly generation: bigint;
  readonly diagnostics: readonly Diagnostic[];
  readonly changes: readonly PlannedChange[];
}

/** What a reload would do. */
export interface ReloadPlan {
  readonly acceptable: boolean;
  readonly generation: bigint;
  readonly diagnostics: readonly Diagnostic[];
  readonly changes: readonly PlannedChange[];
  readonly moves: readonly PlannedMove[];
}

export class Configuration {
  readonly #options: ConfigurationOptions;
  #accepted: AcceptedConfig | undefined;
  #refused: readonly Diagnostic[] = [];
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<ReloadOutcome> | undefined;
  #busy = false;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
  }

  /** What is in force; undefined before the first acceptance. */
  get accepted(): AcceptedConfig | undefined {
    return this.#accepted;
  }

  get generation(): bigint {
    return this.#accepted?.generation ?? 0n;
  }

  /** Why the last reload was refused; empty when it was not. */
  get refused(): readonly Diagnostic[] {
    return this.#refused;
  }

  /** A transaction is going on: nobody else may configure services. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Waits until no transaction goes on. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Goes on with what an earlier supervisor put in force. */
  resume(accepted: AcceptedConfig): void {
    this.#accepted = accepted;
  }

  /**
   * Reads the file and puts it in force, or not. Calls during a running reload share the one that follows it, which reads
   * the file again: however fast they come, the last state of the file is what counts.
   */
  reload(): Promise<ReloadOutcome> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#apply(this.#options.load());
    });
    this.#running = this.#next.catch(() => undefined);
    return this.#next;
  }

  /** Puts a configuration that is already loaded in force, or not. */
  put(loaded: LoadedParts): Promise<ReloadOutcome> {
    const outcome = this.#running.then(() => this.#apply(loaded));
    this.#running = outcome.catch(() => undefined);
    return outcome;
  }

  /** What putting a configuration in force would do; without one, what {@link reload} would do. Changes nothing. */
  async plan(loaded: LoadedParts = this.#options.load()): Promise<ReloadPlan> {
    const own = wireDiagnostics(loaded.diagnostics);
    const refused = (diagnostics: readonly Diagnostic[]): ReloadPlan => ({
      acceptable: false,
      generation: this.generation,
      diagnostics,
      changes: [],
      moves: [],
    });
    const { parts } = loaded;
    if (parts === undefined || hasError(own)) return refused(own);
    const impossible = this.#impossible(loaded, parts);
    if (impossible.length > 0) return refused([...own, ...wireDiagnostics(impossible)]);
    // A transaction that goes on would be planned against half of it.
    await this.#running;
    const { services, missing } = this.#options.present(parts);
    const result = await planTransaction({ participants: services, parts });
    const diagnostics = unique([
      ...own,
      ...wireDiagnostics(missing.map(notPlanned)),
      ...traced(loaded, result.diagnostics),
    ]);
    return result.acceptable ? { ...result, generation: this.generation, diagnostics } : refused(diagnostics);
  }

  async #apply(loaded: LoadedParts): Promise<ReloadOutcome> {
    const { parts, diagnostics: found } = loaded;
    this.#busy = true;
    try {
      const own = wireDiagnostics(found);
      if (parts === undefined || hasError(own)) return this.#refuse(own);
      const previous = this.#accepted;
      const impossible = this.#impossible(loaded, parts);
      if (impossible.length > 0) return this.#refuse([...own, ...wireDiagnostics(impossible)]);
      const { services, newestGeneration } = await this.#options.gather(parts);
      const inForce = previous?.generation ?? 0n;
      const generation = (newestGeneration > inForce ? newestGeneration : inForce) + 1n;
      const outcome = await applyTransaction({
        participants: services,
        parts,
        generation,
        ...(previous === undefined ? {} : { previous: previous.parts }),
      });
      const diagnostics = unique([...own, ...traced(loaded, outcome.diagnostics)]);
      if (!outcome.accepted) {
        if (previous !== undefined && outcome.generation > generation) {
          this.#accepted = { ...previous, generation: outcome.generation };
          await this.#options.onCommitted(outcome);
        }
        return this.#refuse(diagnostics);
      }
      const { appliedFrom = '', placement = previous?.placement ?? {} } = loaded;
      this.#accepted = { generation, configuredAt: this.#options.wall(), parts, placement, appliedFrom };
      this.#refused = [];
      await this.#options.onCommitted(outcome);
      return { accepted: true, generation, diagnostics, changes: outcome.changes };
    } finally {
      this.#busy = false;
    }
  }

  /** What no reload may do to the configuration in force, whatever the services think of it. */
  #impossible({ placement }: LoadedParts, parts: ConfigParts): readonly PlainDiagnostic[] {
    const inForce = this.#accepted;
    if (inForce === undefined) return [];
    if (isEmpty(parts) && !isEmpty(inForce.parts)) return [EMPTIED];
    return placement === undefined ? [] : placementChanges(inForce.placement, placement);
  }

  #refuse(diagnostics: readonly Diagnostic[]): ReloadOutcome {
    this.#refused = diagnostics;
    return { accepted: false, generation: this.generation, diagnostics, changes: [] };
  }
}

/** A file cut short or not yet written: taken at its word it would give up every address. */
const EMPTIED: PlainDiagnostic = {
  severity: 'error',
  code: 'empty-configuration',
  message: 'the configuration is empty, the one in force is not',
  hint: 'to give everything up, stop the suite',
};

const notPlanned = (name: ServiceName): PlainDiagnostic => ({
  severity: 'warning',
  code: 'not-planned',
  message: `${name} does not run or does not answer: what it would do is not part of this plan`,
});

const traced = ({ trace }: LoadedParts, found: readonly Diagnostic[]): readonly Diagnostic[] =>
  trace === undefined ? found : wireDiagnostics(trace(plainDiagnostics(found)));

function isEmpty(parts: ConfigParts): boolean {
  return [...parts.values()].every(({ statements }) => statements.length === 0);
}

/** Services find the same fault in `global_defs` one by one: it is told once. */
function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((diagnostic) => {
    const text = JSON.stringify(diagnostic);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
