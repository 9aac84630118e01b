import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { load, type Shape, shapeOf, treeOf } from './support.js';

describe('blocks', () => {
  const expected: readonly Shape[] = [['a b', ['c d', ['e', ['f g']]]]];
  const spellings: readonly (readonly [string, string])[] = [
    ['the usual way', 'a b {\n c d\n e {\n  f g\n }\n}\n'],
    ['braces on lines of their own', 'a b\n{\nc d\ne\n\n# comment\n{\nf g\n}\n}'],
    ['all on one line', 'a b { c d\n e { f g } }'],
    ['no blanks around braces', 'a b{\nc d\ne{f g}}'],
  ];
  for (const [name, text] of spellings) {
    it(name, () => assert.deepEqual(shapeOf(treeOf(text).statements), expected));
  }

  it('an empty block is a block', () => {
    assert.deepEqual(shapeOf(treeOf('a {\n}\nb').statements), [['a', []], 'b']);
  });

  it('braces in quotes are not braces', () => {
    assert.deepEqual(shapeOf(treeOf('a "{" "}"').statements), ['a ‹{› ‹}›']);
  });
});

describe('braces without a partner', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'missing: names the brace that is open',
      'a b {\n c {\n  d\n}\n',
      ["/k.conf:1:5: error: the '{' of 'a b' is never closed: a '}' is missing"],
    ],
    [
      'stray',
      'a {\n}\n}\nb {\n}\n  }',
      ["/k.conf:3:1: error: '}' without a '{' before it", "/k.conf:6:3: error: '}' without a '{' before it"],
    ],
    ['a block without keyword', '{\n a\n}', ["/k.conf:1:1: error: '{' without a keyword before it"]],
    ['a second block of one keyword', 'a {\n} {\n}', ["/k.conf:2:3: error: '{' without a keyword before it"]],
  ];
  for (const [name, text, expected] of cases) {
    it(name, () => {
      const { tree, diagnostics } = load(text);
      assert.deepEqual(diagnostics.map(formatDiagnostic), expected);
      assert.equal(tree, undefined, 'half a structure must not be given a meaning');
    });
  }

  it('nesting is bounded', () => {
    const { diagnostics } = load(`${'a {\n'.repeat(5000)}${'}\n'.repeat(5000)}`);
    assert.deepEqual(diagnostics.map(formatDiagnostic), [
      '/k.conf:65:3: error: blocks stand more than 64 deep in each other',
    ]);
  });
});
