/** The way to one watcher process, which ends with it: a child of vrrpd, or a process that the supervisor starts for a connection. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { WatchMessage, WatchRequest } from './wire.js';

export interface WatcherChannel {
  /** A process that is gone is told by `onEnd`. */
  send(request: WatchRequest): void;
  /** The process ends its scripts and then itself. `onEnd` is not called any more. */
  close(): void;
}

export interface WatcherChannelEvents {
  readonly onMessage: (message: WatchMessage) => void;
  /** Called once, with how it ended or why it could not be had. */
  readonly onEnd: (how: string) => void;
}

export type OpenWatcherChannel = (events: WatcherChannelEvents) => WatcherChannel;

/** Runs this Node.js with these arguments as the watcher process. */
export const watcherChild =
  (args: readonly string[]): OpenWatcherChannel =>
  ({ onMessage, onEnd }) => {
    const child = spawn(process.execPath, [...args], {
      // A session of its own: a signal for the whole group of vrrpd is not for it.
      detached: true,
      // A loader named on the command line is found from where we were started; else no directory is kept busy.
      cwd: process.execArgv.length > 0 ? process.cwd() : '/',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: environment(),
    });
    let over = false;
    const ended = (how: string): void => {
      if (over) return;
      over = true;
      onEnd(how);
    };
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => ended(signal === null ? `exit code ${code}` : `killed by ${signal}`));
    child.on('message', (message) => {
      if (!over) onMessage(message as WatchMessage);
    });
    return {
      send(request) {
        if (child.connected) child.send(request, () => {});
      },
      close() {
        over = true;
        if (child.connected) child.disconnect();
      },
    };
  };

/**
 * The watcher process that answers at a Unix socket. What crosses it is what Node.js sends a child: one JSON value a line
 * (`child_process`, serialization 'json'), for the process has the connection as its channel.
 */
export const watcherAt =
  (path: string): OpenWatcherChannel =>
  ({ onMessage, onEnd }) => {
    const socket = connect(path);
    let over = false;
    let rest = '';
    let failure = 'it ended';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (!over && line !== '') onMessage(JSON.parse(line) as WatchMessage);
    });
    socket.once('error', (error) => {
      failure = error.message;
    });
    socket.once('close', () => {
      if (over) return;
      over = true;
      onEnd(failure);
    });
    return {
      send(request) {
        socket.write(`${JSON.stringify(request)}\n`);
      },
      close() {
        over = true;
        socket.destroy();
      },
    };
  };

/** Scripts get an environment of their own; what steers Node is not for the watcher either. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:NODE_|npm_|KEEPWATCH_)/.test(name)));
