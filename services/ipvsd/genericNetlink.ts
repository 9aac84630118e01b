/** Generic netlink (linux/genetlink.h): requests for one family, their answers, and the family's number by its name. */
import { encodeMessage } from '../shared/kernel/netlinkCodec.js';
import { NetlinkSocket } from '../shared/kernel/netlinkSocket.js';
import { KernelError } from '../shared/kernel/ports.js';
import { IPVS_VERSION } from './ipvsCodec.js';
import type { OperationResult } from './kernel.js';
import { attribute, cString, decodeAttributes, readHostNumber } from './netlinkAttributes.js';

/** NETLINK_GENERIC. */
const NETLINK_GENERIC = 16;
/** GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME of linux/genetlink.h. */
const CONTROLLER = { family: 16, getFamily: 3, idAttribute: 1, nameAttribute: 2 } as const;
/** NLM_F_REQUEST | NLM_F_ACK, and NLM_F_REQUEST | NLM_F_DUMP. */
const FLAGS = { ask: 0x5, dump: 0x301 } as const;
/** struct genlmsghdr. */
const GENL_HEADER_BYTES = 4;

/** One generic netlink request, not yet numbered. */
export interface GenlRequest {
  readonly family: number;
  readonly command: number;
  readonly payload: Buffer;
}

const encoded =
  ({ family, command, payload }: GenlRequest, flags: number) =>
  (sequence: number): Buffer =>
    encodeMessage(family, flags, sequence, Buffer.concat([Buffer.from([command, IPVS_VERSION, 0, 0]), payload]), []);

/** Requests and answers of the IPVS family over one generic netlink socket. */
export class GenericNetlink {
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
