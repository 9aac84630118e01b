/** Names of the files in a run directory. */
import { join } from 'node:path';

/** The processes of a suite. */
export type ProcessName = 'keepwatchd' | 'vrrpd' | 'healthcheckerd' | 'ipvsd' | 'notifierd' | 'bfdd';

/** Default of --run-dir. */
export const DEFAULT_RUN_DIR = '/run/keepwatch';
/** Default of --state-dir. */
export const DEFAULT_STATE_DIR = '/var/lib/keepwatch';

/** Where a suite is unless a flag says so: KEEPWATCH_RUN_DIR and KEEPWATCH_STATE_DIR, else the defaults. */
export const defaultDirectories = (
  environment: NodeJS.ProcessEnv = process.env,
): { readonly runDir: string; readonly stateDir: string } => ({
  runDir: environment.KEEPWATCH_RUN_DIR || DEFAULT_RUN_DIR,
  stateDir: environment.KEEPWATCH_STATE_DIR || DEFAULT_STATE_DIR,
});

/** Longest path a Unix socket can have: sun_path of linux/un.h is 108 bytes with its final zero. */
export const MAX_SOCKET_PATH_BYTES = 107;

/** Where a process listens. */
export const socketPath = (runDir: string, name: ProcessName): string => join(runDir, `${name}.sock`);

/** Where a process writes its process id. */
export const pidPath = (runDir: string, name: ProcessName): string => join(runDir, `${name}.pid`);

/** Where a process that stands by for the service `name` listens, and writes its process id, until it takes over. */
export const spareSocketPath = (runDir: string, name: ProcessName): string => join(runDir, `${name}.spare.sock`);
export const sparePidPath = (runDir: string, name: ProcessName): string => join(runDir, `${name}.spare.pid`);

/** Where ipvsd notes which services of the kernel's table are its own; absent: none. */
export const ownedTablePath = (runDir: string): string => join(runDir, 'ipvsd.owned.json');

/** Where vrrpd gets the process that watches its trackers, when the supervisor offers that. */
export const watcherSocketPath = (runDir: string): string => join(runDir, 'trackd.sock');
/** What those processes may be asked for, as the supervisor wrote it down. */
export const watcherPermitsPath = (runDir: string): string => join(runDir, 'trackd.permits');

/** Where an optional process finds its part of the control API. */
export const moduleSocketPath = (runDir: string, name: string): string => join(runDir, `${name}.control.sock`);
