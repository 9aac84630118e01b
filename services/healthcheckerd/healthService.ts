/** healthcheckerd as a service: configuration, timer, state, `ha_suspend`. The conclusions are the engine's business. */
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Interpretation } from '../shared/config/diagnostic.js';
import type { SchedulingConfig } from '../shared/config/scheduling.js';
import type { ConfigTree } from '../shared/config/tree.js';
import { understoodOnce } from '../shared/config/understoodOnce.js';
import { formatIpAddress, parseIpAddress } from '../shared/net/address.js';
import { wireDiagnostics } from '../shared/rpc/diagnostics.js';
import { HealthServiceDefinition, type InformVrrpRequest } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { PlannedChange, ServiceState } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { refused } from '../shared/rpc/refusal.js';
import type { ServiceContext, StartedService } from '../shared/rpc/runService.js';
import { rpcService } from '../shared/rpc/server.js';
import type { ConfigureOutcome, PlanOutcome, ServiceBehaviour } from '../shared/rpc/service.js';
import { elapsed, type Instant, toMillis } from '../shared/time/duration.js';
import { untilTick } from './checkers/coarseTimers.js';
import type { HealthConfig } from './config/model.js';
import { HealthEngine } from './engine.js';
import { planChanges } from './planChanges.js';
import type { Prober } from './probe.js';
import { FileResumeRecord } from './resumeRecord.js';
import type { SessionBoard } from './sessionBoard.js';

/** In the run directory. */
const RESUME_FILE = 'healthcheckerd.resume';
/** setTimeout takes no more than this many milliseconds. */
const MAX_TIMER_MS = 0x7fffffff;

export interface HealthServiceOptions {
  readonly interpret: (tree: ConfigTree) => Interpretation<HealthConfig>;
  readonly prober: Prober;
  /** Where BFD_CHECK looks. */
  readonly sessions: SessionBoard;
  /** Has the process scheduled as configured; returns what is not possible here. */
  readonly applyScheduling: (wanted: SchedulingConfig) => readonly string[];
}

/** Builds healthcheckerd. */
export function startHealthService(context: ServiceContext, options: HealthServiceOptions): StartedService {
  const behaviour = new HealthBehaviour(context, options);
  return {
    behaviour,
    services: [
      rpcService(
        HealthServiceDefinition,
        {
          informVrrp: async (request) => {
            behaviour.informVrrp(request);
            return {};
          },
          informSessions: async ({ sessions }) => {
            options.sessions.inform(sessions);
            return {};
          },
        },
        // Impairments concern single checkers; being told of addresses works all the same.
        () => true,
      ),
    ],
  };
}

class HealthBehaviour implements ServiceBehaviour {
  readonly name = 'healthcheckerd';
  readonly #context: ServiceContext;
  readonly #interpret: HealthServiceOptions['interpret'];
  readonly #engine: HealthEngine;
  readonly #resume: FileResumeRecord;
  readonly #applyScheduling: HealthServiceOptions['applyScheduling'];
  #schedulingProblems: readonly string[] = [];
  #planned:
    | { readonly from: HealthConfig | undefined; readonly to: HealthConfig; readonly changes: PlannedChange[] }
    | undefined;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #armedFor: Instant | undefined;
  #stopped = false;

  constructor(context: ServiceContext, { interpret, prober, applyScheduling }: HealthServiceOptions) {
    this.#context = context;
    this.#applyScheduling = applyScheduling;
    this.#interpret = understoodOnce(interpret);
    this.#resume = new FileResumeRecord(join(context.runDir, RESUME_FILE), context.logger);
    if (this.#resume.resumes) context.logger.info('resuming the verdicts of a predecessor that was killed');
    this.#engine = new HealthEngine({
      clock: context.clock,
      prober,
      logger: context.logger,
      report: ({ event, notifications }) =>
        context.events.publish({ event: { $case: 'health', value: event }, notifications }),
      rearm: () => this.#rearm(),
      localAddresses,
      spreadStart: Math.random(),
      resume: this.#resume,
    });
  }

  validate(tree: ConfigTree) {
    return wireDiagnostics(this.#interpret(tree).diagnostics);
  }

  plan(tree: ConfigTree): PlanOutcome {
    const { model, diagnostics } = this.#interpret(tree);
    return { diagnostics: wireDiagnostics(diagnostics), changes: model === undefined ? [] : this.#changesTo(model) };
  }

  async configure(tree: ConfigTree): Promise<ConfigureOutcome> {
    const { model, diagnostics } = this.#interpret(tree);
    if (model === undefined) return refused(diagnostics);
    const changes = this.#changesTo(model);
    this.#planned = undefined;
    this.#engine.apply(model);
    this.#resume.settle();
    this.#schedulingProblems = this.#applyScheduling(model.global.scheduling);
    for (const problem of this.#schedulingProblems) this.#context.logger.warn(problem);
    return { accepted: true, diagnostics: wireDiagnostics(diagnostics), changes };
  }

  steer(orders: readonly Order[]): void {
    if (!this.#stopped) this.#engine.steer(orders);
  }

  /** What a configuration changes, which is asked when it is planned and when it is put in force. */
  #changesTo(to: HealthConfig): PlannedChange[] {
    const from = this.#engine.config;
    if (this.#planned?.from !== from || this.#planned?.to !== to) {
      this.#planned = { from, to, changes: planChanges(from, to) };
    }
    return this.#planned.changes;
  }

  /** `HealthService.InformVrrp`: the whole list of vrrpd's addresses, with prefix lengths. */
  informVrrp(request: InformVrrpRequest): void {
    const present = request.addresses
      .filter((address) => address.present)
      .flatMap(({ address }) => canonical(address.split('/')[0] ?? ''));
    this.#engine.informVrrp(new Set(present));
  }

  state(): ServiceState {
    return { state: { $case: 'health', value: this.#engine.state() } };
  }

  impairments(): string[] {
    return [...this.#schedulingProblems];
  }

  async stop({ keepKernelState }: { readonly keepKernelState: boolean }): Promise<void> {
    this.#stopped = true;
    this.#engine.stop();
    this.#resume.close(keepKernelState);
    clearTimeout(this.#timer);
  }

  /** One timer for the earliest of all deadlines. */
  #rearm(): void {
    const deadline = this.#stopped ? undefined : this.#engine.nextDeadline();
    if (deadline === this.#armedFor) return;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#armedFor = deadline;
    if (deadline === undefined) return;
    const wait = toMillis(elapsed(this.#context.clock.now(), deadline));
    // Rounded up: a timer that fires before its deadline would find nothing to do. One wake-up for all checks of a tick.
    const delay = wait <= 0 ? 0 : Math.ceil(untilTick(wait));
    const run = (): void => {
      this.#armedFor = undefined;
      if (!this.#stopped) this.#engine.runDue();
    };
    // What is late follows when others have had their turn.
    if (delay <= 0) this.#immediate = setImmediate(run);
    else this.#timer = setTimeout(run, Math.min(delay, MAX_TIMER_MS));
  }
}

/** An address in its one spelling; nothing for what is none. */
function canonical(text: string): string[] {
  const address = parseIpAddress(text);
  return address === undefined ? [] : [formatIpAddress(address)];
}

function localAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.flatMap(({ address }) => canonical(address)));
}
