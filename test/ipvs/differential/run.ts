/**
 * `npm run differential -- [--write] FOLDER`: runs all `*.conf` of a folder under keepalived and under Keepwatch in a guest and
 * says what differs. `NAME.reload` takes the place of `NAME.conf` at the reload. Comments may say what happens (README.md); where
 * they do not, all backends die and return, by half and as a whole. What `FOLDER/differences.json` explains is left out;
 * `--write` writes that file. Exit status 1: something differs, 2: something could not be compared.
 */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readConfigurations } from './lib/configuration.js';
import { compare, missingForDifferential, readList, writeList } from './lib/differential.js';

const words = process.argv.slice(2);
const folder = words.find((word) => !word.startsWith('-'));
const missing = missingForDifferential();
if (folder === undefined || missing !== undefined) {
  console.error(missing ?? 'usage: npm run differential -- [--write] FOLDER');
  process.exit(2);
}

const configurations = readConfigurations(folder);
const list = join(folder, 'differences.json');
const listed = readList(list);
const { differences, output } = await compare(configurations, listed);
let [same, unexplained, failed] = [0, 0, 0];
for (const { name } of configurations) {
  const found = differences.get(name);
  const news = found?.filter((one) => !listed.some(({ reason: _, ...known }) => isDeepStrictEqual(known, one)));
  console.log(`${news === undefined ? 'failed' : news.length === 0 ? 'same  ' : 'DIFFERS'} ${name}`);
  if (news === undefined) failed++;
  else if (news.length === 0) same++;
  for (const { rounds, what, keepalived, keepwatch } of news ?? []) {
    unexplained++;
    console.log(`  ${rounds.join(', ')}: ${what}`);
    for (const line of keepalived) console.log(`    keepalived  ${line}`);
    for (const line of keepwatch) console.log(`    keepwatch   ${line}`);
  }
}
if (failed > 0) console.log(output);
console.log(
  `${configurations.length} configurations: ${same} the same, ${unexplained} differences, ${failed} not compared`,
);
if (words.includes('--write')) {
  writeList(
    list,
    [...differences.values()].flatMap((those) => those ?? []),
  );
}
process.exitCode = failed > 0 ? 2 : unexplained > 0 ? 1 : 0;
