/** The real kernel: IPVS over generic netlink, on the `netlink` package. */
import { execFile } from 'node:child_process';
import { getSystemErrorName } from 'node:util';
import { createNetlink, type NetlinkMessage, type NetlinkSocket } from 'netlink';
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
import type { Service, ServiceKey } from './table.js';

/** NETLINK_GENERIC. */
const NETLINK_GENERIC = 16;
/** GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME of linux/genetlink.h. */
const CONTROLLER = { family: 16, getFamily: 3, idAttribute: 1, nameAttribute: 2 } as const;
const NLMSG_ERROR = 2;
/** NLM_F_DUMP = NLM_F_ROOT | NLM_F_MATCH. */
const NLM_F_DUMP = 0x300;
/** NLM_F_DUMP_INTR: the table changed while it was being listed. */
const NLM_F_DUMP_INTR = 0x10;
const GENL_HEADER_BYTES = 4;
const REQUEST_TIMEOUT_MS = 5_000;
/** Requests under way at a time: more would not be faster, and many could overrun the package's receive buffer. */
const WINDOW = 16;
/** How often an interrupted listing is repeated before the last one counts. */
const LIST_ATTEMPTS = 5;
const MODPROBE = '/sbin/modprobe';
const MODPROBE_TIMEOUT_MS = 10_000;

/** Opens the kernel's IPVS, loading its module first where that is wanted. Throws IpvsUnavailable. */
export async function openIpvs(options: { readonly loadModule: boolean }): Promise<IpvsKernel> {
  let socket: NetlinkSocket;
  try {
    socket = createNetlink(NETLINK_GENERIC);
  } catch (error) {
    throw new IpvsUnavailable(`cannot open a generic netlink socket: ${messageOf(error)}`);
  }
  const channel = new GenericNetlink(socket);
  try {
    let family = await channel.resolve(IPVS_FAMILY);
    if (family === undefined && !options.loadModule) {
      throw new IpvsUnavailable('the kernel has not loaded IPVS, and no virtual server asks for it');
    }
    if (family === undefined) {
      const complaint = await loadModule('ip_vs');
      family = await channel.resolve(IPVS_FAMILY);
      if (family === undefined) throw new IpvsUnavailable(noIpvs(complaint));
    }
    const version = await askVersion(channel, family);
    return new GenlIpvs(channel, family, version);
  } catch (error) {
    channel.close();
    if (error instanceof IpvsUnavailable) throw error;
    throw new IpvsUnavailable(`the kernel does not answer about IPVS: ${messageOf(error)}`);
  }
}

const noIpvs = (complaint: string): string =>
  `this kernel has no IPVS (module ip_vs: ${complaint}); virtual servers are not balanced here. ` +
  'Run on a kernel with CONFIG_IP_VS, or load the module where this process may not: modprobe ip_vs';

async function askVersion(channel: GenericNetlink, family: number): Promise<string> {
  try {
    const [answer] = await channel.request(family, IPVS_COMMAND.getInfo, Buffer.alloc(0));
    return (answer && decodeVersion(answer)) ?? 'unknown';
  } catch (error) {
    // Every IPVS command, even this one, wants CAP_NET_ADMIN.
    if (error instanceof KernelError && error.code === 'EPERM') {
      throw new IpvsUnavailable('not permitted to manage IPVS: run with the capability NET_ADMIN');
    }
    throw error;
  }
}

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

/** Requests and answers of generic netlink, errors as KernelError. */
class GenericNetlink {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Sends one request; returns the payloads of the answers, after the generic header. Throws KernelError. */
  async request(family: number, command: number, payload: Buffer, dump = false): Promise<Buffer[]> {
    const header = Buffer.from([command, IPVS_VERSION, 0, 0]);
    for (let attempt = 1; ; attempt++) {
      const [messages] = await this.#socket.request(family, Buffer.concat([header, payload]), {
        flags: dump ? NLM_F_DUMP : 0,
        timeout: REQUEST_TIMEOUT_MS,
        checkError: false,
      });
      const failed = messages.find((message) => message.type === NLMSG_ERROR);
      if (failed !== undefined) {
        const error = kernelError(failed, `command ${command}`);
        if (error === undefined) return [];
        throw error;
      }
      const interrupted = messages.some((message) => (message.flags & NLM_F_DUMP_INTR) !== 0);
      if (interrupted && attempt < LIST_ATTEMPTS) continue;
      return messages
        .filter((message) => message.type === family)
        .map((message) => message.data.subarray(GENL_HEADER_BYTES));
    }
  }

  /** Number of a family, undefined when the kernel has none of that name. */
  async resolve(name: string): Promise<number | undefined> {
    try {
      const question = attribute(CONTROLLER.nameAttribute, cString(name));
      const [answer] = await this.request(CONTROLLER.family, CONTROLLER.getFamily, question);
      return answer && readHostNumber(decodeAttributes(answer)?.get(CONTROLLER.idAttribute));
    } catch (error) {
      if (error instanceof KernelError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** The error of an NLMSG_ERROR message (`struct nlmsgerr`); undefined when it is an acknowledgement. */
function kernelError(message: NetlinkMessage, what: string): KernelError | undefined {
  const number = message.data.length < 4 ? -22 : new Int32Array(Uint8Array.from(message.data.subarray(0, 4)).buffer)[0];
  if (number === undefined || number === 0) return undefined;
  return new KernelError('ipvs', -number, systemErrorName(number), what);
}

function systemErrorName(number: number): string {
  try {
    return getSystemErrorName(number);
  } catch {
    return `errno ${-number}`;
  }
}

class GenlIpvs implements IpvsKernel {
  readonly version: string;
  readonly #channel: GenericNetlink;
  readonly #family: number;

  constructor(channel: GenericNetlink, family: number, version: string) {
    this.#channel = channel;
    this.#family = family;
    this.version = version;
  }

  async list(): Promise<Service[]> {
    const answers = await this.#channel.request(this.#family, IPVS_COMMAND.getService, Buffer.alloc(0), true);
    const services: Service[] = [];
    for (const answer of answers) {
      const service = decodeService(answer);
      if (service === undefined) continue;
      // One listing at a time: the kernel answers EBUSY to a second one on the same socket.
      services.push({ ...service, destinations: await this.#destinations(service.key) });
    }
    return services;
  }

  async find(key: ServiceKey): Promise<Service | undefined> {
    try {
      const [answer] = await this.#channel.request(this.#family, IPVS_COMMAND.getService, encodeService(key));
      const service = answer && decodeService(answer);
      return service && { ...service, destinations: await this.#destinations(key) };
    } catch (error) {
      if (error instanceof KernelError && error.code === 'ESRCH') return undefined;
      throw error;
    }
  }

  async #destinations(key: ServiceKey) {
    const answers = await this.#channel.request(this.#family, IPVS_COMMAND.getDestination, encodeService(key), true);
    return answers.map((answer) => decodeDestination(answer, key.family)).filter((found) => found !== undefined);
  }

  execute(operations: readonly IpvsOperation[]): Promise<OperationResult[]> {
    // Netlink keeps the order of the requests of one socket, so a window keeps the order of the operations.
    return inWindow(operations, async (operation): Promise<OperationResult> => {
      try {
        await this.#channel.request(this.#family, ...encodeOperation(operation));
        return { ok: true };
      } catch (error) {
        if (error instanceof KernelError) {
          return {
            ok: false,
            error: new KernelError(error.operation, error.errno, error.code, describeOperation(operation)),
          };
        }
        const detail = `${describeOperation(operation)}: ${messageOf(error)}`;
        return { ok: false, error: new KernelError('ipvs', 5, 'EIO', detail) };
      }
    });
  }

  close(): void {
    this.#channel.close();
  }
}

function encodeOperation(operation: IpvsOperation): [command: number, payload: Buffer] {
  switch (operation.kind) {
    case 'new-service':
      return [IPVS_COMMAND.newService, encodeService(operation.key, operation.settings)];
    case 'set-service':
      return [IPVS_COMMAND.setService, encodeService(operation.key, operation.settings)];
    case 'delete-service':
      return [IPVS_COMMAND.deleteService, encodeService(operation.key)];
    case 'new-destination':
      return [IPVS_COMMAND.newDestination, encodeDestination(operation.key, operation.destination)];
    case 'set-destination':
      return [IPVS_COMMAND.setDestination, encodeDestination(operation.key, operation.destination)];
    case 'delete-destination': {
      const { family, address, port } = operation.destination;
      return [IPVS_COMMAND.deleteDestination, encodeDestination(operation.key, { family, address, port })];
    }
  }
}

/** Maps in order with at most {@link WINDOW} under way. */
async function inWindow<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(WINDOW, items.length) }, worker));
  return results;
}
