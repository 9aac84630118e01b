// Bundles every command into dist/lib/<name>.cjs, with dist/cmd/<name>/main.js to start it and V8's code cache beside it.
// koffi stays outside: its native part cannot be bundled; x11 is not there: dbus-next looks for it only without an address.
// The dashboard's page goes to dist/dashboard.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { fillCodeCaches } from './codeCache.mjs';
import { licenseNotices } from './notices.mjs';
import { buildPage } from './page.mjs';

const commands = readdirSync('cmd').filter((name) => existsSync(`cmd/${name}/main.ts`));
rmSync('dist', { recursive: true, force: true });

const { metafile } = await build({
  entryPoints: Object.fromEntries(commands.map((name) => [name, `cmd/${name}/main.ts`])),
  outdir: 'dist/lib',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: 'linked',
  legalComments: 'none',
  external: ['koffi', 'x11'],
  define: { 'import.meta.url': '__moduleUrl' },
  metafile: true,
  banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
});
copyFileSync('.ci/start.cjs', 'dist/lib/start.cjs');
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');

// Installed as keepwatch-<name>; both names start under plain node.
for (const name of commands) {
  for (const alias of name.startsWith('keepwatch') ? [name] : [name, `keepwatch-${name}`]) {
    mkdirSync(`dist/cmd/${alias}`, { recursive: true });
    const main = `dist/cmd/${alias}/main.js`;
    writeFileSync(main, `#!/usr/bin/env node\nrequire('../../lib/start.cjs').start('${name}');\n`);
    chmodSync(main, 0o755);
  }
}

// Served by gRPC reflection on every socket.
mkdirSync('dist/proto', { recursive: true });
execFileSync('node_modules/.bin/buf', ['build', '-o', 'dist/proto/keepwatch.binpb'], { stdio: 'inherit' });

writeFileSync('dist/THIRD-PARTY', licenseNotices(metafile, await buildPage('dist/dashboard')));

await fillCodeCaches(commands);
writeFileSync('dist/.built', '');
