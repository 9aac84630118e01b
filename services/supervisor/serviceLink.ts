/** The connection to one service: found, described, watched, and all of it again when it breaks. */
import { realpathSync } from 'node:fs';
import type { Channel, Client } from 'nice-grpc';
import type { Logger } from '../shared/log/logger.js';
import { type DeadlineOption, rpcClient, unixChannel } from '../shared/rpc/client.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import { HealthServiceDefinition } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { DescribeResponse, WatchResponse } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { NotifyServiceDefinition } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { VrrpServiceDefinition } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { PulseReader, pulsePath } from '../shared/rpc/pulse.js';
import type { ServiceName } from '../shared/rpc/service.js';
import { isServed } from '../shared/rpc/socketProbe.js';
import { WholeIpvsDefinition, WholeLifecycleDefinition } from '../shared/rpc/wholeMessages.js';
import type { Instant } from '../shared/time/duration.js';

/** How often a socket that is not there yet is looked for. */
const PROBE_INTERVAL_MS = 15;
/** The pause grows: on a slow machine the looking must not take the time that the starting needs. */
const PROBE_GROWTH = 1.1;
const LONGEST_PROBE_PAUSE_MS = 200;
/** Pause after a broken connection, so that a service that breaks every one does not keep us busy. */
const RECONNECT_PAUSE_MS = 100;
const DESCRIBE_DEADLINE_MS = 3_000;

/** Clients for everything a service may offer. */
export interface ServiceClients {
  readonly lifecycle: Client<typeof WholeLifecycleDefinition, DeadlineOption>;
  readonly ipvs: Client<typeof WholeIpvsDefinition, DeadlineOption>;
  readonly health: Client<typeof HealthServiceDefinition, DeadlineOption>;
  readonly notify: Client<typeof NotifyServiceDefinition, DeadlineOption>;
  readonly vrrp: Client<typeof VrrpServiceDefinition, DeadlineOption>;
}

export interface ServiceLinkOptions {
  readonly name: ServiceName;
  readonly socket: string;
  readonly logger: Logger;
  /** Orders of operators in force, which go with every configuration. */
  readonly orders: () => Order[];
  /** From where events shall be sent again. */
  readonly resume: () => { readonly incarnation: string; readonly afterSequence: bigint };
  readonly onConnected: (description: DescribeResponse, clients: ServiceClients) => void;
  readonly onMessage: (message: WatchResponse) => void;
  readonly onDisconnected: (reason: string) => void;
}

/** Keeps one service connected from construction until {@link close}. */
export class ServiceLink {
  readonly #options: ServiceLinkOptions;
  readonly #closing = new AbortController();
  #watching = new AbortController();
  #clients: ServiceClients | undefined;
  #pulse: PulseReader | undefined;

  constructor(options: ServiceLinkOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Present while the service is connected. */
  get clients(): ServiceClients | undefined {
    return this.#clients;
  }

  /** The service's sign of life that it did not have to send, if that is later than `before`. */
  heardSince(before: Instant | undefined, now: Instant): Instant | undefined {
    const heard = this.#pulse?.news(now);
    // Not back: an old one may be read after we stood still, for which the service was forgiven.
    return heard === undefined || (before !== undefined && heard <= before) ? undefined : heard;
  }

  /** Watches anew: whole state first, then what is not acknowledged. */
  watchAgain(): void {
    this.#watching.abort();
  }

  close(): void {
    this.#closing.abort();
    this.#watching.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let probePause = PROBE_INTERVAL_MS;
    while (!signal.aborted) {
      if (!(await isServed(this.#options.socket))) {
        await pause(probePause, signal);
        probePause = Math.min(probePause * PROBE_GROWTH, LONGEST_PROBE_PAUSE_MS);
        continue;
      }
      probePause = PROBE_INTERVAL_MS;
      const channel = unixChannel(this.#options.socket);
      try {
        await this.#serve(channel);
      } finally {
        this.#clients = undefined;
        channel.close();
      }
      await pause(RECONNECT_PAUSE_MS, signal);
    }
  }

  /** One connection, until it breaks. */
  async #serve(channel: Channel): Promise<void> {
    const { name, logger, onConnected, onMessage, onDisconnected, resume, orders } = this.#options;
    const lifecycle = rpcClient(WholeLifecycleDefinition, channel);
    const clients: ServiceClients = {
      lifecycle: {
        ...lifecycle,
        // Not a moment with a configuration and without its orders.
        configure: (request, options) => lifecycle.configure({ ...request, orders: orders() }, options),
      },
      ipvs: rpcClient(WholeIpvsDefinition, channel),
      health: rpcClient(HealthServiceDefinition, channel),
      notify: rpcClient(NotifyServiceDefinition, channel),
      vrrp: rpcClient(VrrpServiceDefinition, channel),
    };
    let connected = false;
    let reason = 'closed';
    try {
      const description = await clients.lifecycle.describe(
        {},
        { deadlineMs: DESCRIBE_DEADLINE_MS, signal: this.#closing.signal },
      );
      this.#clients = clients;
      this.#pulse = openPulse(this.#options.socket, description.origin?.incarnation);
      connected = true;
      onConnected(description, clients);
      do {
        this.#watching = new AbortController();
        if (this.#closing.signal.aborted) return;
        await this.#watch(clients, resume(), onMessage);
        // Ended by watchAgain: another round on the same connection. Ended by the service: it is leaving or lost us.
      } while (this.#watching.signal.aborted && !this.#closing.signal.aborted);
    } catch (error) {
      reason = describeRpcError(error);
    } finally {
      this.#pulse?.close();
      this.#pulse = undefined;
      if (connected) onDisconnected(reason);
      else if (!this.#closing.signal.aborted) logger.debug({ service: name, reason }, 'service does not answer yet');
    }
  }

  async #watch(
    clients: ServiceClients,
    from: { readonly incarnation: string; readonly afterSequence: bigint },
    onMessage: (message: WatchResponse) => void,
  ): Promise<void> {
    const { signal } = this.#watching;
    const request = { ...from, withoutHeartbeats: this.#pulse !== undefined };
    try {
      for await (const message of clients.lifecycle.watch(request, { signal })) onMessage(message);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** The pulse of a service that has just answered; undefined when it has none. */
function openPulse(socket: string, incarnation = ''): PulseReader | undefined {
  try {
    // Its name among ours may be a link into the service's own directory.
    return PulseReader.open(pulsePath(realpathSync(socket)), incarnation);
  } catch {
    return undefined;
  }
}

/** Waits, or until the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
