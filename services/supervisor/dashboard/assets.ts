/** The built page: its few small files, read once. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file, as it is sent. */
export interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
  /** Quoted. */
  readonly etag: string;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

export interface Assets {
  /** By path. */
  readonly files: ReadonlyMap<string, Asset>;
  /** Name of the script, which stands for the version of all. */
  readonly script: string;
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);

/** Reads what the build wrote. Throws an Error with a message for the user when it is not there. */
export function readAssets(directory: string = builtPage()): Assets {
  const files = new Map<string, Asset>();
  for (const name of readdirSync(directory)) {
    const type = TYPES.get(extname(name));
    if (type === undefined) continue;
    const plain = readFileSync(join(directory, name));
    files.set(name === 'index.html' ? '/' : `/${name}`, {
      type,
      plain,
      gzip: readFileSync(join(directory, `${name}.gz`)),
      etag: `"${createHash('sha256').update(plain).digest('hex').slice(0, 16)}"`,
      immutable: /-[A-Z0-9]{8}\.\w+$/.test(name),
    });
  }
  const script = [...files.keys()].find((path) => path.endsWith('.js'))?.slice(1);
  if (script === undefined || !files.has('/')) throw notBuilt(directory);
  return { files, script };
}

/** Beside the bundle, or in dist/ when running from sources. */
function builtPage(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    for (const candidate of ['dashboard', 'dist/dashboard']) {
      if (existsSync(join(folder, candidate, 'index.html'))) return join(folder, candidate);
    }
    if (dirname(folder) === folder) throw notBuilt(start);
  }
}

const notBuilt = (place: string): Error =>
  new Error(`the dashboard's page is not built or not installed (looked from ${place}); build it with: npm run build`);
