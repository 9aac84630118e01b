/** Runs the program again as the root of a user namespace, for users who are not root. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

const MARK = 'KEEPWATCH_DEMO_USER_NAMESPACE';

/** This process is the one inside. */
export function insideUserNamespace(): boolean {
  const inside = process.env[MARK] === '1';
  // The one outside holds the other end of a channel; without it nobody waits for us.
  if (inside) process.once('disconnect', () => process.exit(1));
  return inside;
}

/** Starts the process inside, passes signals on, and gives its exit status. */
export async function enterUserNamespace(): Promise<number> {
  const unshare = ['--user', '--map-root-user', '--net', '--mount', '--', process.execPath, ...process.execArgv];
  const child = spawn('unshare', [...unshare, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
