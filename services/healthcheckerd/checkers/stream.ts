/** Connections for checks that talk: made with all choices of the endpoint, then spoken on with Node's sockets. */
import { Socket } from 'node:net';
import type { ClientSocket, ClientSockets } from '../../shared/kernel/clientSockets.js';
import type { CheckerEndpoint } from '../config/checkerModel.js';
import { describeConnectError } from './connectError.js';
import type { SingleResult } from './singleResult.js';

/** What follows a connection. */
interface Connected {
  /** It is there. `take` gives the descriptor away: it has another owner from then on. */
  readonly connected: (socket: ClientSocket, take: () => number) => void;
  /** Something has happened to one that was not taken, or may have happened while it was made. */
  readonly ready?: (socket: ClientSocket) => void;
}

/** Connects. A failure ends the check. Returns what closes the socket, unless that was taken. */
export function openConnection(
  endpoint: CheckerEndpoint,
  sockets: ClientSockets,
  result: SingleResult,
  { connected, ready }: Connected,
): () => void {
  let socket: ClientSocket | undefined;
  let isConnected = false;
  const begin = (opened: ClientSocket): void =>
    connected(opened, () => {
      socket = undefined;
      return opened.release();
    });
  try {
    socket = sockets.open({ type: 'stream', ...endpoint }, ({ failed, writable, ended }) => {
      if (socket === undefined || result.over) return;
      if (!isConnected) {
        if (!(failed || writable || ended)) return;
        const error = failed ? socket.takeError() : undefined;
        if (error !== undefined) {
          result.tell(describeConnectError(error, endpoint));
          return;
        }
        isConnected = true;
        begin(socket);
      }
      if (socket !== undefined && !result.over) ready?.(socket);
    });
  } catch (error) {
    setImmediate(() => result.tell(describeConnectError(error as NodeJS.ErrnoException, endpoint)));
  }
  return () => {
    socket?.close();
    socket = undefined;
  };
}

/** Connects; `connected` gets the open socket and owns it. Returns what ends the attempt before `connected`. */
export function openStream(
  endpoint: CheckerEndpoint,
  sockets: ClientSockets,
  result: SingleResult,
  connected: (socket: Socket) => void,
): () => void {
  return openConnection(endpoint, sockets, result, {
    connected: (_, take) => connected(new Socket({ fd: take(), readable: true, writable: true })),
  });
}
