/** Carries out what the relay decided: loops that wait for nobody but their own peer. */
import type { Logger } from '../shared/log/logger.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { Relay } from './relay.js';
import { pause, type ServiceClients } from './serviceLink.js';

const CALL_DEADLINE_MS = 10_000;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;

export interface RelayPumpOptions {
  readonly relay: Relay;
  readonly logger: Logger;
  /** A service's clients while it is connected and configured. */
  readonly ready: (name: ServiceName) => ServiceClients | undefined;
  /** A service's clients while it is connected. */
  readonly connected: (name: ServiceName) => ServiceClients | undefined;
  /** A source whose events were turned away shall send them again. */
  readonly watchAgain: (service: string) => void;
}

export class RelayPumps {
  readonly #pumps: readonly Pump[];

  constructor({ relay, logger, ready, connected, watchAgain }: RelayPumpOptions) {
    this.#pumps = [
      new Pump('notifierd', logger, async () => {
        const notifier = ready('notifierd');
        const batch = relay.notifications.peek();
        if (notifier === undefined || batch === undefined) return false;
        await notifier.notify.deliver({ notifications: [...batch.notifications] }, { deadlineMs: CALL_DEADLINE_MS });
        relay.notifications.delivered(batch);
        for (const { service, ...acknowledgement } of batch.acknowledgements) {
          const source = connected(service as ServiceName);
          // Lost acknowledgements do no harm: the event comes again and is known.
          source?.lifecycle.acknowledge(acknowledgement, { deadlineMs: CALL_DEADLINE_MS }).catch(() => undefined);
        }
        for (const service of relay.notifications.takeUnblocked()) watchAgain(service);
        return true;
      }),
      new Pump('ipvsd', logger, async () => {
        const ipvs = ready('ipvsd');
        const request = ipvs === undefined ? undefined : relay.ipvs.take();
        if (ipvs === undefined || request === undefined) return false;
        try {
          await ipvs.ipvs.apply(request, { deadlineMs: CALL_DEADLINE_MS });
        } catch (error) {
          relay.applyFailed();
          throw error;
        }
        return true;
      }),
      new Pump('ipvsd', logger, async () => {
        const ipvs = ready('ipvsd');
        const role = ipvs === undefined ? undefined : relay.takeSyncRole();
        if (ipvs === undefined || role === undefined) return false;
        try {
          await ipvs.ipvs.setSyncRole(role, { deadlineMs: CALL_DEADLINE_MS });
        } catch (error) {
          relay.syncRoleFailed();
          throw error;
        }
        return true;
      }),
      new Pump('healthcheckerd', logger, async () => {
        const health = ready('healthcheckerd');
        const addresses = health === undefined ? undefined : relay.takeAddresses();
        if (health === undefined || addresses === undefined) return false;
        try {
          await health.health.informVrrp({ addresses: [...addresses] }, { deadlineMs: CALL_DEADLINE_MS });
        } catch (error) {
          relay.informFailed();
          throw error;
        }
        return true;
      }),
      new Pump('vrrpd', logger, async () => {
        const vrrpd = ready('vrrpd');
        const sessions = vrrpd === undefined ? undefined : relay.sessions.vrrpd.take(relay.mirror.bfd);
        if (vrrpd === undefined || sessions === undefined) return false;
        try {
          await vrrpd.vrrp.informBfd({ sessions }, { deadlineMs: CALL_DEADLINE_MS });
        } catch (error) {
          relay.sessions.vrrpd.failed();
          throw error;
        }
        return true;
      }),
      new Pump('healthcheckerd', logger, async () => {
        const health = ready('healthcheckerd');
        const sessions = health === undefined ? undefined : relay.sessions.healthcheckerd.take(relay.mirror.bfd);
        if (health === undefined || sessions === undefined) return false;
        try {
          await health.health.informSessions({ sessions }, { deadlineMs: CALL_DEADLINE_MS });
        } catch (error) {
          relay.sessions.healthcheckerd.failed();
          throw error;
        }
        return true;
      }),
    ];
  }

  /** Something may be there to be told. */
  kick(): void {
    for (const pump of this.#pumps) pump.kick();
  }

  /** A service is ready (again): no reason to wait for the end of a pause. */
  retryNow(): void {
    for (const pump of this.#pumps) pump.retryNow();
  }

  close(): void {
    for (const pump of this.#pumps) pump.close();
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
