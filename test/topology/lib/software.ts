/** What a router can run. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a router keeps its things. */
export interface RouterPaths {
  readonly config: string;
  readonly runDirectory: string;
  readonly stateDirectory: string;
}

/** A program that takes a keepalived configuration and stays in the foreground. */
export interface Software {
  readonly name: 'keepalived' | 'keepwatch';
  command(paths: RouterPaths): string[];
}

const DIST = process.env.KEEPWATCH_DIST ?? fileURLToPath(new URL('../../../dist', import.meta.url));

/** A built command of this project; KEEPWATCH_DIST names another build than dist/. */
export function builtCommand(name: string): string {
  return join(DIST, 'cmd', name, 'main.js');
}

/** Debian's keepalived; its pid files go to the machine's own /run. */
export const keepalived: Software = {
  name: 'keepalived',
  command: ({ config }) => ['keepalived', '-n', '-l', '-D', '-f', config],
};

/** keepalived without a log line for each packet it sends, which would be what a measurement measures. */
export const quietKeepalived: Software = {
  name: 'keepalived',
  command: ({ config }) => ['keepalived', '-n', '-l', '-f', config],
};

/** Ours. */
export const keepwatch: Software = {
  name: 'keepwatch',
  command: ({ config, runDirectory, stateDirectory }) => [
    process.execPath,
    builtCommand('keepwatchd'),
    ...['-n', '-l', '-D', '-f', config, '--run-dir', runDirectory, '--state-dir', stateDirectory],
  ],
};

/** Ours with every service, those for which the configuration has no work too. */
export const wholeKeepwatch: Software = {
  name: 'keepwatch',
  command: (paths) => [...keepwatch.command(paths), '--all'],
};
