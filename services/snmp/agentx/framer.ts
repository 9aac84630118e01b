/** Cuts the bytes of a connection into messages: they come joined and in pieces. */
import { pduLength } from './decode.js';

export class Framer {
  #rest: Buffer = Buffer.alloc(0);

  /** Takes what was read and returns the messages that are whole now. Throws PduError: nothing after it can be understood. */
  push(bytes: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const messages: Buffer[] = [];
    for (;;) {
      const length = pduLength(this.#rest);
      if (length === undefined || this.#rest.length < length) return messages;
      messages.push(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
    }
  }
}
