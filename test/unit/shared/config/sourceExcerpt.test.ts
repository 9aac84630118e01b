import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceExcerpt } from '../../../../services/shared/config/sourceExcerpt.js';

test('the caret stands under the column, tabs stay tabs', () => {
  assert.equal(sourceExcerpt('\tpriority 300', 11), '    \tpriority 300\n    \t         ^');
  assert.equal(sourceExcerpt('a', 1), '    a\n    ^');
  assert.equal(sourceExcerpt('a', 99), '    a\n     ^', 'a place behind the line is its end');
});

test('wide, combining and control characters keep the caret in place and the cursor still', () => {
  assert.equal(sourceExcerpt('日本 x', 4), '    日本 x\n         ^');
  assert.equal(sourceExcerpt('e\u0301 x', 4), '    e\u0301 x\n      ^');
  assert.equal(sourceExcerpt('\u001b[2J x', 6), '    \\u001b[2J x\n              ^');
});

test('a long line is cut around the caret, not within a character', () => {
  const [line = '', caret = ''] = sourceExcerpt(`${'😀'.repeat(500)}x${'y'.repeat(500)}`, 1001).split('\n');
  assert.ok(line.length < 150);
  assert.match(line, /^ {4}…(?:😀)+xy+…$/u);
  const before = line.slice(4, line.indexOf('x'));
  assert.equal(caret.length - 5, 1 + 2 * ([...before].length - 1));
});
