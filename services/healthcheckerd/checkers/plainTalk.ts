/**
 * A conversation in the clear on the epoll set that all checks share: one request, and the answer to the end of the connection.
 * A few system calls, where a socket of Node costs several times that.
 */
import type { ClientSocket, ClientSockets } from '../../shared/kernel/clientSockets.js';
import type { CheckerEndpoint } from '../config/checkerModel.js';
import type { SingleResult } from './singleResult.js';
import { openConnection } from './stream.js';

/** The longest request: what the kernel takes at once on every connection. */
export const LONGEST_REQUEST = 4_096;
/** Pieces of an answer read in one turn of the event loop: whoever sends without end must not have it for himself. */
const PIECES_AT_ONCE = 8;

export interface PlainTalk {
  /** The connection is there: what to send. */
  readonly connected: () => Buffer;
  readonly received: (piece: Buffer) => void;
  /** The server has said everything. */
  readonly ended: () => void;
  /** The connection failed after it was made. */
  readonly failed: (error: NodeJS.ErrnoException) => void;
}

/** Connects and talks, until the result is over. A connection that cannot be made ends the check. Returns what ends the talk. */
export function talkPlainly(
  endpoint: CheckerEndpoint,
  sockets: ClientSockets,
  result: SingleResult,
  talk: PlainTalk,
): () => void {
  const listen = (socket: ClientSocket): void => {
    for (let pieces = 0; pieces < PIECES_AT_ONCE; pieces++) {
      if (result.over) return;
      const piece = socket.receive();
      if (piece === undefined) return;
      if (piece.length === 0) {
        talk.ended();
        return;
      }
      talk.received(piece);
    }
    // Nobody will tell us again of what is there already.
    setImmediate(() => attempt(() => listen(socket)));
  };
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      talk.failed(error as NodeJS.ErrnoException);
    }
  };
  return openConnection(endpoint, sockets, result, {
    connected: (socket) => {
      const request = talk.connected();
      attempt(() => socket.send(request));
    },
    ready: (socket) => attempt(() => listen(socket)),
  });
}
