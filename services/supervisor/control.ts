/** ControlService: the supervisor's door for keepwatchctl and every other client. */
import { type CallContext, ServerError, Status } from 'nice-grpc-common';
import { errorWithoutPlace } from '../shared/rpc/diagnostics.js';
import { invalidArgument } from '../shared/rpc/errors.js';
import type {
  ControlServiceImplementation,
  SuiteStatus,
  WatchEventsResponse,
  WatchStatusResponse,
} from '../shared/rpc/generated/keepwatch/v1/control.js';
import { millis } from '../shared/time/duration.js';
import type { AuditLog } from './api/auditLog.js';
import { pause } from './serviceLink.js';
import type { Suite } from './suite.js';

/** A status is sent at least this often … */
const STATUS_INTERVAL_MS = 1_000;
/** … and at most this often: a busy suite must not drown its watchers, nor they it. */
const STATUS_PAUSE_MS = 100;
const MAX_WATCHERS = 64;

export function controlService(suite: Suite, audit: AuditLog): ControlServiceImplementation {
  let watchers = 0;

  async function* watchStatus(context: CallContext): AsyncGenerator<WatchStatusResponse, void> {
    if (watchers >= MAX_WATCHERS) throw tooMany();
    watchers++;
    try {
      while (!context.signal.aborted) {
        await suite.refresh();
        yield new NewestStatus(suite);
        await pause(STATUS_PAUSE_MS, context.signal);
        await suite.feed.nextChange(STATUS_INTERVAL_MS - STATUS_PAUSE_MS, context.signal);
      }
    } finally {
      watchers--;
    }
  }

  async function* watchEvents(context: CallContext): AsyncGenerator<WatchEventsResponse, void> {
    if (suite.feed.watcherCount >= MAX_WATCHERS) throw tooMany();
    const events = suite.feed.subscribe();
    try {
      for (;;) {
        const mail = await events.next(context.signal);
        if (mail.kind === 'item') yield mail.item;
        else if (mail.kind === 'end') {
          if (mail.reason !== 'overflow') return;
          throw new ServerError(Status.RESOURCE_EXHAUSTED, 'this watcher reads too slowly; events were left out');
        }
      }
    } finally {
      suite.feed.unsubscribe(events);
    }
  }

  return {
    async getStatus() {
      await suite.refresh();
      return { status: suite.status() };
    },
    watchStatus: (_request, context) => watchStatus(context),
    watchEvents: (_request, context) => watchEvents(context),
    async reload() {
      const { accepted, generation, diagnostics, changes } = await suite.reloads.reload();
      return { accepted, generation, diagnostics: [...diagnostics], changes: [...changes] };
    },
    async planReload({ tree }) {
      const { acceptable, generation, diagnostics, changes, moves } = await suite.reloads.plan(tree);
      return { acceptable, generation, diagnostics: [...diagnostics], changes: [...changes], moves: [...moves] };
    },
    async getHistory({ limit, subject, since }) {
      return { origin: suite.feed.origin(), entries: suite.history.find({ limit, subject, since }) };
    },
    async getAudit({ limit, since }) {
      return { origin: suite.feed.origin(), entries: audit.find({ limit, since }) };
    },
    async applyConfig({ tree, source, confirmWithinMs }) {
      if (tree === undefined) throw invalidArgument('the request carries no tree');
      const outcome = await suite.reloads.apply(tree, source, millis(Number(confirmWithinMs)));
      return { ...outcome, diagnostics: [...outcome.diagnostics], changes: [...outcome.changes] };
    },
    async confirm() {
      const confirmed = suite.reloads.confirm();
      return { confirmed, generation: suite.feed.origin().generation };
    },
    async rollback() {
      const rolledBack = await suite.reloads.trial.rollback();
      return { rolledBack, generation: suite.feed.origin().generation, diagnostics: [] };
    },
    async upgrade() {
      const problem = await suite.upgrade();
      if (problem === undefined) return { diagnostics: [] };
      return { diagnostics: [errorWithoutPlace('no-upgrade', problem)] };
    },
    async giveOrder(request) {
      return await suite.command.give(request);
    },
    async revokeOrders(request) {
      return { revoked: await suite.command.revoke(request) };
    },
    async setServiceLogLevel({ service, level }) {
      return { changes: await suite.setLogLevel(service, level) };
    },
    async getConfiguration() {
      const { services, networkNamespace, instanceName } = suite.configuration();
      return { origin: suite.feed.origin(), services, networkNamespace, instanceName };
    },
    async writeDumps({ statistics }) {
      return { directory: suite.dump(statistics ? 'SIGUSR2' : 'SIGUSR1') };
    },
    async stopSuite() {
      await suite.stop('asked for by a client');
      return {};
    },
  };
}

/**
 * The status as it is when it leaves, not when it was asked for: what waits for a watcher who reads slowly takes no memory, and
 * he goes on with the newest.
 */
class NewestStatus implements WatchStatusResponse {
  readonly #suite: Suite;
  #status: SuiteStatus | undefined;

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  get status(): SuiteStatus {
    this.#status ??= this.#suite.status();
    return this.#status;
  }
}

const tooMany = (): ServerError =>
  new ServerError(Status.RESOURCE_EXHAUSTED, `there are ${MAX_WATCHERS} watchers already`);
