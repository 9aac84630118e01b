/** A clean root file system of Debian, kept in the user's cache. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Host } from '../../topology/lib/host.js';

/** Besides minbase: what our packages and images ask for, so that installing and building need no network, and a peer. */
const PACKAGES = ['keepalived', 'libcap2-bin', 'libnftables1', 'libpcre2-8-0', 'libstdc++6', 'tini', 'util-linux'];

/** Programs with the Debian package each comes from. */
type Programs = readonly (readonly [program: string, debianPackage: string])[];

/** What making a root file system needs. */
export const ROOT_FILE_SYSTEM_PROGRAMS: Programs = [['mmdebstrap', 'mmdebstrap']];

/** Where images and layers are kept between runs. */
const storageFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keepwatch-containers');

/** Why these programs cannot be used here; undefined when they can. */
export function missingPrograms(programs: Programs): string | undefined {
  if (process.getuid?.() !== 0) return 'a root file system of its own needs root';
  const missing = programs.filter(([program]) => !Host.hasProgram(program)).map(([, name]) => name);
  if (missing.length > 0) return `needs Debian packages: ${missing.join(' ')}`;
  if (codename() === undefined) return 'not a Debian release: its Node.js may not run on Debian packages';
  return undefined;
}

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
