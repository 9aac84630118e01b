import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { expandBraces, matchesName } from '../../../../services/shared/config/glob.js';
import { loadConfig } from '../../../../services/shared/config/load.js';
import { load, memoryFiles, shapeOf } from './support.js';

const run = (text: string, others: Readonly<Record<string, string>> = {}) => {
  const { tree, diagnostics } = load(text, others);
  return { shape: shapeOf(tree?.statements ?? []), messages: diagnostics.map(formatDiagnostic), tree };
};

describe('include', () => {
  it('puts the statements of the file in its place, inside blocks too', () => {
    const { shape, messages } = run('a {\n include part.conf # the rest\n}\nb', { '/part.conf': 'c\nd {\n}\n' });
    assert.deepEqual(messages, []);
    assert.deepEqual(shape, [['a', ['c', ['d', []]]], 'b']);
  });

  it('is relative to the including file', () => {
    const { shape } = run('include conf.d/one', { '/conf.d/one': 'x\ninclude two', '/conf.d/two': 'y' });
    assert.deepEqual(shape, ['x', 'y']);
  });

  it('of a file that is not there is an error where everything has to be (-e)', () => {
    const options = { file: '/k.conf', access: memoryFiles({ '/k.conf': 'include nothing' }), configId: '' };
    const severities = (allIncluded: boolean): string[] =>
      loadConfig({ ...options, allIncluded }).diagnostics.map(({ severity }) => severity);
    assert.deepEqual(severities(false), ['warning']);
    assert.deepEqual(severities(true), ['error']);
  });

  it('names the file a word stands in', () => {
    const { tree } = run('x\ninclude part', { '/part': '\n  y' });
    const word = tree?.statements[1]?.words[0];
    assert.deepEqual([tree?.files[word?.file ?? -1], word?.line, word?.column], ['/part', 2, 3]);
  });

  it('sorts what a wildcard matches and passes over hidden files', () => {
    const files = { '/d/b.conf': 'b', '/d/a.conf': 'a', '/d/.c.conf': 'c', '/d/x.txt': 'x' };
    assert.deepEqual(run('include d/*.conf', files).shape, ['a', 'b']);
    assert.deepEqual(run('include /*/[ab].con?', files).shape, ['a', 'b']);
  });

  it('expands braces in their order', () => {
    const files = { '/foo/bar': '1', '/foo/cat/bar': '2', '/foo/dog/bar': '3' };
    assert.deepEqual(run('include foo/{dog/,cat/,}bar', files).shape, ['3', '2', '1']);
  });

  it('lets a missing file pass with a warning', () => {
    assert.deepEqual(run('include nothing').messages, [
      "/k.conf:1:1: warning: cannot read '/nothing': no such file (nothing is included; includer, includem or include_check make this an error)",
    ]);
    assert.deepEqual(run('include d/*').messages, []);
  });

  const checks: readonly (readonly [string, readonly string[]])[] = [
    ['includer nothing', ["/k.conf:1:1: error: cannot read '/nothing': no such file"]],
    ['includem nothing', ["/k.conf:1:1: error: cannot read '/nothing': no such file"]],
    ['includew d/*', ["/k.conf:1:1: error: no file matches 'd/*'"]],
    ['includea d/*', ["/k.conf:1:1: error: no file matches 'd/*'"]],
    ['includer d/*', []],
    ['includeb {a,b}', ["/k.conf:1:1: error: cannot read '/b': no such file"]],
    ['include_check wildcard_match\ninclude d/*', ["/k.conf:2:1: error: no file matches 'd/*'"]],
    ['include_check\ninclude_check -wildcard_match\ninclude d/*', []],
    ['include', ["/k.conf:1:1: error: 'include' needs a file name"]],
  ];
  for (const [text, expected] of checks) {
    it(`checks: ${text.replaceAll('\n', '; ')}`, () => assert.deepEqual(run(text, { '/a': '' }).messages, expected));
  }

  it('keeps include_check inside the file that says it', () => {
    const { messages } = run('include part\ninclude d/*', { '/part': 'include_check\n' });
    assert.deepEqual(messages, []);
  });

  it('refuses a file that includes itself, by whatever name', () => {
    const { messages } = run('include a', { '/a': 'x\ninclude ./k.conf' });
    assert.deepEqual(messages, ["/a:2:1: error: '/./k.conf' includes itself (chain: /k.conf → /a → /k.conf)"]);
  });

  it('bounds depth', () => {
    const files: Record<string, string> = {};
    for (let index = 0; index < 40; index++) files[`/f${index}`] = `include f${index + 1}`;
    const { messages } = run('include f0', files);
    assert.match(messages.join('\n'), /files include each other more than 32 deep; 'f31' is not read/);
  });
});

describe('the main file', () => {
  it('has to be readable', () => {
    const { tree, diagnostics } = loadConfig({ file: '/nothing', access: memoryFiles({}), configId: 'box' });
    assert.equal(tree, undefined);
    assert.deepEqual(diagnostics, [
      { severity: 'error', code: 'unreadable-file', message: "cannot read '/nothing': no such file" },
    ]);
  });

  it('may be empty', () => {
    assert.deepEqual(run(''), { shape: [], messages: [], tree: { files: ['/k.conf'], statements: [] } });
  });
});

describe('wildcards', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['*', 'abc', true],
    ['*', '.abc', false],
    ['.*', '.abc', true],
    ['a*c*e', 'abcde', true],
    ['a*c*e', 'abcd', false],
    ['?', '', false],
    ['[!a-c]x', 'dx', true],
    ['[!a-c]x', 'bx', false],
    ['[]]', ']', true],
    ['[a', '[a', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
  ];
  for (const [pattern, name, expected] of cases) {
    it(`${pattern} ${expected ? 'matches' : 'does not match'} '${name}'`, () => {
      assert.equal(matchesName(name, pattern), expected);
    });
  }

  it('braces nest and can be empty', () => {
    assert.deepEqual(expandBraces('{foo/{,cat,dog},bar}', 10), ['foo/', 'foo/cat', 'foo/dog', 'bar']);
    assert.deepEqual(expandBraces('a{}b{c', 10), ['a{}b{c']);
  });

  it('a bomb of braces is refused', () => {
    assert.equal(expandBraces('{a,b}'.repeat(40), 1000), undefined);
  });
});
