// Builds the dashboard's page: script and style with their content's hash in the name, each file compressed beside it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const SOURCE = 'services/supervisor/dashboard/page';
/** Sent as they are: source maps stay here. */
const SERVED = new Set(['.html', '.js', '.css', '.svg']);

/** Writes the page to `destination`. Returns what went into it, as esbuild tells. */
export async function buildPage(destination) {
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(SOURCE, 'page.tsx')],
    outdir: destination,
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome123', 'firefox128', 'safari17.5'],
    tsconfig: join(SOURCE, 'tsconfig.json'),
    jsx: 'automatic',
    jsxImportSource: 'preact',
    sourcemap: 'external',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const built = (suffix) => readdirSync(destination).find((name) => name.endsWith(suffix));
  const html = readFileSync(join(SOURCE, 'index.html'), 'utf8')
    .replace('%SCRIPT%', built('.js'))
    .replace('%STYLE%', built('.css'));
  writeFileSync(join(destination, 'index.html'), html);
  copyFileSync(join(SOURCE, 'icon.svg'), join(destination, 'icon.svg'));
  for (const name of readdirSync(destination).filter((file) => SERVED.has(extname(file)))) {
    writeFileSync(join(destination, `${name}.gz`), gzipSync(readFileSync(join(destination, name)), { level: 9 }));
  }
  return metafile;
}
