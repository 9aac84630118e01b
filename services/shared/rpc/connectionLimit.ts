/** Bounds the connections of a server whose listening socket belongs to a library. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Told by Node of every connection that a server of this process takes, before anything is read from it. */
const CHANNEL = 'net.server.socket';

export interface ConnectionLimits {
  readonly connections: number;
  /** From one address. */
  readonly perAddress: number;
}

/** Closes at once what comes to the local TCP port `port` above the limits. The function it returns ends that. */
export function limitConnections(port: number, { connections, perAddress }: ConnectionLimits): () => void {
  const open = new Map<string, number>();
  let count = 0;
  const look = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    const { localPort, remoteAddress = '' } = socket;
    if (localPort !== port) return;
    const here = open.get(remoteAddress) ?? 0;
    if (count >= connections || here >= perAddress) {
      socket.destroy();
      return;
    }
    count++;
    open.set(remoteAddress, here + 1);
    socket.once('close', () => {
      count--;
      const left = (open.get(remoteAddress) ?? 1) - 1;
      if (left === 0) open.delete(remoteAddress);
      else open.set(remoteAddress, left);
    });
  };
  subscribe(CHANNEL, look);
  return () => unsubscribe(CHANNEL, look);
}
