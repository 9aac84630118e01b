/** The image that all others are built on: Debian packages and this machine's Node.js. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  ensureRootFileSystem,
  missingPrograms,
  ROOT_FILE_SYSTEM_PROGRAMS,
} from '../../packaging/lib/rootFileSystem.js';
import { run } from '../../topology/lib/command.js';
import type { Engine } from './engine.js';

/** Why containers cannot be built and run here; undefined when they can. */
export function missingForContainers(): string | undefined {
  const programs = ['podman', 'buildah', 'runc', 'conmon'].map((name): [string, string] => [name, name]);
  const missing = missingPrograms([...ROOT_FILE_SYSTEM_PROGRAMS, ...programs, ['tar', 'tar']]);
  if (missing !== undefined) return missing;
  const yaml = spawnSync('python3', ['-c', 'import yaml']).status === 0;
  return yaml ? undefined : 'needs Debian packages: python3-yaml';
}

/** Makes it and gives its name. Throws when the Debian packages cannot be had. */
export async function makeBase(engine: Engine): Promise<string> {
  const name = 'localhost/keepwatch-base:latest';
  const archive = join(engine.host.directory, 'base.tar');
  copyFileSync(ensureRootFileSystem(), archive);
  const rename = `--transform=s,^${basename(process.execPath)}$,usr/bin/node,`;
  await run(['tar', '--append', '-f', archive, '-C', dirname(process.execPath), rename, basename(process.execPath)]);
  await engine.run('import', '--quiet', archive, name);
  rmSync(archive);
  return name;
}
