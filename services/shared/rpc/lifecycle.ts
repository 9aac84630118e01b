/** LifecycleService, the same for all services, over what each brings as its {@link ServiceBehaviour}. */
import { type CallContext, ServerError, Status } from 'nice-grpc-common';
import { LOG_LEVELS, type Logger } from '../log/logger.js';
import { errorWithoutPlace } from './diagnostics.js';
import { invalidArgument } from './errors.js';
import type { EventLog } from './eventLog.js';
import type { ConfigTree, Diagnostic } from './generated/keepwatch/v1/common.js';
import type {
  ConfigureRequest,
  DescribeResponse,
  LifecycleServiceImplementation,
  PlanRequest,
  StopRequest,
  WatchRequest,
  WatchResponse,
} from './generated/keepwatch/v1/lifecycle.js';
import { BEAT_INTERVAL_MS, type Pulse } from './pulse.js';
import type { ConfigureOutcome, PlanOutcome, ServiceBehaviour } from './service.js';

/** Watches one service serves at a time. */
const MAX_WATCHERS = 64;

export interface LifecycleOptions {
  readonly behaviour: ServiceBehaviour;
  readonly events: EventLog;
  readonly version: string;
  readonly logger: Logger;
  /** Called when impairments may have changed. */
  readonly onChange: () => void;
  /** Runs the orderly stop; resolves when the kernel is left as asked for. */
  readonly stop: (options: { readonly keepKernelState: boolean }) => Promise<void>;
  /** Whether this process stands by, and how it becomes the one that serves. */
  readonly seat: { readonly standby: boolean; readonly activate: () => Promise<void> };
  /** The sign of life for those who can read it. */
  readonly pulse: Pick<Pulse, 'beats'>;
  /** A heartbeat follows this long after the last message of a Watch. */
  readonly heartbeatMs?: number;
}

/** What the process reports as impairments: the service's own, and lost notifications. */
export function allImpairments(behaviour: ServiceBehaviour, events: EventLog): string[] {
  const impairments = behaviour.impairments();
  if (events.lostCount === 0) return impairments;
  return [...impairments, `${events.lostCount} events were dropped before anybody took their notifications over`];
}

export function lifecycleService(options: LifecycleOptions): LifecycleServiceImplementation {
  const { behaviour, events, logger } = options;
  let configuring: Promise<unknown> = Promise.resolve();
  /** What was validated last: it need not come again to be planned and put in force. */
  let kept: { readonly id: string; readonly tree: ConfigTree } | undefined;

  const treeOf = (request: PlanRequest | ConfigureRequest): ConfigTree => {
    if (request.treeId === '' || request.tree !== undefined) return requiredTree(request);
    if (kept?.id === request.treeId) return kept.tree;
    throw new ServerError(Status.FAILED_PRECONDITION, `no tree was validated as ${request.treeId} last`);
  };

  const planned = async (tree: ConfigTree): Promise<PlanOutcome> => {
    try {
      return await behaviour.plan(tree);
    } catch (error) {
      return { diagnostics: [internalError(error, logger)], changes: [] };
    }
  };

  const configured = async (request: ConfigureRequest): Promise<ConfigureOutcome> => {
    if (request.generation <= events.generation) {
      // A late Configure of an earlier supervisor must not undo a newer one.
      const message = `generation ${request.generation} is not newer than generation ${events.generation} in force`;
      return { accepted: false, diagnostics: [errorWithoutPlace('stale-generation', message)], changes: [] };
    }
    try {
      const tree = treeOf(request);
      behaviour.steer?.(request.orders);
      const outcome = await behaviour.configure(tree, request.generation);
      if (outcome.accepted) events.generation = request.generation;
      if (kept?.tree === tree) kept = undefined;
      return outcome;
    } catch (cause) {
      if (cause instanceof ServerError) throw cause;
      return { accepted: false, diagnostics: [internalError(cause, logger)], changes: [] };
    } finally {
      options.onChange();
    }
  };

  return {
    async describe(): Promise<DescribeResponse> {
      const patience = behaviour.patience?.();
      return {
        origin: events.origin(),
        version: options.version,
        pid: process.pid,
        impairments: allImpairments(behaviour, events),
        standby: options.seat.standby,
        patienceUs: patience === undefined ? undefined : BigInt(Math.round(patience)),
      };
    },

    async validate(request) {
      const tree = requiredTree(request);
      kept = request.treeId === '' ? undefined : { id: request.treeId, tree };
      try {
        return { diagnostics: await behaviour.validate(tree) };
      } catch (error) {
        return { diagnostics: [internalError(error, logger)] };
      }
    },

    async plan(request) {
      return planned(treeOf(request));
    },

    async configure(request) {
      // One after the other: two supervisors, or an impatient one, must not interleave.
      const outcome = configuring.then(() => configured(request));
      configuring = outcome.catch(() => undefined);
      const settled = await outcome;
      return { origin: events.origin(), ...settled };
    },

    async snapshot() {
      return { origin: events.origin(), state: behaviour.state() };
    },

    watch: (request, context) => watch(options, request, context),

    async acknowledge(request) {
      events.acknowledge(request.incarnation, request.upToSequence);
      return {};
    },

    async steer({ orders }) {
      behaviour.steer?.(orders);
      return {};
    },

    async setLogLevel({ level }) {
      if (!LOG_LEVELS.includes(level))
        throw invalidArgument(`no log level '${level}': there are ${LOG_LEVELS.join(', ')}`);
      const previous = logger.level;
      logger.level = level;
      logger.info({ previous, level }, 'log level changed');
      return { previous };
    },

    async stop(request: StopRequest) {
      await options.stop({ keepKernelState: request.keepKernelState });
      return {};
    },

    async activate() {
      try {
        await options.seat.activate();
      } catch (error) {
        throw new ServerError(Status.FAILED_PRECONDITION, error instanceof Error ? error.message : String(error));
      }
      return { origin: events.origin() };
    },
  };
}

/** The whole state, then what is not yet acknowledged, then events as they happen, and heartbeats in silence. */
async function* watch(
  { behaviour, events, pulse, heartbeatMs = BEAT_INTERVAL_MS }: LifecycleOptions,
  request: WatchRequest,
  context: CallContext,
): AsyncGenerator<WatchResponse, void> {
  if (events.watcherCount >= MAX_WATCHERS) {
    throw new ServerError(Status.RESOURCE_EXHAUSTED, `there are ${MAX_WATCHERS} watchers already`);
  }
  // Without an await in between, so that no event falls between the state and the subscription.
  const mailbox = events.subscribe();
  try {
    const missed = events.unacknowledged(request.incarnation, request.afterSequence);
    yield { origin: events.origin(), body: { $case: 'state', value: behaviour.state() } };
    yield* missed;
    // What was sent last stays in memory until the next: after a change of thousands of instances that is a lot to keep.
    let small = false;
    for (;;) {
      // Nothing is sent to who reads the pulse: not to wake up for that is half of what an idle service costs.
      const quiet = small && request.withoutHeartbeats && pulse.beats;
      const mail = await mailbox.next(context.signal, quiet ? undefined : heartbeatMs);
      if (mail.kind === 'item') {
        small = false;
        yield mail.item;
      } else if (mail.kind === 'timeout') {
        if (small && request.withoutHeartbeats && pulse.beats) continue;
        small = true;
        yield { origin: events.origin(), body: { $case: 'heartbeat', value: {} } };
      } else if (mail.reason === 'overflow') {
        throw new ServerError(
          Status.RESOURCE_EXHAUSTED,
          'this watcher reads too slowly; watch again for the whole state',
        );
      } else return;
    }
  } finally {
    events.unsubscribe(mailbox);
  }
}

function requiredTree(request: { readonly tree: ConfigTree | undefined }): ConfigTree {
  if (request.tree === undefined) throw invalidArgument('the request carries no tree');
  return request.tree;
}

function internalError(cause: unknown, logger: Logger): Diagnostic {
  logger.error({ err: cause }, 'the configuration was refused because of an error of this program');
  return errorWithoutPlace(
    'internal-error',
    `error of this program: ${cause instanceof Error ? cause.message : String(cause)}`,
  );
}
