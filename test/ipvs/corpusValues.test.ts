/**
 * What keepalived understands of the virtual servers of the corpus, beside what we do. Its checkers start only where there is
 * IPVS, so it is asked in a guest. With KEEPWATCH_UPDATE_CORPUS=1 the list of differences is brought up to date.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { interpretHealthConfig } from '../../services/healthcheckerd/config/interpret.js';
import { splitTree } from '../../services/shared/config/splitTree.js';
import { compare } from '../corpus/lib/compare.js';
import { UPDATE, type ValueDifference } from '../corpus/lib/differences.js';
import { lvsValuesOfDump, lvsValuesOfModel } from '../corpus/lib/lvsValues.js';
import { load } from '../corpus/lib/ours.js';
import type { Values } from '../corpus/lib/values.js';
import { runInGuest } from './lib/guest.js';
import { ensureImage, missingForGuests } from './lib/image.js';

const GUEST_TIMEOUT_MS = 420_000;
const CORPUS = 'test/corpus/good';
const LIST = 'test/ipvs/valueDifferences.json';

type Explained = ValueDifference & { readonly reason: string };
const listed = (existsSync(LIST) ? JSON.parse(readFileSync(LIST, 'utf8')) : []) as readonly Explained[];

const files = readdirSync(CORPUS)
  .sort()
  .map((name) => `${CORPUS}/${name}`)
  .filter((file) => /^\s*virtual_server /m.test(readFileSync(file, 'utf8')));

/** Undefined where we refuse the file. */
function ours(file: string): Values | undefined {
  const { tree } = load(file);
  const model = tree && interpretHealthConfig(splitTree(tree).healthcheckerd, { hostname: 'host.example' }).model;
  return model && lvsValuesOfModel(model);
}

const missing = missingForGuests();

test('virtual servers mean the same to keepalived, but for what is listed', { skip: missing ?? false }, async () => {
  const command = ['sh', 'test/ipvs/lib/dumpLvs.sh', ...files];
  const { status, output, console } = await runInGuest(ensureImage(), command, GUEST_TIMEOUT_MS);
  assert.equal(status, 0, `${output.slice(-2000)}\n${console}`);
  assert.equal(output.match(/^!!! .*/m)?.[0], undefined, 'keepalived did not come to the end of a dump');
  const found: ValueDifference[] = [];
  let compared = 0;
  for (const part of output.split(/^@@@ /m).slice(1)) {
    const file = part.slice(0, part.indexOf('\n'));
    const theirs = lvsValuesOfDump(part);
    const own = ours(file);
    if (own === undefined) continue;
    compared += Object.values(theirs).flatMap((values) => Object.keys(values)).length;
    found.push(...compare(file.slice('test/corpus/'.length), theirs, own));
  }
  if (UPDATE) {
    const reasonFor = (one: ValueDifference): string =>
      listed.find(({ file, subject, value }) => file === one.file && subject === one.subject && value === one.value)
        ?.reason ?? '';
    const next = found.map((one) => ({ ...one, reason: reasonFor(one) }));
    writeFileSync(LIST, `${JSON.stringify(next, null, 2)}\n`);
    return;
  }
  assert.ok(compared > 1000, `only ${compared} values could be compared`);
  for (const { file, reason } of listed) assert.ok(reason !== '', file);
  assert.deepEqual(
    found,
    listed.map(({ reason: _, ...one }) => one),
  );
});
