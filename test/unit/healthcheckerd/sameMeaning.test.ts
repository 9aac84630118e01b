import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainText } from '../../../services/healthcheckerd/planChanges.js';
import { sameMeaning } from '../../../services/healthcheckerd/sameMeaning.js';

test('places in the file and fields without a value mean nothing; bytes, order and types do', () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  assert.ok(sameMeaning({ a: bytes(1, 2), position: 1 }, { a: bytes(1, 2), position: 2, b: undefined }));
  for (const [left, right] of [
    [{ a: bytes(1, 2) }, { a: bytes(1, 3) }],
    [{ a: bytes(1, 2) }, { a: [1, 2] }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], { 0: 1 }],
    [null, {}],
    ['1', 1],
  ]) {
    assert.ok(!sameMeaning(left, right), plainText([left, right]));
    assert.ok(!sameMeaning(right, left), plainText([right, left]));
  }
});

test('it agrees with the text of both', () => {
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(0, 1, true, 'x', null),
      fc.array(tie('node'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('node'), { noNullPrototype: true, maxKeys: 2 }),
    ),
  })).node;
  const sorted = (text: unknown): unknown =>
    Array.isArray(text)
      ? text.map(sorted)
      : typeof text === 'object' && text !== null
        ? Object.fromEntries(
            Object.entries(text)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, own]) => [key, sorted(own)]),
          )
        : text;
  fc.assert(
    fc.property(value, value, (left, right) => {
      assert.equal(sameMeaning(left, right), plainText(sorted(left)) === plainText(sorted(right)));
    }),
    { numRuns: 2_000 },
  );
});
