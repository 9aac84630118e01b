/** The image all others are built on: Debian packages and this machine's Node.js. Kept in the user's cache. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { Host } from '../../topology/lib/host.js';
import type { Podman } from './podman.js';

/** Below minbase: what the Containerfile asks for, so that building needs no network, and the peer. */
const PACKAGES = ['keepalived', 'libcap2-bin', 'libnftables1', 'libpcre2-8-0', 'libstdc++6', 'tini', 'util-linux'];

/** Programs with the Debian package each comes from. */
type Programs = readonly (readonly [program: string, debianPackage: string])[];

/** What making a root file system needs. */
export const ROOT_FILE_SYSTEM_PROGRAMS: Programs = [['mmdebstrap', 'mmdebstrap']];

const PROGRAMS: Programs = [
  ...ROOT_FILE_SYSTEM_PROGRAMS,
  ['podman', 'podman'],
  ['buildah', 'buildah'],
  ['runc', 'runc'],
  ['conmon', 'conmon'],
];

/** Where images and layers are kept between runs. */
export const storageFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keepwatch-containers');

/** Why these programs cannot be used here; undefined when they can. */
export function missingPrograms(programs: Programs): string | undefined {
  if (process.getuid?.() !== 0) return 'a root file system of its own needs root';
  const missing = programs.filter(([program]) => !Host.hasProgram(program)).map(([, name]) => name);
  if (missing.length > 0) return `needs Debian packages: ${missing.join(' ')}`;
  if (codename() === undefined) return 'not a Debian release: its Node.js may not run on Debian packages';
  return undefined;
}

/** Why containers cannot be built and run here; undefined when they can. */
export const missingForContainers = (): string | undefined => missingPrograms(PROGRAMS);

function codename(): string | undefined {
  const text = readFileSync('/etc/os-release', 'utf8');
  return /^ID=debian$/m.test(text) ? /^VERSION_CODENAME=(\S+)$/m.exec(text)?.[1] : undefined;
}

/** A Debian root file system of minbase and our packages, as an archive. Throws when the packages cannot be had. */
export function ensureRootFileSystem(): string {
  const recipe = [codename(), ...PACKAGES].join(' ');
  const archive = join(storageFolder(), `root-${keyOf(recipe)}.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(storageFolder(), { recursive: true });
  const unfinished = `${archive}.${process.pid}`;
  const include = `--include=${PACKAGES.join(',')}`;
  const made = spawnSync('mmdebstrap', ['--format=tar', '--variant=minbase', include, codename() ?? '', unfinished], {
    encoding: 'utf8',
  });
  if (made.status !== 0) {
    rmSync(unfinished, { force: true });
    throw new Error(`mmdebstrap: ${made.stderr}`);
  }
  renameSync(unfinished, archive);
  return archive;
}

const keyOf = (recipe: string): string => createHash('sha256').update(recipe).digest('hex').slice(0, 16);

/**
 * Name of the base image, made when it is not there: that file system with this machine's Node.js. Its name is made of what it
 * is made of. Throws when it cannot be made.
 */
export async function ensureBase(podman: Podman): Promise<string> {
  const archive = ensureRootFileSystem();
  const { size, mtimeMs } = statSync(process.execPath);
  const name = `localhost/keepwatch-base:${keyOf([basename(archive), process.version, size, mtimeMs].join(' '))}`;
  if (await podman.hasImage(name)) return name;
  const context = mkdtempSync(join(storageFolder(), 'base-'));
  try {
    linkSync(archive, join(context, 'root.tar'));
    copyFileSync(process.execPath, join(context, 'node'));
    writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nADD root.tar /\nCOPY node /usr/bin/node\n');
    await podman.build(['-f', join(context, 'Containerfile'), '--tag', name, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
  return name;
}
