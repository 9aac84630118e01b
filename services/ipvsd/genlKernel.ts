/** The real kernel: IPVS over generic netlink, many requests per system call. */
import { execFile } from 'node:child_process';
import { encodeMessage } from '../shared/kernel/netlinkCodec.js';
import { NetlinkSocket } from '../shared/kernel/netlinkSocket.js';
import { KernelError } from '../shared/kernel/ports.js';
import {
  decodeDestination,
  decodeService,
  decodeVersion,
  encodeDestination,
  encodeService,
  IPVS_COMMAND,
  IPVS_FAMILY,
  IPVS_VERSION,
} from './ipvsCodec.js';
import { type IpvsKernel, IpvsUnavailable, type OperationResult } from './kernel.js';
import { attribute, cString, decodeAttributes, readHostNumber } from './netlinkAttributes.js';
import { describeOperation, type IpvsOperation } from './reconcile.js';
import type { Destination, Service, ServiceKey } from './table.js';

/** NETLINK_GENERIC. */
const NETLINK_GENERIC = 16;
/** GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME of linux/genetlink.h. */
const CONTROLLER = { family: 16, getFamily: 3, idAttribute: 1, nameAttribute: 2 } as const;
/** NLM_F_REQUEST | NLM_F_ACK, and NLM_F_REQUEST | NLM_F_DUMP. */
const FLAGS = { ask: 0x5, dump: 0x301 } as const;
/** struct genlmsghdr. */
const GENL_HEADER_BYTES = 4;
/** Requests executed without a pause: the kernel takes them inside the system call, and others want this thread too. */
const SLICE = 1024;
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

/** One generic netlink request, not yet numbered. */
interface GenlRequest {
  readonly family: number;
  readonly command: number;
  readonly payload: Buffer;
}

const encoded =
  ({ family, command, payload }: GenlRequest, flags: number) =>
  (sequence: number): Buffer =>
    encodeMessage(family, flags, sequence, Buffer.concat([Buffer.from([command, IPVS_VERSION, 0, 0]), payload]), []);

/** Requests and answers of generic netlink. */
class GenericNetlink {
  readonly #socket = new NetlinkSocket(NETLINK_GENERIC, 'IPVS');

  /** Asks; hands every answer, without its generic header, to `read`, whose bytes are only lent. Throws KernelError. */
  ask<Answer>(request: GenlRequest, dump: boolean, read: (payload: Buffer) => Answer | undefined): Answer[] {
    let answers: Answer[] = [];
    this.#socket.dump(
      'ipvs',
      encoded(request, dump ? FLAGS.dump : FLAGS.ask),
      () => {
        answers = [];
      },
      (message) => {
        const answer = read(message.payload.subarray(GENL_HEADER_BYTES));
        if (answer !== undefined) answers.push(answer);
      },
    );
    return answers;
  }

  /** Sends commands that are only acknowledged; one result each, in order. Throws KernelError when nothing can be sent. */
  command(requests: readonly GenlRequest[], about: (index: number) => string): OperationResult[] {
    return this.#socket.batch(
      'ipvs',
      requests.map((request) => encoded(request, FLAGS.ask)),
      about,
    );
  }

  /** Number of a family, undefined when the kernel has none of that name. Throws KernelError. */
  resolve(name: string): number | undefined {
    const payload = attribute(CONTROLLER.nameAttribute, cString(name));
    try {
      const [family] = this.ask(
        { family: CONTROLLER.family, command: CONTROLLER.getFamily, payload },
        false,
        (answer) => readHostNumber(decodeAttributes(answer)?.get(CONTROLLER.idAttribute)),
      );
      return family;
    } catch (error) {
      if (error instanceof KernelError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  close(): void {
    this.#socket.close();
  }
}

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
    return services.map((service) => ({ ...service, destinations: this.#destinations(service.key) }));
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
      if (start > 0) await new Promise((resolve) => setImmediate(resolve));
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

  close(): void {
    this.#channel.close();
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
