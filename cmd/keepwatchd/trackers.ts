/** The watcher processes of vrrpd, which keepwatchd starts for it: vrrpd itself may start nothing as anybody else. */
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Logger } from '../../services/shared/log/logger.js';
import { watcherPermitsPath, watcherSocketPath } from '../../services/shared/rpc/paths.js';
import { removeIfThere } from '../../services/shared/rpc/pidFile.js';
import type { ConfigParts } from '../../services/supervisor/parts.js';
import { homeOf } from '../../services/supervisor/serviceHome.js';
import { childEnvironment } from '../../services/supervisor/serviceProcess.js';
import { openWatcherDoor, type WatcherDoor } from '../../services/supervisor/watcherDoor.js';
import { permitsOf } from '../../services/vrrpd/track/permits.js';
import type { Flags } from './flags.js';
import { mainOf } from './installed.js';
import { interpretVrrp } from './interpreters.js';
import type { Launcher } from './launcher.js';

/** Blocks that define what watchers run and write; a configuration without them is not looked at any further. */
const TRACKERS: ReadonlySet<string> = new Set(['vrrp_script', 'track_file', 'vrrp_track_file']);

/**
 * Opens the door for them; undefined where they would have no other rights than children of vrrpd, or it cannot be opened,
 * which is logged: then vrrpd starts them itself.
 */
export async function offerWatchers(
  { runDir, stateDir, attach }: Flags,
  launcher: Launcher,
  logger: Logger,
): Promise<WatcherDoor | undefined> {
  const path = watcherSocketPath(runDir);
  const uid = process.getuid?.() ?? 0;
  if (attach || uid !== 0) return undefined;
  try {
    const owner = homeOf({ runDir, stateDir }, 'vrrpd')?.user ?? { uid, gid: process.getgid?.() ?? 0 };
    return await openWatcherDoor({
      path,
      owner,
      logger,
      start: (connection) => startWatcher(connection, runDir, launcher, logger),
    });
  } catch (error) {
    logger.error({ err: error }, `${path} cannot be opened: tracking scripts get the rights of vrrpd only`);
    removeIfThere(path);
    return undefined;
  }
}

/** Writes down what watchers may be asked for. Where that fails, which is logged, they do what they did before. */
export function permitWatchers(runDir: string, configurations: readonly ConfigParts[], logger: Logger): void {
  const models = configurations.flatMap((parts) => {
    const tree = parts.get('vrrpd');
    if (!tree?.statements.some(({ words: [first] }) => TRACKERS.has(first?.text ?? ''))) return [];
    const { model } = interpretVrrp(tree);
    return model === undefined ? [] : [model];
  });
  const path = watcherPermitsPath(runDir);
  try {
    writeFileSync(`${path}.new`, JSON.stringify(permitsOf(models)), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    logger.error({ err: error, file: path }, 'new tracking scripts will not run');
  }
}

/**
 * Starts one with a connection as its channel (descriptor 3, as Node.js tells a child by its environment), in the network
 * namespace of vrrpd. Resolves at its end.
 */
function startWatcher(connection: Socket, runDir: string, launcher: Launcher, logger: Logger): Promise<void> {
  const command = launcher.placed('vrrpd', {
    file: process.execPath,
    args: [...process.execArgv, mainOf('trackd'), watcherPermitsPath(runDir)],
    cwd: process.execArgv.length > 0 ? process.cwd() : '/',
  });
  if ('problem' in command) {
    logger.error(`what vrrpd tracks cannot be watched: ${command.problem}`);
    return Promise.resolve();
  }
  const child = spawn(command.file, [...command.args], {
    detached: true,
    cwd: command.cwd,
    stdio: ['ignore', 'ignore', 'inherit', connection],
    env: { ...childEnvironment(process.env), NODE_CHANNEL_FD: '3' },
  });
  child.unref();
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
