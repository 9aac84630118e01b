/** The life of a service process, from its socket to its end; the same for all. */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../log/logger.js';
import type { Clock } from '../time/clock.js';
import { EventLog } from './eventLog.js';
import { EventStore } from './eventStore.js';
import { ServiceState } from './generated/keepwatch/v1/lifecycle.js';
import { allImpairments, lifecycleService } from './lifecycle.js';
import { removePidFile } from './pidFile.js';
import { Pulse, pulsePath } from './pulse.js';
import { Seat } from './seat.js';
import { type RpcServer, type RpcService, rpcService, serveUnix } from './server.js';
import type { EventSink, ServiceBehaviour, ServiceName } from './service.js';
import { WholeLifecycleDefinition } from './wholeMessages.js';

/** How long a service may take to leave in good order before the process ends anyway. */
const STOP_LIMIT_MS = 30_000;
/** How long the last events may wait for their acknowledgement. */
const DRAIN_LIMIT_MS = 2_000;

/** What a service gets to build itself with. */
export interface ServiceContext {
  readonly name: ServiceName;
  readonly version: string;
  readonly incarnation: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where it publishes what happens. */
  readonly events: EventSink;
  /** To be called when `impairments()` may answer differently than before. */
  readonly impairmentsChanged: () => void;
  /** Stands by: until `activate` the service prepares what it is told, and does nothing to the world. */
  readonly standby: boolean;
  /** To be called when the service has taken over by itself: from now on it is found as the one that serves. */
  readonly tookOver: () => void;
}

/** A service ready to serve. */
export interface StartedService {
  readonly behaviour: ServiceBehaviour;
  /** Its own gRPC interfaces besides LifecycleService. They serve while `impairments()` is empty unless told otherwise. */
  readonly services?: readonly RpcService[];
}

export interface RunServiceOptions {
  readonly name: ServiceName;
  readonly version: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts as the spare of the process that serves; see {@link ServiceContext.standby}. */
  readonly standby?: boolean;
  /** Builds the service. It does nothing to the world before its first `configure`. */
  readonly start: (context: ServiceContext) => StartedService | Promise<StartedService>;
}

/**
 * Runs a service until it is stopped, and returns the exit code: 0 after an orderly stop, 1 after one that took too long
 * or failed. Throws when the socket or the directories cannot be had.
 *
 * Signals: TERM and INT stop in good order; HUP does nothing, because the supervisor pushes configurations; USR1 writes the
 * state and USR2 the statistics to `<state-dir>/<name>.data` and `.stats`.
 */
export async function runService(options: RunServiceOptions): Promise<number> {
  const { name, version, runDir, stateDir, clock, logger } = options;
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });

  const incarnation = randomUUID();
  const store = new EventStore(join(runDir, `${name}.events`), (error) =>
    logger.warn({ err: error }, 'events not written: a crash now would lose the notifications that wait'),
  );
  // A vrrpd may have its configuration and wait for the death of the one that speaks: it has said nothing until then.
  const events = new EventLog({ service: name, incarnation, clock, logger, store, inheritsLate: name === 'vrrpd' });
  let server: RpcServer | undefined;
  let pulse: Pulse | undefined;
  const impairmentsChanged = (): void => server?.health.changed();
  const seat = new Seat(runDir, name, options.standby === true, logger);

  const context: ServiceContext = {
    name,
    version,
    incarnation,
    runDir,
    stateDir,
    clock,
    logger,
    events,
    impairmentsChanged,
    standby: seat.standby,
    tookOver: () => seat.take(),
  };
  const { behaviour, services = [] } = await options.start(context);

  const ending = new Ending(behaviour, logger);
  const unimpaired = (): boolean => allImpairments(behaviour, events).length === 0;
  server = await serveUnix(
    seat.socket,
    [
      rpcService(
        WholeLifecycleDefinition,
        lifecycleService({
          behaviour,
          events,
          version,
          logger,
          onChange: impairmentsChanged,
          pulse: {
            get beats() {
              return pulse?.beats === true;
            },
          },
          stop: ({ keepKernelState }) => ending.begin(keepKernelState),
          seat: {
            get standby() {
              return seat.standby;
            },
            async activate() {
              if (!seat.standby) return;
              await behaviour.activate?.();
              seat.take();
            },
          },
        }),
      ),
      ...services.map((service) => ({ ...service, serving: service.serving ?? unimpaired })),
    ],
    logger,
  );
  // The socket is ours, and nobody who connects has been answered yet.
  pulse = new Pulse(pulsePath(seat.socket), incarnation, clock, logger, () => events.nudge());
  seat.begin(server, pulse);

  const stopBySignal = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'stopping');
    ending.begin(false).catch(() => undefined);
  };
  const dumpBySignal = (signal: NodeJS.Signals): void => {
    writeDump(behaviour, stateDir, signal === 'SIGUSR1' ? 'data' : 'statistics', logger);
  };
  const ignore = (): void => {};
  const handlers = [
    ['SIGTERM', stopBySignal],
    ['SIGINT', stopBySignal],
    ['SIGHUP', ignore],
    ['SIGPIPE', ignore],
    ['SIGUSR1', dumpBySignal],
    ['SIGUSR2', dumpBySignal],
  ] as const;
  for (const [signal, handler] of handlers) process.on(signal, handler);
  logger.debug({ incarnation, socket: seat.socket }, `${name} ${version} is ready for a configuration`);

  const code = await ending.ended;
  server.health.stopping();
  const told = await events.drained(DRAIN_LIMIT_MS);
  if (!told) logger.warn({ events: events.retainedCount }, 'ending with notifications nobody took over');
  events.close(ending.keepsKernelState);
  await server.close();
  pulse.close();
  removePidFile(seat.pidFile);
  for (const [signal, handler] of handlers) process.off(signal, handler);
  logger.info('stopped');
  return code;
}

/** The orderly stop: begun once, by a call or a signal. */
class Ending {
  /** Exit code, once the service has left. */
  readonly ended: Promise<number>;
  readonly #behaviour: ServiceBehaviour;
  readonly #logger: Logger;
  #finish: (code: number) => void = () => {};
  #stopping: Promise<void> | undefined;
  /** The kernel's state stays for a successor. */
  keepsKernelState = false;

  constructor(behaviour: ServiceBehaviour, logger: Logger) {
    this.#behaviour = behaviour;
    this.#logger = logger;
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Resolves when the service has left, for every caller. */
  begin(keepKernelState: boolean): Promise<void> {
    if (this.#stopping === undefined) this.keepsKernelState = keepKernelState;
    this.#stopping ??= this.#stop(keepKernelState);
    return this.#stopping;
  }

  async #stop(keepKernelState: boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not stopped after ${STOP_LIMIT_MS / 1000} s`)), STOP_LIMIT_MS);
    });
    try {
      await Promise.race([this.#behaviour.stop({ keepKernelState }), limit]);
      this.#finish(0);
    } catch (error) {
      this.#logger.error({ err: error }, 'could not stop in good order');
      this.#finish(1);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Writes the answer to USR1 and USR2; a full disk is logged, nothing more. */
function writeDump(behaviour: ServiceBehaviour, stateDir: string, kind: 'data' | 'statistics', logger: Logger): void {
  const file = join(stateDir, `${behaviour.name}.${kind === 'data' ? 'data' : 'stats'}`);
  try {
    const text = behaviour.dump?.(kind) ?? `${JSON.stringify(ServiceState.toJSON(behaviour.state()), undefined, 2)}\n`;
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    chmodSync(`${file}.new`, 0o600);
    renameSync(`${file}.new`, file);
    logger.info({ file }, `${kind} written`);
  } catch (error) {
    logger.error({ err: error, file }, `${kind} could not be written`);
  }
}
