/** The suite on the message bus: keeps a connection, answers from the suite's status, and tells what happens. */
import { readGlobals } from '../shared/config/globals.js';
import { type DbusSettings, readDbusSettings } from '../shared/config/modules.js';
import type { Logger } from '../shared/log/logger.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import type { GetConfigurationResponse, WatchEventsResponse } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { keepServing } from '../shared/rpc/keepServing.js';
import type { ModuleReport } from '../shared/rpc/moduleMain.js';
import { type ControlClient, type KnownSuite, SuiteView } from '../shared/rpc/suiteView.js';
import { answer, type Call, type Reply, type Task } from './answer.js';
import { BusConnection } from './busConnection.js';
import { type Naming, objectTree } from './objects.js';
import { maySignal, signalsOf, stateSignal, wholeSignal } from './signals.js';

/** A reload may wait for every service. */
const RELOAD_DEADLINE_MS = 60_000;

export interface DaemonOptions {
  readonly control: ControlClient;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly report: (report: ModuleReport) => void;
  /** Address of the bus. */
  readonly address: string;
}

/** A failed call, told to whoever made it. */
const failure = (text: string): Extract<Reply, { readonly kind: 'error' }> => ({
  kind: 'error',
  name: 'org.freedesktop.DBus.Error.Failed',
  text,
});

export class DbusDaemon {
  readonly #options: DaemonOptions;
  readonly #suite: SuiteView;
  #bus: BusConnection | undefined;
  #inUse = '';
  /** The suite ends, and not only this process. */
  #stopping = false;
  /** As last asked for: enough to name what an event is about. */
  #known: KnownSuite | undefined;
  /** Signals go out in the order of the events. */
  #signals: Promise<void> = Promise.resolve();

  constructor(options: DaemonOptions) {
    this.#options = options;
    const { control, logger, signal } = options;
    this.#suite = new SuiteView({
      control,
      logger,
      signal,
      onEvent: (event) => this.#onEvent(event),
      onLost: (reason) => options.report({ ready: false, detail: reason }),
    });
  }

  /** Keeps a connection until the end. */
  async run(): Promise<void> {
    const { signal, report } = this.#options;
    await keepServing({ suite: this.#suite, signal, report, serve: (opened) => this.#serve(opened) });
    await this.#signals;
  }

  /** One connection, from its beginning to its end; why it ended, undefined when another name ends it. */
  async #serve(opened: () => void): Promise<string | undefined> {
    const { address, report, signal } = this.#options;
    const { configuration } = await this.#current();
    const settings = settingsOf(configuration);
    this.#inUse = JSON.stringify(settings);
    const { serviceName } = settings;
    let bus: BusConnection;
    try {
      bus = await BusConnection.open({ address, name: serviceName, answer: (call) => this.#answer(call) });
    } catch (error) {
      return `the bus at ${address} cannot be used as ${serviceName}: ${describeRpcError(error)}`;
    }
    this.#bus = bus;
    opened();
    report({ ready: true, detail: `is ${serviceName} on ${address}` });
    const naming = namingOf(configuration);
    bus.emit(wholeSignal('VrrpStarted', naming));
    // What happened while the bus was opened is in the states; what happens from now on comes in its turn.
    this.#signals = this.#signals.then(() => this.#tellStates(bus, naming)).catch((error) => this.#leftOut(error));
    const close = (): void => {
      // The last word, after those of the instances.
      void this.#signals.finally(() => {
        if (this.#stopping) bus.emit(wholeSignal('VrrpStopped', naming));
        bus.close();
      });
    };
    signal.addEventListener('abort', close);
    const reason = await bus.ended;
    signal.removeEventListener('abort', close);
    this.#bus = undefined;
    return this.#inUse === '' ? undefined : `${address}: ${reason}`;
  }

  async #answer(call: Call): Promise<Exclude<Reply, { readonly kind: 'task' }>> {
    try {
      const { status, configuration } = await this.#current();
      const reply = answer(call, objectTree(namingOf(configuration), status.vrrp?.instances ?? []));
      return reply.kind === 'task' ? await this.#do(reply.task) : reply;
    } catch (error) {
      return failure(this.#suite.problem || describeRpcError(error));
    }
  }

  async #do(task: Task): Promise<Exclude<Reply, { readonly kind: 'task' }>> {
    const { control } = this.#options;
    const done: Reply = { kind: 'values', signature: '', body: [] };
    if (task !== 'reload') {
      await control.writeDumps({ statistics: task === 'statistics' });
      return done;
    }
    const { accepted, diagnostics } = await control.reload({}, { deadlineMs: RELOAD_DEADLINE_MS });
    if (accepted) return done;
    return failure(`the configuration was refused: ${diagnostics.map(({ message }) => message).join('; ')}`);
  }

  async #current(): Promise<KnownSuite> {
    this.#known = await this.#suite.current();
    return this.#known;
  }

  #onEvent(event: WatchEventsResponse): void {
    if (event.event?.$case === 'supervisor' && event.event.value.code === 'stopping') this.#stopping = true;
    if (!maySignal(event)) return;
    const reloaded = event.event?.$case === 'supervisor' && event.event.value.code === 'reloaded';
    // Whoever asks because of the signal is answered with what follows from the event.
    this.#suite.outdated();
    this.#signals = this.#signals
      .then(() => this.#tell(event))
      .then(() => (reloaded ? this.#reloaded() : undefined))
      .catch((error: unknown) => this.#leftOut(error));
  }

  /** The beginning of a connection: how every instance is now. */
  async #tellStates(bus: BusConnection, naming: Naming): Promise<void> {
    this.#suite.outdated();
    const { status } = await this.#current();
    for (const instance of status.vrrp?.instances ?? []) bus.emit(stateSignal(instance, naming));
  }

  #leftOut(error: unknown): void {
    this.#options.logger.warn(`a signal was left out: ${describeRpcError(error)}`);
  }

  #tell(event: WatchEventsResponse): void {
    if (this.#bus === undefined || this.#known === undefined) return;
    const { configuration, status } = this.#known;
    for (const signal of signalsOf(event, namingOf(configuration), status.vrrp?.instances ?? []))
      this.#bus.emit(signal);
  }

  /** Another name needs another connection. */
  async #reloaded(): Promise<void> {
    const { configuration } = await this.#current();
    if (JSON.stringify(settingsOf(configuration)) === this.#inUse) return;
    this.#inUse = '';
    this.#bus?.close();
  }
}

/** `global_defs` is in every part. */
const settingsOf = ({ services: [first] }: GetConfigurationResponse): DbusSettings =>
  readDbusSettings(readGlobals(first?.tree ?? { files: [], statements: [] }));

const namingOf = (configuration: GetConfigurationResponse): Naming => ({
  settings: settingsOf(configuration),
  networkNamespace: configuration.networkNamespace,
  instanceName: configuration.instanceName,
});
