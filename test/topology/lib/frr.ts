/** Daemons of FRR on a machine, with zebra, which all of them want. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import type { Host } from './host.js';

const DAEMONS = '/usr/lib/frr';
/** The machine's own. */
const FOLDER = '/run/frr';

/** Where a daemon of FRR is. */
export const frrDaemon = (name: string): string => join(DAEMONS, name);

/** Starts zebra and `daemon` with one configuration; they run until the machine is powered off. */
export async function startFrr(host: Host, daemon: string, configuration: string): Promise<void> {
  const made = await host.tryInside(['install', '-d', '-o', 'frr', '-g', 'frr', FOLDER]);
  if (made.status !== 0) throw new Error(made.stderr);
  writeFileSync(host.path(join(FOLDER, 'frr.conf')), configuration, { mode: 0o644 });
  await start(host, 'zebra');
  await eventually(`${host.name}: zebra listens`, async () => {
    return (await host.tryInside(['test', '-S', join(FOLDER, 'zserv.api')])).status === 0;
  });
  await start(host, daemon);
}

async function start(host: Host, name: string): Promise<void> {
  const files = ['-f', join(FOLDER, 'frr.conf'), '-z', join(FOLDER, 'zserv.api'), '-i', join(FOLDER, `${name}.pid`)];
  // bfdd alone has a socket for other daemons, at a fixed place that all machines would share.
  const own = name === 'bfdd' ? ['--bfdctl', join(FOLDER, 'bfdd.sock')] : [];
  const argv = [frrDaemon(name), '-d', '-u', 'frr', '-g', 'frr', ...files, ...own, '--vty_socket', FOLDER];
  const { status, stderr } = await host.tryInside(argv);
  if (status !== 0) throw new Error(`${name} does not start: ${stderr}`);
}

/** Runs commands of the shell of FRR; gives what it prints. */
export async function vtysh(host: Host, ...commands: readonly string[]): Promise<string> {
  const words = commands.flatMap((command) => ['-c', command]);
  return (await host.tryInside(['vtysh', '--vty_socket', FOLDER, ...words])).stdout;
}
