// Bundles every command into dist/cmd/<name>/main.js. Native packages stay outside: their binaries cannot be bundled.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const commands = readdirSync('cmd').filter((name) => existsSync(`cmd/${name}/main.ts`));
rmSync('dist', { recursive: true, force: true });

await build({
  entryPoints: Object.fromEntries(commands.map((name) => [`cmd/${name}/main`, `cmd/${name}/main.ts`])),
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'linked',
  legalComments: 'none',
  external: ['koffi'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

// Served by gRPC reflection on every socket.
mkdirSync('dist/proto', { recursive: true });
execFileSync('node_modules/.bin/buf', ['build', '-o', 'dist/proto/keepwatch.binpb'], { stdio: 'inherit' });

writeFileSync('dist/.built', '');

// The commands are installed as keepwatch-<name>; both names start under plain node.
for (const name of commands) {
  chmodSync(`dist/cmd/${name}/main.js`, 0o755);
  if (name.startsWith('keepwatch')) continue;
  mkdirSync(`dist/cmd/keepwatch-${name}`, { recursive: true });
  writeFileSync(`dist/cmd/keepwatch-${name}/main.js`, `#!/usr/bin/env node\nimport '../${name}/main.js';\n`, {
    mode: 0o755,
  });
}
