/** Asks a Keepwatch router's supervisor, through the control socket that keepwatchctl uses too. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Channel, type Client, createChannel, createClient } from 'nice-grpc';
import {
  ControlServiceDefinition,
  ServiceHealth,
  type ServiceStatus,
  type SuiteStatus,
} from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import {
  type VrrpEvent,
  type VrrpInstance,
  VrrpStateName,
} from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { eventually, type PollLimits } from './eventually.js';
import type { Closable, Lab } from './lab.js';
import type { Router } from './router.js';

const STATE_NAMES = new Map(
  (['INIT', 'BACKUP', 'MASTER', 'FAULT', 'STOP'] as const).map((name) => [
    VrrpStateName[`VRRP_STATE_NAME_${name}`] as VrrpStateName,
    name,
  ]),
);

/** A connection to one suite. */
export class Control implements Closable {
  private channel: Channel | undefined;
  private client: Client<typeof ControlServiceDefinition> | undefined;

  private constructor(private readonly socket: string) {}

  static of(lab: Lab, router: Router): Control {
    return lab.own(new Control(join(router.paths.runDirectory, 'keepwatchd.sock')));
  }

  async status(): Promise<SuiteStatus> {
    if (!existsSync(this.socket)) throw new Error(`no control socket ${this.socket}`);
    // A connection that failed once waits longer and longer before it tries again; a new one does not.
    this.channel ??= createChannel(`unix://${this.socket}`);
    this.client ??= createClient(ControlServiceDefinition, this.channel);
    try {
      const { status } = await this.client.getStatus({}, { signal: AbortSignal.timeout(2_000) });
      if (!status) throw new Error('empty status');
      return status;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async service(name: string): Promise<ServiceStatus> {
    const found = (await this.status()).services.find((service) => service.name === name);
    if (!found) throw new Error(`the suite has no service ${name}`);
    return found;
  }

  async instance(name = 'VI_1'): Promise<VrrpInstance> {
    const found = (await this.status()).vrrp?.instances.find((instance) => instance.name === name);
    if (!found) throw new Error(`vrrpd has no instance ${name}`);
    return found;
  }

  /** The state's short name, `MASTER`; UNKNOWN while vrrpd is silent. */
  async state(name = 'VI_1'): Promise<string> {
    return STATE_NAMES.get((await this.instance(name)).state) ?? 'UNKNOWN';
  }

  /** What vrrpd tells from now on, until the lab closes. Ready when it returns. */
  async vrrpEvents(): Promise<VrrpEvent[]> {
    await this.status();
    const events: VrrpEvent[] = [];
    const stream = this.client?.watchEvents({});
    void (async () => {
      try {
        for await (const { event } of stream ?? []) {
          const told = event?.$case === 'service' ? event.value.event : undefined;
          if (told?.$case === 'vrrp') events.push(told.value);
        }
      } catch {
        // The suite ended, or the lab did.
      }
    })();
    return events;
  }

  /** Waits until every service answers; one that is impaired by this machine counts. */
  async ready(limits: PollLimits = { within: 15_000 }): Promise<SuiteStatus> {
    return eventually(
      'all services are ready',
      async () => {
        const status = await this.status();
        const waiting = status.services.filter(
          ({ health }) =>
            health !== ServiceHealth.SERVICE_HEALTH_READY && health !== ServiceHealth.SERVICE_HEALTH_DEGRADED,
        );
        if (status.services.length === 0 || waiting.length > 0) {
          throw new Error(`waiting for ${waiting.map(({ name, detail }) => `${name} ${detail}`).join(', ')}`);
        }
        return status;
      },
      limits,
    );
  }

  /** Waits for a state of an instance. */
  async reaches(state: string, name = 'VI_1', limits: PollLimits = { within: 8_000 }): Promise<void> {
    await eventually(
      `${name} is ${state}`,
      async () => {
        const now = await this.state(name);
        if (now !== state) throw new Error(`it is ${now}`);
        return true;
      },
      limits,
    );
  }

  close(): void {
    this.channel?.close();
    this.channel = undefined;
    this.client = undefined;
  }
}
