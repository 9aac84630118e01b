/**
 * Where vrrpd gets the process that watches its trackers: a Unix socket, and for each connection one process that has it as
 * its channel. So vrrpd, which reads what the network sends, needs no right that scripts need.
 */
import { chmodSync, chownSync, renameSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { Logger } from '../shared/log/logger.js';
import { removeIfThere } from '../shared/rpc/pidFile.js';

/** More than vrrpd, its spare and their successors ever need. */
const MAX_WATCHERS = 8;

export interface WatcherDoorOptions {
  readonly path: string;
  /** Who may connect besides root. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Starts a process that has the connection as its channel; returns its end. */
  readonly start: (connection: Socket) => Promise<void>;
  readonly logger: Logger;
}

/** The open door; {@link close} leaves the processes alone. */
export interface WatcherDoor {
  close(): void;
}

/** Opens it. Rejects with the file system's error. */
export async function openWatcherDoor({ path, owner, start, logger }: WatcherDoorOptions): Promise<WatcherDoor> {
  let running = 0;
  const server = createServer({ pauseOnConnect: true }, (connection) => {
    connection.on('error', (error) => logger.debug({ err: error }, 'connection of a watcher'));
    if (running >= MAX_WATCHERS) {
      logger.error(`vrrpd asks for more than ${MAX_WATCHERS} watchers at a time: refused`);
      connection.destroy();
      return;
    }
    running++;
    void start(connection).finally(() => {
      running--;
    });
    // The process has it now.
    connection.destroy();
  });
  const temporary = `${path}.${process.pid}`;
  removeIfThere(temporary);
  // The umask gives the socket its mode at birth; a chmod afterwards would leave a moment in between.
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(temporary, resolve);
    });
  } finally {
    process.umask(umask);
  }
  chmodSync(temporary, 0o600);
  if (owner.uid !== process.getuid?.()) chownSync(temporary, owner.uid, owner.gid);
  renameSync(temporary, path);
  server.unref();
  return {
    close() {
      server.close();
      removeIfThere(path);
    },
  };
}
