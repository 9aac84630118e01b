// Lays the built commands out as they are installed below /usr: for the Debian package and for the container images.
// usage: node .ci/package/payload.mjs DESTINATION       (after npm run build)
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Where everything is that is not in a place of its own, below the destination. */
export const LIBRARY = 'usr/lib/keepwatch';

/** What of koffi is needed at run time: not its sources, not its documentation. */
const KOFFI_FILES = ['package.json', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs', 'LICENSE.txt'];

/** Makes `destination`/usr. Throws when the commands are not built or a native part is missing. */
export function layOut(destination) {
  const library = join(destination, LIBRARY);
  if (!existsSync(join(ROOT, 'dist/.built'))) throw new Error('nothing is built here: npm run build');
  rmSync(library, { recursive: true, force: true });
  mkdirSync(library, { recursive: true });
  for (const part of ['cmd', 'dashboard', 'lib', 'proto', 'package.json', 'THIRD-PARTY']) {
    // Source maps are as large as all the rest and only for debuggers.
    const wanted = (path) => !path.endsWith('.map');
    cpSync(join(ROOT, 'dist', part), join(library, part), { recursive: true, filter: wanted });
  }
  copyKoffi(join(library, 'node_modules'));
  const bin = join(destination, 'usr/bin');
  mkdirSync(bin, { recursive: true });
  const { bin: commands } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const [name, main] of Object.entries(commands)) {
    rmSync(join(bin, name), { force: true });
    symlinkSync(join('../lib/keepwatch', main.replace(/^dist\//, '')), join(bin, name));
  }
}

function copyKoffi(modules) {
  for (const file of KOFFI_FILES) cpSync(join(ROOT, 'node_modules/koffi', file), join(modules, 'koffi', file));
  const platform = `koffi-linux-${process.arch}`;
  const native = join(ROOT, 'node_modules/@koromix', platform);
  if (!existsSync(native)) throw new Error(`koffi has no native part for this processor: ${native} is missing`);
  // One for each C library; Debian's is glibc.
  const wanted = (path) => !basename(path).startsWith('musl');
  cpSync(native, join(modules, '@koromix', platform), { recursive: true, filter: wanted });
  if (!readdirSync(join(modules, '@koromix', platform)).some((name) => name.startsWith('linux'))) {
    throw new Error(`${native} has no binary for glibc`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [destination] = process.argv.slice(2);
  if (destination === undefined) {
    console.error('usage: node .ci/package/payload.mjs DESTINATION');
    process.exitCode = 2;
  } else layOut(destination);
}
