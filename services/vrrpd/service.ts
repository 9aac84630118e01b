import type { Interpretation, Diagnostic as PlainDiagnostic } from '../shared/config/diagnostic.js';
import type { SchedulingConfig } from '../shared/config/scheduling.js';
import type { BootText } from '../shared/kernel/linkPorts.js';
import type { Kernel } from '../shared/kernel/ports.js';
import type { Logger } from '../shared/log/logger.js';
import { wireDiagnostics } from '../shared/rpc/diagnostics.js';
import type { BfdReading } from '../shared/rpc/generated/keepwatch/v1/bfd.js';
import type { ConfigTree, Diagnostic } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { ServiceState } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { Notification } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { isStopping, refused } from '../shared/rpc/refusal.js';
import type { ConfigureOutcome, EventSink, PlanOutcome, ServiceBehaviour } from '../shared/rpc/service.js';
import type { Clock } from '../shared/time/clock.js';
import { type Micros, micros } from '../shared/time/duration.js';
import type { NotifyConfig, VrrpConfig } from './config/model.js';
import { diffConfigs } from './configDiff.js';
import { VrrpEngine } from './engine.js';
import type { EngineChange, Notice } from './engineHost.js';
import { checkMachine, checkScripts, type ProgramProblem } from './machineCheck.js';
import { noticeFor, notificationFor, statesNotification } from './notifications.js';
import { planMoves, plannedChanges, type Standing } from './planChanges.js';
import type { ResumeRecord } from './resumeRecord.js';
import { changeEvent, wholeState } from './snapshot.js';
import type { SpeakerRight } from './speakerLock.js';
import { reportSessions } from './track/bfdReadings.js';
import type { OpenWatch } from './track/watch.js';
import { Understudy, type UnderstudyParts } from './understudy.js';

/** What the service is built from. */
export interface VrrpServiceParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kernel: Kernel;
  readonly events: EventSink;
  readonly interpret: (tree: ConfigTree) => Interpretation<VrrpConfig>;
  /** Opens what watches scripts, files and processes. */
  readonly openWatch: OpenWatch;
  /** Opens the resume record. Called once, when the first configuration comes. */
  readonly openResume: () => ResumeRecord;
  /** Keeps what was changed on this machine beside addresses. */
  readonly machine: BootText;
  readonly defer: (task: () => void) => void;
  readonly applyScheduling: (wanted: SchedulingConfig) => readonly string[];
  readonly programProblem: ProgramProblem;
  /** `impairments()` may answer differently now. */
  readonly impairmentsChanged: () => void;
  readonly right: SpeakerRight;
  /** Present for a process that stands by. */
  readonly standby?: StandbyParts;
}

/** What standing by needs besides. */
export interface StandbyParts extends Pick<UnderstudyParts, 'readResume' | 'kill'> {
  /** This process speaks now. */
  readonly tookOver: () => void;
}

const NO_STATE: ServiceState = {
  state: { $case: 'vrrp', value: { instances: [], groups: [], interfaceDrops: [], trackers: [], pace: undefined } },
};

/** vrrpd as the lifecycle service sees it. */
export class VrrpService implements ServiceBehaviour {
  readonly name = 'vrrpd';
  readonly #parts: VrrpServiceParts;
  #engine: VrrpEngine | undefined;
  /** Why the engine could not be opened. */
  #kernelProblem: string | undefined;
  /** Orders in force; they may come before the engine is there. */
  #orders: readonly Order[] = [];
  #stopped = false;
  /** While a configuration is put in force its deleted instances are told with the settings they had. */
  #previous: VrrpConfig | undefined;
  /** Present while it stands by. */
  #understudy: Understudy | undefined;
  /** What is put in force when it takes over. */
  #prepared: VrrpConfig | undefined;

  constructor(parts: VrrpServiceParts) {
    this.#parts = parts;
    const { standby } = parts;
    if (standby !== undefined) {
      this.#understudy = new Understudy({
        ...parts,
        ...standby,
        takeOver: () => {
          this.#takeOver();
          standby.tookOver();
        },
      });
    }
  }

  async validate(tree: ConfigTree): Promise<Diagnostic[]> {
    const { model, diagnostics } = this.#parts.interpret(tree);
    return wireDiagnostics([...diagnostics, ...(model === undefined ? [] : await this.#machineFindings(model))]);
  }

  async plan(tree: ConfigTree): Promise<PlanOutcome> {
    const { model, diagnostics } = this.#parts.interpret(tree);
    if (model === undefined) return { diagnostics: wireDiagnostics(diagnostics), changes: [] };
    const found = await this.#machineFindings(model);
    const diff = diffConfigs(this.#engine?.config, model);
    return {
      diagnostics: wireDiagnostics([...diagnostics, ...found]),
      changes: plannedChanges(diff),
      moves: planMoves(diff, this.#standings()),
    };
  }

  async configure(tree: ConfigTree): Promise<ConfigureOutcome> {
    const { model, diagnostics } = this.#parts.interpret(tree);
    if (model === undefined) return refused(diagnostics);
    const engine = this.#stopped ? undefined : this.#open();
    const found = [...diagnostics, ...(engine === undefined ? [] : await this.#machineFindings(model))];
    if (this.#stopped) return refused([...found, isStopping(this.name)]);
    if (engine === undefined) return refused([...found, this.#cannotOpen()]);
    if (found.some((diagnostic) => diagnostic.severity === 'error')) return refused(found);
    if (this.#understudy !== undefined) return this.#prepare(model, found);
    const right = this.#parts.right.take();
    if (!right.ok) return refused([...found, anotherSpeaks(right.heldBy)]);
    const changes = plannedChanges(engine.diff(model));
    this.#previous = engine.config;
    engine.apply(model);
    this.#previous = undefined;
    this.#parts.impairmentsChanged();
    return { accepted: true, diagnostics: wireDiagnostics(found), changes };
  }

  steer(orders: readonly Order[]): void {
    this.#orders = orders;
    if (!this.#stopped) this.#engine?.steer(orders);
  }

  state(): ServiceState {
    const engine = this.#engine;
    if (engine === undefined || this.#understudy !== undefined) return NO_STATE;
    return { state: { $case: 'vrrp', value: wholeState(engine, this.#parts.clock.now()) } };
  }

  impairments(): string[] {
    const kernel = this.#kernelProblem === undefined ? [] : [this.#kernelProblem];
    return [...kernel, ...(this.#stopped ? [] : (this.#engine?.impairments() ?? []))];
  }

  patience(): Micros | undefined {
    const instances = (this.#prepared ?? this.#engine?.config)?.instances ?? [];
    if (instances.length === 0) return undefined;
    // Without the skew time, which depends on priorities of others.
    return micros(
      Math.min(...instances.map(({ advertInterval, election }) => election.downTimerAdverts * advertInterval)),
    );
  }

  async activate(): Promise<void> {
    if (this.#understudy === undefined) return;
    const right = this.#parts.right.take();
    if (!right.ok) throw new Error(anotherSpeaks(right.heldBy).message);
    this.#takeOver();
  }

  async stop(options: { readonly keepKernelState: boolean }): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const standsBy = this.#understudy !== undefined;
    this.#understudy?.close();
    await this.#engine?.stop(options.keepKernelState || standsBy);
    this.#parts.right.release();
  }

  /** Takes note of what to put in force later, and gets the process ready to be quick then. */
  #prepare(model: VrrpConfig, found: readonly PlainDiagnostic[]): ConfigureOutcome {
    // What an engine read when it was opened is from before this configuration was put in force.
    void this.#engine?.stop(true);
    this.#engine = undefined;
    this.#prepared = model;
    this.#open()?.pace.apply(model, true);
    this.#understudy?.configure(model);
    return { accepted: true, diagnostics: wireDiagnostics(found), changes: [] };
  }

  #takeOver(): void {
    this.#understudy?.close();
    this.#understudy = undefined;
    const model = this.#prepared;
    this.#prepared = undefined;
    this.#parts.logger.warn('the process that spoke is gone: taking over');
    if (model !== undefined) this.#engine?.apply(model);
    this.#parts.impairmentsChanged();
  }

  /** Takes in what BFD sessions there are, and how they are. */
  informBfd(sessions: readonly BfdReading[]): void {
    if (this.#engine === undefined || this.#stopped) return;
    reportSessions(this.#engine.trackers, sessions, this.#parts.clock.wall());
  }

  #standings(): ReadonlyMap<string, Standing> {
    return new Map(
      [...(this.#engine?.routers.values() ?? [])].map(({ name, state, standing }) => [
        name,
        {
          state: state.kind === 'leaving' ? 'master' : state.kind,
          effectivePriority: standing.effectivePriority,
          heardPriority: state.kind === 'backup' ? state.heard?.priority : undefined,
        },
      ]),
    );
  }

  #open(): VrrpEngine | undefined {
    if (this.#engine !== undefined) return this.#engine;
    const { clock, logger, kernel, defer, applyScheduling } = this.#parts;
    try {
      this.#engine = new VrrpEngine({
        clock,
        kernel,
        logger,
        defer,
        applyScheduling,
        resume: this.#parts.openResume(),
        machine: this.#parts.machine,
        openWatch: this.#parts.openWatch,
        changed: (change) => this.#publish(change),
      });
      this.#engine.steer(this.#orders);
      this.#kernelProblem = undefined;
    } catch (error) {
      this.#kernelProblem = error instanceof Error ? error.message : String(error);
      logger.error(`cannot run VRRP here: ${this.#kernelProblem}`);
    }
    this.#parts.impairmentsChanged();
    return this.#engine;
  }

  #cannotOpen(): PlainDiagnostic {
    return {
      severity: 'error',
      code: 'kernel-refuses',
      message: `vrrpd cannot run on this machine: ${this.#kernelProblem ?? 'stopped'}`,
      hint: 'vrrpd needs the capabilities NET_ADMIN and NET_RAW',
    };
  }

  /** What only the machine can tell; without the kernel nothing can be told. */
  async #machineFindings(model: VrrpConfig): Promise<PlainDiagnostic[]> {
    const engine = this.#open();
    if (engine === undefined) return [];
    const scripts = await checkScripts(model, this.#parts.programProblem);
    // The record belongs to the process that speaks; that has checked the same configuration.
    const known = this.#understudy === undefined ? engine.knownInstances() : model.instances.map(({ name }) => name);
    return [...checkMachine(model, { interfaces: engine.links.names(), knownInstances: new Set(known) }), ...scripts];
  }

  #publish(change: EngineChange): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    const event = changeEvent(engine, change, this.#parts.clock.now());
    const notifications = [
      change.transition === undefined
        ? undefined
        : this.#notification(engine, change.transition, change.departed?.notify),
      change.notice === undefined ? undefined : this.#notice(engine, change.notice),
      change.reloaded === true ? this.#states(engine) : undefined,
    ].filter((notification) => notification !== undefined);
    // A notice that nobody wants to hear is no event.
    if (notifications.length === 0 && change.notice?.kind === 'lower-priority') return;
    this.#parts.events.publish({ event: { $case: 'vrrp', value: event }, notifications });
  }

  #notice(engine: VrrpEngine, { kind, router }: Notice): Notification | undefined {
    const global = engine.config?.global;
    if (global === undefined) return undefined;
    const { notify } = router.config;
    const group = engine.config?.groups.find(({ members }) => members.includes(router.name));
    const priorityChanges = notify.priorityChanges || group?.notify.priorityChanges === true;
    const { kind: state } = router.state;
    const { name } = router;
    const priority = router.standing.effectivePriority;
    return noticeFor(
      kind,
      { name, priority, state: state === 'master' || state === 'backup' ? state : 'other' },
      {
        notify: { ...notify, priorityChanges },
        fifoConfigured: global.fifoConfigured,
        at: this.#parts.clock.wall(),
      },
    );
  }

  #states(engine: VrrpEngine): Notification | undefined {
    const global = engine.config?.global;
    if (global?.statesOnReload !== true || !global.fifoConfigured) return undefined;
    const instances = [...engine.routers.values()].map(({ name, state, standing }) => ({
      name,
      state: state.kind,
      priority: standing.effectivePriority,
    }));
    return statesNotification(instances, engine.groups, this.#parts.clock.wall());
  }

  #notification(
    engine: VrrpEngine,
    transition: NonNullable<EngineChange['transition']>,
    departed: NotifyConfig | undefined,
  ) {
    const notify = departed ?? findNotify(engine.config, transition) ?? findNotify(this.#previous, transition);
    const global = engine.config?.global;
    if (notify === undefined || global === undefined) return undefined;
    return notificationFor(transition, {
      notify,
      routerId: global.routerId,
      mailConfigured: global.mailConfigured,
    });
  }
}

const anotherSpeaks = (pid: number | undefined): PlainDiagnostic => ({
  severity: 'error',
  code: 'another-speaks',
  message: `another vrrpd${pid === undefined ? '' : ` (pid ${pid})`} speaks for the instances of this run directory`,
  hint: 'stop it first, or choose another --run-dir',
});

function findNotify(
  config: VrrpConfig | undefined,
  transition: { readonly name: string; readonly group: boolean },
): NotifyConfig | undefined {
  const list: readonly { readonly name: string; readonly notify: NotifyConfig }[] | undefined = transition.group
    ? config?.groups
    : config?.instances;
  return list?.find((one) => one.name === transition.name)?.notify;
}
