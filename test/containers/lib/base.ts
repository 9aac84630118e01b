/** The image all others are built on: Debian packages and this machine's Node.js. Kept in the user's cache. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Host } from '../../topology/lib/host.js';
import type { Podman } from './podman.js';

/** Below minbase: what the Containerfile asks for, so that building needs no network, and the peer. */
const PACKAGES = ['keepalived', 'libcap2-bin', 'libnftables1', 'libpcre2-8-0', 'libstdc++6', 'tini', 'util-linux'];

/** Programs the lane needs, with the Debian package each comes from. */
const PROGRAMS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['podman', 'podman'],
  ['buildah', 'buildah'],
  ['runc', 'runc'],
  ['conmon', 'conmon'],
  ['mmdebstrap', 'mmdebstrap'],
];

/** Where images and layers are kept between runs. */
export const storageFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keepwatch-containers');

/** Why containers cannot be built and run here; undefined when they can. */
export function missingForContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'containers with a network of their own need root';
  const missing = PROGRAMS.filter(([program]) => !Host.hasProgram(program)).map(([, name]) => name);
  if (missing.length > 0) return `needs Debian packages: ${missing.join(' ')}`;
  if (codename() === undefined) return 'not a Debian release: its Node.js may not run on Debian packages';
  return undefined;
}

function codename(): string | undefined {
  const text = readFileSync('/etc/os-release', 'utf8');
  return /^ID=debian$/m.test(text) ? /^VERSION_CODENAME=(\S+)$/m.exec(text)?.[1] : undefined;
}

/**
 * Name of the base image, made when it is not there. Its name is made of what it is made of. Throws when the packages cannot
 * be had.
 */
export async function ensureBase(podman: Podman): Promise<string> {
  const node = process.execPath;
  const { size, mtimeMs } = statSync(node);
  const recipe = [codename(), ...PACKAGES, process.version, size, mtimeMs].join(' ');
  const key = createHash('sha256').update(recipe).digest('hex').slice(0, 16);
  const name = `localhost/keepwatch-base:${key}`;
  if (await podman.hasImage(name)) return name;
  mkdirSync(storageFolder(), { recursive: true });
  const archive = join(storageFolder(), `base-${key}.tar`);
  if (basename(node) !== 'node') throw new Error(`${node} is not called node`);
  const copy = `--customize-hook=copy-in ${node} /usr/bin`;
  const made = spawnSync(
    'mmdebstrap',
    ['--variant=minbase', `--include=${PACKAGES.join(',')}`, copy, codename() ?? '', archive],
    { encoding: 'utf8', cwd: dirname(archive) },
  );
  if (made.status !== 0) throw new Error(`mmdebstrap: ${made.stderr}`);
  await podman.run(['import', archive, name], 300_000);
  return name;
}
