/** One question by datagram: sent once, then what comes back is looked at until the check ends. */
import type { ClientSocketOptions } from '../../shared/kernel/clientSocket.js';
import type { ClientSocket, ClientSockets } from '../../shared/kernel/clientSockets.js';
import type { CheckerEndpoint } from '../config/checkerModel.js';
import { describeConnectError } from './connectError.js';
import type { SingleResult } from './singleResult.js';

/** Datagrams looked at per check: a flood of wrong ones must not hold up the others. */
const MAX_DATAGRAMS = 64;

/**
 * Opens a socket and sends; `heard` gets every datagram. Errors, also those that ICMP brings, end the check. Returns what closes
 * the socket. Throws KernelError when it cannot be opened, for a caller that knows another kind of socket.
 */
export function ask(
  options: ClientSocketOptions,
  endpoint: CheckerEndpoint,
  sockets: ClientSockets,
  result: SingleResult,
  question: Uint8Array,
  heard: (datagram: Buffer) => void,
): () => void {
  let count = 0;
  const socket: ClientSocket = sockets.open(options, ({ readable, failed }) => {
    if (result.over || !(readable || failed)) return;
    try {
      for (let datagram = socket.receive(); datagram !== undefined; datagram = socket.receive()) {
        count++;
        if (count <= MAX_DATAGRAMS) heard(datagram);
        if (result.over) return;
      }
    } catch (error) {
      result.tell(describeConnectError(error as NodeJS.ErrnoException, endpoint));
    }
  });
  try {
    socket.send(question);
  } catch (error) {
    setImmediate(() => result.tell(describeConnectError(error as NodeJS.ErrnoException, endpoint)));
  }
  return () => socket.close();
}
