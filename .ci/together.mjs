// Runs test files in one process: node --import tsx .ci/together.mjs FILE …
import { resolve } from 'node:path';

for (const file of process.argv.slice(2)) await import(resolve(file));
