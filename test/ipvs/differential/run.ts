/**
 * `npm run differential -- [--write] FOLDER|FILE.conf …`: runs configurations under keepalived and under Keepwatch in a guest and
 * says of each, as soon as it is known, what differs; what happens meanwhile goes to stderr. `NAME.reload` takes the place of
 * `NAME.conf` at the reload. Comments may say what happens (README.md); where they do not, all backends die and return, by half and
 * as a whole. What `differences.json` beside a configuration explains is left out; `--write` writes what it says of those that ran.
 * Exit status 1: something differs from the list, 2: something could not be compared.
 */
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Difference } from './lib/compareFindings.js';
import { type Configuration, configurationFiles, readConfiguration } from './lib/configuration.js';
import { compare, judge, missingForDifferential, readList, writeList } from './lib/differential.js';

const words = process.argv.slice(2);
const places = words.filter((word) => !word.startsWith('-'));
const strange = words.find((word) => word.startsWith('-') && word !== '--write');
const missing = missingForDifferential();
if (places.length === 0 || strange !== undefined || missing !== undefined) {
  console.error(missing ?? 'usage: npm run differential -- [--write] FOLDER|FILE.conf …');
  process.exit(2);
}

const began = performance.now();
const progress = (line: string): void => {
  const seconds = Math.round((performance.now() - began) / 1000);
  console.error(`[${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}] ${line}`);
};

let failed = 0;
const configurations: Configuration[] = [];
const files = new Map<string, string>();
const all = places.flatMap((place) => (statSync(place).isDirectory() ? configurationFiles(place) : [place]));
for (const file of all) {
  const name = basename(file);
  try {
    if (files.has(name)) throw new Error(`${name} is there twice`);
    configurations.push(readConfiguration(file));
    files.set(name, file);
  } catch (error) {
    failed++;
    console.log(`failed  ${name}\n  ${error instanceof Error ? error.message : error}`);
  }
}
const listOf = (name: string): string => join(dirname(files.get(name) ?? ''), 'differences.json');
const lists = new Set(configurations.map(({ name }) => listOf(name)));
const listed = [...lists].flatMap(readList);

const shown = (title: string, { rounds, what, keepalived, keepwatch }: Difference): string[] => [
  `  ${title}${rounds.join(', ')}: ${what}`,
  ...keepalived.map((line) => `    keepalived  ${line}`),
  ...keepwatch.map((line) => `    keepwatch   ${line}`),
];

let [same, unexplained] = [0, 0];
function found(name: string, differences: readonly Difference[] | undefined, again: boolean): void {
  const { news, gone } = differences ? judge(differences, name, listed) : { news: [], gone: [] };
  const lines = [...news.flatMap((one) => shown('', one)), ...gone.flatMap((one) => shown('listed, and gone: ', one))];
  if (again) {
    progress(`${name} ${differences === undefined ? 'came to nothing' : 'differs'}: it runs once more`);
    for (const line of lines) progress(line);
    return;
  }
  console.log(`${differences === undefined ? 'failed ' : lines.length === 0 ? 'same   ' : 'DIFFERS'} ${name}`);
  for (const line of lines) console.log(line);
  if (differences === undefined) failed++;
  else if (lines.length === 0) same++;
  unexplained += news.length + gone.length;
}

const { differences, output } = await compare(configurations, listed, { progress, found });
if ([...differences.values()].includes(undefined)) console.log(output);
console.log(`${all.length} configurations: ${same} the same, ${unexplained} differences, ${failed} not compared`);
if (words.includes('--write')) {
  for (const list of lists) {
    const names = configurations.map(({ name }) => name).filter((name) => listOf(name) === list);
    const compared = names.filter((name) => differences.get(name) !== undefined);
    writeList(
      list,
      compared,
      compared.flatMap((name) => differences.get(name) ?? []),
    );
  }
}
process.exitCode = failed > 0 ? 2 : unexplained > 0 ? 1 : 0;
