/** Connections for checks that talk: made with all choices of the endpoint, then spoken on with Node's sockets. */
import { Socket } from 'node:net';
import type { ClientSocket, ClientSockets } from '../../shared/kernel/clientSockets.js';
import type { CheckerEndpoint } from '../config/checkerModel.js';
import { describeConnectError } from './connectError.js';
import type { SingleResult } from './singleResult.js';

/**
 * Connects; `connected` gets the open socket and owns it. A failure ends the check. Returns what ends the attempt before
 * `connected`.
 */
export function openStream(
  endpoint: CheckerEndpoint,
  sockets: ClientSockets,
  result: SingleResult,
  connected: (socket: Socket) => void,
): () => void {
  let socket: ClientSocket | undefined;
  try {
    socket = sockets.open({ type: 'stream', ...endpoint }, ({ failed, writable, ended }) => {
      if (socket === undefined || result.over || !(failed || writable || ended)) return;
      const error = failed ? socket.takeError() : undefined;
      if (error !== undefined) return result.tell(describeConnectError(error, endpoint));
      const fd = socket.release();
      socket = undefined;
      connected(new Socket({ fd, readable: true, writable: true }));
    });
  } catch (error) {
    setImmediate(() => result.tell(describeConnectError(error as NodeJS.ErrnoException, endpoint)));
  }
  return () => {
    socket?.close();
    socket = undefined;
  };
}
