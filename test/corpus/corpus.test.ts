/**
 * Small configurations, read by keepalived and by us. A file in good/ is accepted by both, a file in bad/ refused by
 * both; every exception stands in differences.json with the reason. With KEEPWATCH_UPDATE_CORPUS=1 the messages there
 * are brought up to date, what no longer differs goes, and what is new comes without a reason, which has to be written.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { splitTree } from '../../services/shared/config/splitTree.js';
import { interpretVrrpConfig } from '../../services/vrrpd/config/interpret.js';
import { compare } from './lib/compare.js';
import { type Difference, listed, saveDifferences, UPDATE, type ValueDifference } from './lib/differences.js';
import { type Answer, dump, judge, whyNoKeepalived } from './lib/keepalived.js';
import { load, type Opinion, opinionOf } from './lib/ours.js';
import { type Values, valuesOfDump, valuesOfModel } from './lib/values.js';

const ROOT = 'test/corpus';
const SAMPLES = '/usr/share/doc/keepalived/samples';

const filesOf = (folder: string): readonly string[] =>
  readdirSync(`${ROOT}/${folder}`)
    .sort()
    .map((name) => `${folder}/${name}`);
const files = [...filesOf('good'), ...filesOf('bad')];
const opinions: ReadonlyMap<string, Opinion> = new Map(files.map((file) => [file, opinionOf(`${ROOT}/${file}`)]));
const opinion = (file: string): Opinion => opinions.get(file) ?? assert.fail(file);

/** Errors before warnings: the message that decided. */
const foremost = (diagnostics: readonly Diagnostic[]): string =>
  (diagnostics.find(({ severity }) => severity === 'error') ?? diagnostics[0])?.message ?? '';

const obstacle = whyNoKeepalived();
const absolute = (file: string): string => `${process.cwd()}/${ROOT}/${file}`;

/** The first thing keepalived said, without time and place. */
const firstLine = ({ verdict, said }: Answer): string => {
  if (verdict === 'crashes' || verdict === 'hangs') return '';
  const [line = ''] = said.split('\n');
  return line
    .replace(/^\w+ \w+ +\d+ [\d:]+ \d+: /, '')
    .replace(/^\((?:[^()]*: )?Line \d+\) /, '')
    .slice(0, 200);
};

describe('corpus', () => {
  it('holds at least 150 files, each saying in its first line what it shows', () => {
    assert.ok(files.length >= 150);
    for (const file of files) assert.match(readFileSync(`${ROOT}/${file}`, 'utf8'), /^\ufeff?# \S.*\r?\n/, file);
  });

  it('is accepted and refused by us as its folders and the list say', () => {
    const expected = (file: string): boolean =>
      (listed.verdicts.find((one) => one.file === file)?.keepwatch ??
        (file.startsWith('good/') ? 'accepts' : 'refuses')) !== 'refuses';
    const wrong = files.filter((file) => (opinion(file).verdict !== 'refuses') !== expected(file));
    if (UPDATE) return;
    assert.deepEqual(
      wrong.map((file) => `${file}: ${opinion(file).verdict} ${foremost(opinion(file).diagnostics)}`),
      [],
    );
  });
});

describe('beside keepalived', { skip: obstacle ?? false }, () => {
  let answers: ReadonlyMap<string, Answer>;
  let dumped: ReadonlyMap<string, Values>;
  const answer = (file: string): Answer => answers.get(absolute(file)) ?? assert.fail(file);

  before(async () => {
    answers = await judge(files.map(absolute));
    const compared = files.filter(isCompared);
    const texts = await dump(compared.map(absolute));
    dumped = new Map(compared.map((file) => [file, valuesOfDump(texts.get(absolute(file))?.said ?? '')]));
    if (UPDATE) saveDifferences(verdictDifferences(), valueDifferences());
  });

  const differs = (file: string): boolean =>
    answer(file).verdict === 'crashes' ||
    answer(file).verdict === 'hangs' ||
    (answer(file).verdict === 'accepts') !== (opinion(file).verdict !== 'refuses');

  const verdictDifferences = (): readonly Difference[] =>
    files.filter(differs).map((file) => ({
      file,
      keepalived: answer(file).verdict,
      says: firstLine(answer(file)),
      keepwatch: opinion(file).verdict,
      message: foremost(opinion(file).diagnostics),
    }));

  const valueDifferences = (): readonly ValueDifference[] =>
    [...dumped].flatMap(([file, theirs]) =>
      // What it does not start with has no values.
      answer(file).verdict !== 'accepts' && Object.keys(theirs).length === 0
        ? []
        : compare(file, theirs, ourValues(file)),
    );

  it('every difference of the verdict is listed, and every listed one is there', () => {
    const found = verdictDifferences();
    assert.deepEqual(
      found.map(({ file, keepalived, keepwatch, says, message }) => ({ file, keepalived, says, keepwatch, message })),
      listed.verdicts.map(({ file, keepalived, says, keepwatch, message }) => ({
        file,
        keepalived,
        says,
        keepwatch,
        message,
      })),
    );
  });

  it('every listed difference has a reason', () => {
    for (const { file, reason } of [...listed.verdicts, ...listed.values]) assert.ok((reason ?? '') !== '', file);
  });

  it('values of instances and groups are the same, but for those listed', () => {
    let compared = 0;
    for (const values of dumped.values()) compared += Object.values(values).flatMap((one) => Object.keys(one)).length;
    assert.ok(compared > 1500, `only ${compared} values could be compared`);
    assert.deepEqual(
      valueDifferences(),
      listed.values.map(({ reason: _, ...one }) => one),
    );
  });
});

/** Whether keepalived, started with the file, only reads and writes down values; some would set up interfaces. */
function isCompared(file: string): boolean {
  if (!file.startsWith('good/') || opinion(file).verdict === 'refuses') return false;
  const { tree } = load(`${ROOT}/${file}`);
  const text = readFileSync(`${ROOT}/${file}`, 'utf8');
  if (/vmac|ipvlan|static_|dbus|snmp|fifo|lvs_sync|virtual_server|linkbeat|up_down|bfd_/.test(text)) return false;
  return tree?.statements.some(({ words: [first] }) => first?.text === 'vrrp_instance') ?? false;
}

function ourValues(file: string): Values {
  const { tree } = load(`${ROOT}/${file}`);
  assert.ok(tree, file);
  const { model } = interpretVrrpConfig(splitTree(tree).vrrpd, { hostname: 'host.example' });
  assert.ok(model, file);
  return valuesOfModel(model);
}

describe("keepalived's samples", { skip: existsSync(SAMPLES) ? false : 'they are not installed' }, () => {
  for (const name of existsSync(SAMPLES)
    ? readdirSync(SAMPLES).filter((one) => one.startsWith('keepalived.conf'))
    : []) {
    const exception = listed.samples.find((one) => one.file === name);
    it(`${name} is ${exception === undefined ? 'accepted' : `refused: ${exception.reason}`}`, () => {
      const { verdict, diagnostics } = opinionOf(`${SAMPLES}/${name}`);
      const errors = diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
      assert.deepEqual(errors, exception?.errors ?? []);
      assert.equal(verdict === 'refuses', exception !== undefined);
    });
  }
});
