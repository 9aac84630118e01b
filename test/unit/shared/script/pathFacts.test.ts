import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { walkPath } from '../../../../services/shared/script/pathFacts.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'keepwatch-path-')));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'real/deep'), { recursive: true });
writeFileSync(join(folder, 'real/deep/file'), '');
symlinkSync('real', join(folder, 'relative'));
symlinkSync(join(folder, 'real/deep'), join(folder, 'absolute'));
symlinkSync('../real/deep/file', join(folder, 'real/up'));
symlinkSync('loop', join(folder, 'loop'));

const FILE = join(folder, 'real/deep/file');
const WAYS: ReadonlyArray<readonly [way: string, passed: readonly string[], target: string]> = [
  ['real/deep/file', ['real', 'real/deep', 'real/deep/file'], FILE],
  ['relative/deep/file', ['relative', 'real', 'real/deep', 'real/deep/file'], FILE],
  ['real/up', ['real', 'real/up', 'real', 'real/deep', 'real/deep/file'], FILE],
];

for (const [looked, prompt] of [
  ['at once', () => true],
  ['through threads', () => false],
  ['through threads past a place', (path: string) => !path.startsWith(join(folder, 'real'))],
] as const) {
  for (const [way, passed, target] of WAYS)
    it(`passes everything on the way ${way}, looked at ${looked}`, async () => {
      const found = await walkPath(join(folder, way), prompt);
      const below = found.facts.map(({ path }) => path).filter((path) => path.startsWith(`${folder}/`));
      assert.deepEqual(
        below,
        passed.map((path) => join(folder, path)),
      );
      assert.equal(found.target.path, target);
      assert.equal(found.target.kind, 'file');
    });

  it(`begins anew at the root behind an absolute link, looked at ${looked}`, async () => {
    const { facts, target } = await walkPath(join(folder, 'absolute/file'), prompt);
    assert.equal(target.path, FILE);
    assert.equal(facts.filter(({ path }) => path === folder).length, 2);
  });

  it(`names what is missing and what goes round in circles, looked at ${looked}`, async () => {
    await assert.rejects(walkPath(join(folder, 'real/none/file'), prompt), { code: 'ENOENT' });
    await assert.rejects(walkPath(join(folder, 'loop'), prompt), { code: 'ELOOP' });
  });
}
