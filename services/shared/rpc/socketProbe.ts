import { connect } from 'node:net';

/** Whether a living process accepts connections there. A socket file that refuses them belonged to a dead one. */
export function isServed(path: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(path);
    const done = (served: boolean): void => {
      socket.destroy();
      settle(served);
    };
    socket.once('connect', () => done(true));
    // EAGAIN: the backlog is full, so somebody listens.
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code === 'EAGAIN'));
  });
}
