/** Carries out what the relay decided: loops that wait for nobody but their own peer. */
import type { Logger } from '../shared/log/logger.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import type { ApplyResponse } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { Notification } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { Relay } from './relay.js';
import { pause, type ServiceClients } from './serviceLink.js';

const DEADLINE = { deadlineMs: 10_000 };
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;

/** Hears what is told to whom, and how it ended. */
export interface RelayObserver {
  /** ipvsd is told what changed since the last call. */
  applying(): (outcome: ApplyResponse | Error) => void;
  /** notifierd is told these; the function is called when it has them. */
  delivering(notifications: readonly Notification[]): () => void;
}

export interface RelayPumpOptions {
  readonly relay: Relay;
  readonly logger: Logger;
  /** A service's clients while it is connected and configured. */
  readonly ready: (name: ServiceName) => ServiceClients | undefined;
  /** A service's clients while it is connected. */
  readonly connected: (name: ServiceName) => ServiceClients | undefined;
  /** A source whose events were turned away shall send them again. */
  readonly watchAgain: (service: string) => void;
  readonly observer?: RelayObserver | undefined;
}

export class RelayPumps {
  readonly #notifications: Pump;
  readonly #table: Pump;
  readonly #pumps: readonly Pump[];
  readonly #ready: RelayPumpOptions['ready'];
  #kicking: NodeJS.Immediate | undefined;

  constructor({ relay, logger, ready, connected, watchAgain, observer }: RelayPumpOptions) {
    this.#ready = ready;
    /** Tells a service what `take` has for it; what could not be told is due again (`failed`). */
    const told = <Message>(
      name: ServiceName,
      take: () => Message | undefined,
      tell: (clients: ServiceClients, message: Message) => Promise<unknown>,
      failed: () => void,
    ): Pump =>
      new Pump(name, logger, async () => {
        const clients = ready(name);
        const message = clients === undefined ? undefined : take();
        if (clients === undefined || message === undefined) return false;
        try {
          await tell(clients, message);
        } catch (error) {
          failed();
          throw error;
        }
        return true;
      });
    this.#notifications = new Pump('notifierd', logger, async () => {
      const notifier = ready('notifierd');
      const batch = relay.notifications.peek();
      if (notifier === undefined || batch === undefined) return false;
      const delivered = observer?.delivering(batch.notifications);
      await notifier.notify.deliver({ notifications: [...batch.notifications] }, DEADLINE);
      delivered?.();
      relay.notifications.delivered(batch);
      for (const { service, ...acknowledgement } of batch.acknowledgements) {
        const source = connected(service as ServiceName);
        // Lost acknowledgements do no harm: the event comes again and is known.
        source?.lifecycle.acknowledge(acknowledgement, DEADLINE).catch(() => undefined);
      }
      for (const service of relay.notifications.takeUnblocked()) watchAgain(service);
      return true;
    });
    this.#table = told(
      'ipvsd',
      () => relay.ipvs.take(),
      ({ ipvs }, request) => observed(ipvs.apply(request, DEADLINE), observer?.applying()),
      () => relay.applyFailed(),
    );
    this.#pumps = [
      this.#notifications,
      this.#table,
      told(
        'ipvsd',
        () => relay.takeSyncRole(),
        ({ ipvs }, role) => ipvs.setSyncRole(role, DEADLINE),
        () => relay.syncRoleFailed(),
      ),
      told(
        'healthcheckerd',
        () => relay.takeAddresses(),
        ({ health }, addresses) => health.informVrrp({ addresses: [...addresses] }, DEADLINE),
        () => relay.informFailed(),
      ),
      told(
        'vrrpd',
        () => relay.sessions.vrrpd.take(relay.mirror.bfd),
        ({ vrrp }, sessions) => vrrp.informBfd({ sessions }, DEADLINE),
        () => relay.sessions.vrrpd.failed(),
      ),
      told(
        'healthcheckerd',
        () => relay.sessions.healthcheckerd.take(relay.mirror.bfd),
        ({ health }, sessions) => health.informSessions({ sessions }, DEADLINE),
        () => relay.sessions.healthcheckerd.failed(),
      ),
    ];
  }

  /** Something may be there to be told to people and scripts, who hear of it first. */
  kickNotifications(): void {
    this.#notifications.kick();
  }

  /** The table may have changed: at once, what comes while ipvsd is busy is told together. */
  kickTable(): void {
    this.#table.kick();
  }

  /** Something may be there to be told: of all that comes in one turn of the loop each is told once. */
  kick(): void {
    this.#kicking ??= setImmediate(() => {
      this.#kicking = undefined;
      for (const pump of this.#pumps) pump.kick();
    });
  }

  /** A service is ready (again): no reason to wait for the end of a pause. */
  retryNow(): void {
    for (const pump of this.#pumps) pump.retryNow();
  }

  /** Goes the way of a notification once with nothing to tell: code that was never called takes its time when called first. */
  rehearse(): void {
    this.#ready('notifierd')
      ?.notify.deliver({ notifications: [] }, DEADLINE)
      .catch(() => undefined);
  }

  close(): void {
    clearImmediate(this.#kicking);
    for (const pump of this.#pumps) pump.close();
  }
}

/** A call whose outcome is told. */
async function observed(
  call: Promise<ApplyResponse>,
  told: ((outcome: ApplyResponse | Error) => void) | undefined,
): Promise<void> {
  try {
    const response = await call;
    told?.(response);
  } catch (error) {
    told?.(new Error(describeRpcError(error)));
    throw error;
  }
}

/** Runs a step until it has nothing to do; after a failure again, ever less often. */
class Pump {
  readonly #to: string;
  readonly #logger: Logger;
  /** Does one thing; false when there was nothing to do. */
  readonly #step: () => Promise<boolean>;
  #running = false;
  #again = false;
  #closed = false;
  #waiting: AbortController | undefined;
  #retryMs = FIRST_RETRY_MS;
  #lastError = '';

  constructor(to: string, logger: Logger, step: () => Promise<boolean>) {
    this.#to = to;
    this.#logger = logger;
    this.#step = step;
  }

  kick(): void {
    this.#again = true;
    if (!this.#running && !this.#closed) void this.#run();
  }

  retryNow(): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#waiting?.abort();
    this.kick();
  }

  close(): void {
    this.#closed = true;
    this.#waiting?.abort();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        while (!this.#closed && (await this.#step()));
        this.#retryMs = FIRST_RETRY_MS;
        this.#lastError = '';
      } catch (error) {
        this.#report(describeRpcError(error));
        this.#waiting = new AbortController();
        await pause(this.#retryMs, this.#waiting.signal);
        this.#waiting = undefined;
        this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
        this.#again = true;
      }
    }
    this.#running = false;
  }

  /** Once per kind of error: a service that stays away must not fill the log. */
  #report(error: string): void {
    if (error === this.#lastError) return;
    this.#lastError = error;
    this.#logger.warn({ to: this.#to, error }, 'could not relay; trying again');
  }
}
