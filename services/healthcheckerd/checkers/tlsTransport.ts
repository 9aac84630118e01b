/**
 * A connection below TLS whose end is seen apart from the end of TLS (`tls_compliant`). Node hands a TLS socket both ends alike:
 * an answer that somebody cut off looks like a whole one.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export class TlsTransport extends Duplex {
  readonly #socket: Socket;

  /** `ended`: the peer ended TCP, and TLS has seen everything that came before. */
  constructor(socket: Socket, ended: () => void) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    const whenRead = (): void => {
      if (this.destroyed) return;
      // What TLS makes of the last bytes is told in the turn after it got them.
      if (this.readableLength > 0) setImmediate(whenRead);
      else setImmediate(ended);
    };
    socket.on('end', () => setImmediate(whenRead));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
