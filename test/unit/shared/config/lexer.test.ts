import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { load, shapeOf, treeOf } from './support.js';

const shape = (text: string) => shapeOf(treeOf(text).statements);

describe('words', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['blanks separate', 'priority \t 100', 'priority 100'],
    ['# ends a line', 'priority 100 # best', 'priority 100'],
    ['! ends a line, even inside a word, as in keepalived', 'auth_pass ab!cd', 'auth_pass ab'],
    ['# inside quotes is ordinary', 'router_id "a # b"', 'router_id ‹a # b›'],
    ['quotes inside a word continue it', 'router_id abcd" efg h jkl "mnop', 'router_id ‹abcd efg h jkl mnop›'],
    ['an escaped quote inside quotes', 'router_id "a\\"b"', 'router_id ‹a"b›'],
    ['an even run of backslashes before the closing quote', 'router_id "a\\\\"', 'router_id ‹a\\\\›'],
    ['a backslash is ordinary in a plain word', 'auth_pass a\\b', 'auth_pass a\\b'],
    ['an apostrophe inside a plain word is ordinary', "auth_pass it's", "auth_pass it's"],
    ['an empty quoted word', 'router_id ""', 'router_id ‹›'],
    ['CR LF line ends', 'priority 100\r', 'priority 100'],
    ['letters beyond ASCII', 'router_id 主机', 'router_id 主机'],
    ['script: single quotes', "notify '/bin/x y' z", 'notify ‹/bin/x y› z'],
    ['script: mixed quotes are one word', `notify a'b "c'"d e"f`, 'notify ‹ab "cd ef›'],
    ['script: escapes outside quotes', 'notify /bin/a\\ b\\#c', 'notify /bin/a b#c'],
    ['script: \\x takes all hexadecimal digits', 'notify "\\x41\\x0041"', 'notify ‹AA›'],
    ['script: \\nnn takes three octal digits', 'notify "\\1012"', 'notify ‹A2›'],
    ['script: \\cC is a control character', 'notify "\\cA|"', 'notify ‹\x01|›'],
    ['script: named escapes', 'notify "\\a\\b\\E\\f\\n\\r\\t\\v"', 'notify ‹\x07\b\x1b\f\n\r\t\v›'],
    ['script: other characters stand for themselves', 'notify "\\\\\\"\\q"', 'notify ‹\\"q›'],
  ];
  for (const [name, text, expected] of cases) {
    it(name, () => assert.deepEqual(shape(text), [expected]));
  }

  it('keep their places', () => {
    const [statement] = treeOf('\n  priority\t"1 2" 3 # x').statements;
    assert.deepEqual(
      statement?.words.map(({ text, line, column, quoted }) => [text, line, column, quoted]),
      [
        ['priority', 2, 3, false],
        ['1 2', 2, 12, true],
        ['3', 2, 18, false],
      ],
    );
  });

  it('may follow a byte order mark', () => {
    assert.deepEqual(shapeOf(load('\ufeffpriority 1').tree?.statements ?? []), ['priority 1']);
  });
});

describe('words that cannot be read', () => {
  const cases: readonly (readonly [string, string | Uint8Array, readonly string[]])[] = [
    [
      'an unclosed quote',
      'router_id "abc\nx 1',
      ['/k.conf:1:11: error: the quote that opens here is not closed on its line'],
    ],
    [
      'an unclosed apostrophe of a script',
      "notify 'abc",
      ['/k.conf:1:8: error: the quote that opens here is not closed on its line'],
    ],
    ['a NUL byte', 'router_id a\0b', ['/k.conf:1:12: error: NUL byte in the configuration']],
    [
      'bytes that are not UTF-8',
      Uint8Array.of(0x61, 0x20, 0xff),
      ['/k.conf:1:3: error: this word is not valid UTF-8 (save the file as UTF-8; comments may hold anything)'],
    ],
    ['bytes that are not UTF-8 in a comment', Uint8Array.of(0x61, 0x23, 0xff), []],
    [
      'single quotes where keepalived has none',
      "router_id 'a'",
      [
        '/k.conf:1:11: warning: the single quote is taken as part of the word (use " to quote; only scripts, files and patterns know single quotes)',
      ],
    ],
  ];
  for (const [name, text, expected] of cases) {
    it(name, () => assert.deepEqual(load(text).diagnostics.map(formatDiagnostic), expected));
  }
});
