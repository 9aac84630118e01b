/** The sub-agent: keeps a session with the master agent, answers it from the suite's status, and sends traps. */

import { readDbusSettings, readSnmpSettings, type SnmpSettings, servesSnmp } from '../shared/config/modules.js';
import type { Logger } from '../shared/log/logger.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import { type GetConfigurationResponse, WatchEventsResponse } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { VrrpTransition } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { keepServing } from '../shared/rpc/keepServing.js';
import type { ModuleReport } from '../shared/rpc/moduleMain.js';
import { type ControlClient, type KnownSuite, SuiteView } from '../shared/rpc/suiteView.js';
import { parseEndpoint } from './agentx/endpoint.js';
import { formatOid } from './agentx/oid.js';
import { AgentxSession, type Answer, type RequestPdu, SessionError } from './agentx/session.js';
import { globalsOf, routerIdOf } from './mib/global.js';
import { type Objects, servedObjects, servedRoots } from './mib/objects.js';
import type { Machine, ServedConfiguration } from './mib/served.js';
import { MibView } from './mibView.js';
import { Transactions } from './transactions.js';
import { mayTrap, trapsOf } from './traps.js';

/** A suite that starts may have elected its masters before this process could tell anybody. */
const BEFORE_START_MS = 15_000;
/** Events that wait for a session; more are left out and counted. */
const MAX_WAITING = 1_024;

export interface AgentOptions {
  readonly control: ControlClient;
  readonly machine: Machine;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly report: (report: ModuleReport) => void;
  /** -x and -A. */
  readonly everything: boolean;
  readonly socket: string | undefined;
}

/** What is served of one status. */
interface Built extends Objects {
  readonly of: KnownSuite;
  readonly view: MibView;
}

export class SnmpAgent {
  readonly #options: AgentOptions;
  readonly #suite: SuiteView;
  readonly #transactions: Transactions;
  #session: AgentxSession | undefined;
  #served = '';
  #built: Built | undefined;
  /** Traps go out one after the other, in the order of the events. */
  #traps: Promise<void> = Promise.resolve();
  #waiting = 0;
  #lost = 0;
  /** From when on transitions have to be told that happened without a session. */
  #untoldSince = Date.now() - BEFORE_START_MS;
  /** When the last transition happened that was told, by what it is about. */
  readonly #told = new Map<string, number>();

  constructor(options: AgentOptions) {
    this.#options = options;
    const { control, logger, signal } = options;
    this.#transactions = new Transactions({ control, objects: () => this.#objects(), logger });
    this.#suite = new SuiteView({
      control,
      logger,
      signal,
      onEvent: (event) => this.#onEvent(event),
      onLost: (reason) => options.report({ ready: false, detail: reason }),
    });
  }

  /** Keeps a session until the end. */
  async run(): Promise<void> {
    const { signal, report } = this.#options;
    await keepServing({ suite: this.#suite, signal, report, serve: (opened) => this.#serve(opened) });
    this.#session?.close();
  }

  /** One session, from its beginning to its end; why it ended, undefined when other settings end it. */
  async #serve(opened: () => void): Promise<string | undefined> {
    const { report, signal } = this.#options;
    const { configuration } = await this.#suite.current();
    const settings = this.#settings(configuration);
    this.#served = JSON.stringify(settings);
    if (!servesSnmp(settings))
      return 'the configuration asks for nothing: enable_snmp_vrrp and the like say what to serve';
    const endpoint = parseEndpoint(settings.socket);
    if ('problem' in endpoint) return endpoint.problem;
    const roots = servedRoots(settings);
    let session: AgentxSession;
    try {
      session = await AgentxSession.open({
        endpoint,
        description: 'Keepwatch',
        roots,
        answer: (request) => this.#answer(request),
      });
    } catch (error) {
      return this.#connectionProblem(error, settings);
    }
    this.#session = session;
    opened();
    report({ ready: true, detail: `serves ${roots.map(formatOid).join(', ')} by ${settings.socket}` });
    await this.#catchUp().catch((error: unknown) => this.#leftOut(describeRpcError(error)));
    const close = (): void => session.close();
    signal.addEventListener('abort', close);
    const reason = await session.ended;
    signal.removeEventListener('abort', close);
    this.#session = undefined;
    this.#untoldSince = Date.now();
    return this.#served === '' ? undefined : `${settings.socket}: ${reason.message}`;
  }

  #connectionProblem(error: unknown, { socket }: SnmpSettings): string {
    const { code, message } = error instanceof SessionError ? error : { code: undefined, message: String(error) };
    const advice =
      code === 'EACCES'
        ? `; snmpd has to let this user in: agentXPerms 0660 0550 root ${userName()} in snmpd.conf`
        : code === 'ENOENT' || code === 'ECONNREFUSED'
          ? '; is snmpd running, with "master agentx" in snmpd.conf?'
          : code === 'duplicateRegistration'
            ? '; another sub-agent has it: is keepalived running with SNMP?'
            : '';
    return `snmpd cannot be used at ${socket}: ${message}${advice}`;
  }

  #settings(configuration: GetConfigurationResponse): SnmpSettings {
    const { everything, socket } = this.#options;
    return readSnmpSettings(globalsOf(servedConfiguration(configuration)), everything, socket);
  }

  /** The objects of the suite as it is now. */
  async #objects(): Promise<Built> {
    const known = await this.#suite.current();
    if (this.#built?.of === known) return this.#built;
    const { machine } = this.#options;
    const configuration = servedConfiguration(known.configuration);
    const settings = this.#settings(known.configuration);
    const dbus = readDbusSettings(globalsOf(configuration)).enabled;
    const objects = servedObjects({ status: known.status, configuration, settings, dbus, machine });
    this.#built = { ...objects, of: known, view: new MibView(objects.objects) };
    return this.#built;
  }

  async #answer(request: RequestPdu): Promise<Answer | undefined> {
    try {
      switch (request.kind) {
        case 'get':
        case 'getNext':
        case 'getBulk':
          return { error: 'noError', index: 0, varbinds: (await this.#objects()).view.answer(request) };
        default:
          return await this.#transactions.answer(request);
      }
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'a request could not be answered');
      return { error: 'genErr', index: 1, varbinds: [] };
    }
  }

  #onEvent(event: WatchEventsResponse): void {
    if (event.event?.$case === 'supervisor' && event.event.value.code === 'reloaded') void this.#reloaded();
    if (!mayTrap(event)) return;
    if (this.#waiting >= MAX_WAITING) {
      this.#leftOut('they come faster than they can be sent');
      return;
    }
    this.#waiting++;
    this.#traps = this.#traps
      .then(() => this.#sendTraps(event))
      .catch((error: unknown) => this.#leftOut(describeRpcError(error)))
      .finally(() => {
        this.#waiting--;
      });
  }

  /** Tells the last transitions of those who had some while there was no session. */
  async #catchUp(): Promise<void> {
    this.#suite.outdated();
    const { status } = await this.#suite.current();
    const moved = [...(status.vrrp?.instances ?? []), ...(status.vrrp?.groups ?? [])];
    for (const { lastTransition: transition } of moved) {
      if (transition === undefined || momentOf(transition) < this.#untoldSince) continue;
      const value = { event: { $case: 'vrrp', value: { transition } } } as const;
      this.#onEvent(WatchEventsResponse.fromPartial({ event: { $case: 'service', value } }));
    }
  }

  async #sendTraps(event: WatchEventsResponse): Promise<void> {
    const about = aboutOf(event);
    if (about !== undefined && (this.#told.get(about.key) ?? 0) >= about.at) return;
    const { vrrp, virtuals, of } = await this.#objects();
    const configuration = servedConfiguration(of.configuration);
    const settings = this.#settings(of.configuration);
    const { machine } = this.#options;
    const routerId = routerIdOf({ configuration, machine });
    for (const { oid, varbinds } of trapsOf(event, { settings, routerId, machine, vrrp, virtuals })) {
      if (this.#session === undefined) throw new Error('there is no session with snmpd');
      await this.#session.notify(oid, varbinds);
    }
    if (about !== undefined) this.#told.set(about.key, about.at);
  }

  #leftOut(reason: string): void {
    this.#lost++;
    this.#options.logger.warn({ lost: this.#lost }, `a trap was left out: ${reason}`);
  }

  /** Other settings need another session. */
  async #reloaded(): Promise<void> {
    this.#suite.outdated();
    try {
      const { configuration } = await this.#suite.current();
      if (JSON.stringify(this.#settings(configuration)) === this.#served) return;
      this.#served = '';
      this.#session?.close();
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'the configuration could not be read after a reload');
    }
  }
}

const momentOf = ({ at }: VrrpTransition): number => at?.getTime() ?? 0;

/** Whose transition an event tells, and when it was: it may be told by the stream of events and by the status. */
function aboutOf({ event }: WatchEventsResponse): { readonly key: string; readonly at: number } | undefined {
  const told = event?.$case === 'service' ? event.value.event : undefined;
  const transition = told?.$case === 'vrrp' ? told.value.transition : undefined;
  if (transition === undefined) return undefined;
  return { key: `${transition.group ? 'group' : 'instance'} ${transition.name}`, at: momentOf(transition) };
}

/** Who snmpd has to let in. */
const userName = (): string => (process.getuid?.() === 0 ? 'root' : 'keepwatch-snmp');

const servedConfiguration = ({ services, networkNamespace }: GetConfigurationResponse): ServedConfiguration => ({
  trees: new Map(services.flatMap(({ service, tree }) => (tree === undefined ? [] : [[service, tree] as const]))),
  networkNamespace,
});
