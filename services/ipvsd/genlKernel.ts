/** The real kernel: IPVS over generic netlink, many requests per system call. */
import { execFile } from 'node:child_process';
import { KernelError } from '../shared/kernel/ports.js';
import type { ConnectionTimeouts } from './config/model.js';
import {
  decodeDaemon,
  decodeDestinationCounters,
  decodeServiceCounters,
  decodeTimeouts,
  encodeDaemon,
  encodeTimeouts,
} from './controlCodec.js';
import { GenericNetlink, type GenlRequest } from './genericNetlink.js';
import {
  decodeDestination,
  decodeService,
  decodeVersion,
  encodeDestination,
  encodeService,
  IPVS_COMMAND,
  IPVS_FAMILY,
} from './ipvsCodec.js';
import { type IpvsKernel, IpvsUnavailable, type OperationResult, type ServiceStatistics } from './kernel.js';
import { describeOperation, type IpvsOperation } from './reconcile.js';
import { type DaemonOperation, describeDaemonOperation, type SyncDaemon } from './syncDaemon.js';
import type { Destination, Service, ServiceKey } from './table.js';
import { turn } from './turns.js';

/** Requests executed without a pause: the kernel takes them inside the system call, and others want this thread too. */
const SLICE = 256;
const MODPROBE = '/sbin/modprobe';
const MODPROBE_TIMEOUT_MS = 10_000;

/** Opens the kernel's IPVS, loading its module first where that is wanted. Throws IpvsUnavailable. */
export async function openIpvs(options: { readonly loadModule: boolean }): Promise<IpvsKernel> {
  let channel: GenericNetlink | undefined;
  try {
    channel = new GenericNetlink();
    let family = channel.resolve(IPVS_FAMILY);
    if (family === undefined && !options.loadModule) {
      throw new IpvsUnavailable('the kernel has not loaded IPVS, and no virtual server asks for it');
    }
    if (family === undefined) {
      const complaint = await loadModule('ip_vs');
      family = channel.resolve(IPVS_FAMILY);
      if (family === undefined) throw new IpvsUnavailable(noIpvs(complaint));
    }
    return new GenlIpvs(channel, family);
  } catch (error) {
    channel?.close();
    if (error instanceof IpvsUnavailable) throw error;
    // Every IPVS command, even the one for its version, wants CAP_NET_ADMIN.
    if (error instanceof KernelError && error.code === 'EPERM') {
      throw new IpvsUnavailable('not permitted to manage IPVS: run with the capability NET_ADMIN');
    }
    throw new IpvsUnavailable(`the kernel does not answer about IPVS: ${messageOf(error)}`);
  }
}

const noIpvs = (complaint: string): string =>
  `this kernel has no IPVS (module ip_vs: ${complaint}); virtual servers are not balanced here. ` +
  'Run on a kernel with CONFIG_IP_VS, or load the module where this process may not: modprobe ip_vs';

/** Loads a module; returns what stood in the way, in words. */
function loadModule(name: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(MODPROBE, [name], { timeout: MODPROBE_TIMEOUT_MS }, (error, _stdout, stderr) => {
      if (error === null) return resolve('loaded, but the kernel still does not answer');
      const said = stderr.trim().split('\n').at(-1);
      resolve(said === undefined || said === '' ? messageOf(error) : said);
    });
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

class GenlIpvs implements IpvsKernel {
  readonly version: string;
  readonly #channel: GenericNetlink;
  readonly #family: number;

  /** Throws KernelError when IPVS may not be used. */
  constructor(channel: GenericNetlink, family: number) {
    this.#channel = channel;
    this.#family = family;
    this.version = this.#ask(IPVS_COMMAND.getInfo, Buffer.alloc(0), false, decodeVersion)[0] ?? 'unknown';
  }

  async list(): Promise<Service[]> {
    const services = this.#ask(IPVS_COMMAND.getService, Buffer.alloc(0), true, decodeService);
    const whole: Service[] = [];
    for (const service of services) {
      whole.push({ ...service, destinations: this.#destinations(service.key) });
      await turn();
    }
    return whole;
  }

  async find(key: ServiceKey): Promise<Service | undefined> {
    try {
      const [service] = this.#ask(IPVS_COMMAND.getService, encodeService(key), false, decodeService);
      return service && { ...service, destinations: this.#destinations(key) };
    } catch (error) {
      if (error instanceof KernelError && error.code === 'ESRCH') return undefined;
      throw error;
    }
  }

  async execute(operations: readonly IpvsOperation[]): Promise<OperationResult[]> {
    const results: OperationResult[] = [];
    for (let start = 0; start < operations.length; start += SLICE) {
      if (start > 0) await turn();
      const slice = operations.slice(start, start + SLICE);
      const requests = slice.map((operation) => ({ family: this.#family, ...encodeOperation(operation) }));
      const about = (index: number): string => {
        const operation = slice[index];
        return operation === undefined ? '' : describeOperation(operation);
      };
      results.push(...this.#channel.command(requests, about));
    }
    return results;
  }

  async flush(): Promise<OperationResult> {
    return this.#command(IPVS_COMMAND.flush, Buffer.alloc(0), 'empty the table');
  }

  async timeouts(): Promise<ConnectionTimeouts> {
    return this.#ask(IPVS_COMMAND.getConfig, Buffer.alloc(0), false, decodeTimeouts)[0] ?? {};
  }

  async setTimeouts(timeouts: ConnectionTimeouts): Promise<OperationResult> {
    return this.#command(IPVS_COMMAND.setConfig, encodeTimeouts(timeouts), 'set the connection timeouts');
  }

  async daemons(): Promise<SyncDaemon[]> {
    return this.#ask(IPVS_COMMAND.getDaemon, Buffer.alloc(0), true, decodeDaemon);
  }

  async runDaemon(operation: DaemonOperation): Promise<OperationResult> {
    const command = operation.kind === 'start' ? IPVS_COMMAND.newDaemon : IPVS_COMMAND.deleteDaemon;
    return this.#command(command, encodeDaemon(operation.daemon), describeDaemonOperation(operation));
  }

  async statistics(): Promise<ServiceStatistics[]> {
    const services = this.#ask(IPVS_COMMAND.getService, Buffer.alloc(0), true, (answer) => {
      const service = decodeService(answer);
      const counters = decodeServiceCounters(answer);
      return service && counters && { key: service.key, counters };
    });
    return services.map(({ key, counters }) => ({
      key,
      counters,
      destinations: this.#ask(IPVS_COMMAND.getDestination, encodeService(key), true, (answer) => {
        const destination = decodeDestination(answer, key.family);
        const destinationCounters = decodeDestinationCounters(answer);
        return destination && destinationCounters && { destination, counters: destinationCounters };
      }),
    }));
  }

  close(): void {
    this.#channel.close();
  }

  #command(command: number, payload: Buffer, about: string): OperationResult {
    const [result] = this.#channel.command([{ family: this.#family, command, payload }], () => about);
    if (result === undefined) throw new Error(`IPVS: no answer to: ${about}`);
    return result;
  }

  #destinations(key: ServiceKey): Destination[] {
    return this.#ask(IPVS_COMMAND.getDestination, encodeService(key), true, (answer) =>
      decodeDestination(answer, key.family),
    );
  }

  #ask<Answer>(
    command: number,
    payload: Buffer,
    dump: boolean,
    read: (payload: Buffer) => Answer | undefined,
  ): Answer[] {
    return this.#channel.ask({ family: this.#family, command, payload }, dump, read);
  }
}

function encodeOperation(operation: IpvsOperation): Omit<GenlRequest, 'family'> {
  const { key } = operation;
  switch (operation.kind) {
    case 'new-service':
      return { command: IPVS_COMMAND.newService, payload: encodeService(key, operation.settings) };
    case 'set-service':
      return { command: IPVS_COMMAND.setService, payload: encodeService(key, operation.settings) };
    case 'delete-service':
      return { command: IPVS_COMMAND.deleteService, payload: encodeService(key) };
    case 'new-destination':
      return { command: IPVS_COMMAND.newDestination, payload: encodeDestination(key, operation.destination) };
    case 'set-destination':
      return { command: IPVS_COMMAND.setDestination, payload: encodeDestination(key, operation.destination) };
    case 'delete-destination': {
      const { family, address, port } = operation.destination;
      return { command: IPVS_COMMAND.deleteDestination, payload: encodeDestination(key, { family, address, port }) };
    }
  }
}
