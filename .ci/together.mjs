// Runs test files in one process: node --import tsx .ci/together.mjs FILE …    Hooks outside of a suite run for the tests of all files.
import { resolve } from 'node:path';
import { test } from 'node:test';

const files = process.argv.slice(2);
const loaded = (async () => {
  // After this module: the test below has to be the first.
  await null;
  for (const file of files) await import(resolve(file));
})();
// Tests run one after the other, so none begins before this one has ended: loading a file keeps the whole process busy.
test(`${files.length} files load`, () => loaded);
await loaded;
