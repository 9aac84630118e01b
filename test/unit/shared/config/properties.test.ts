// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { loadConfig } from '../../../../services/shared/config/load.js';
import { printTree } from '../../../../services/shared/config/printTree.js';
import type { Statement } from '../../../../services/shared/config/tree.js';
import { diagnose, load, memoryFiles, shapeOf } from './support.js';

/** Text that looks like configuration often enough to get past the first check. */
const fragments = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(' ', '\n', '\t', '{', '}', '"', "'", '\\', '#', '!', '\n\n', '\r\n') },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      'vrrp_instance',
      'virtual_ipaddress',
      'virtual_server',
      'real_server',
      'TCP_CHECK',
      'global_defs',
      'notify',
      'notify_master',
      'script',
      'priority',
      'router_id',
      '10.0.0.1/24',
      'fe80::1',
      '100',
      'eth0',
      'include x',
      'include k.conf',
      'include {x,y*}',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('$A=', '$A', '${A}', '${B', '@box', '@^x', '~SEQ(A,3)', '~LST({A,B},{1,2})', '$M= \\\n'),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom('\0', '\ufffd', '\ud800', '\udfff', '\ufeff', '\x1b', 'é', '😀', 'ｅ') },
);

const texts = fc.array(fragments, { maxLength: 60 }).map((parts) => parts.join(''));

/** Lines that mean something at the beginning of a line cannot be printed as statements. */
const isOrdinary = (statements: readonly Statement[]): boolean =>
  statements.every(
    ({ words: [first], children }) =>
      (first?.quoted === true || !/^(?:[@~$]|include)/.test(first?.text ?? '')) && isOrdinary(children),
  );

const noParameters = (statements: readonly Statement[]): boolean =>
  statements.every(({ words, children }) => words.every(({ text }) => !text.includes('$')) && noParameters(children));

describe('any text', () => {
  it('is read without throwing, and every finding is one line', () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const diagnostic of diagnose(load(text, { '/x': '}', '/y1': text }))) {
          assert.doesNotMatch(formatDiagnostic(diagnostic), /\p{Cc}/u);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('even when it is not text at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        diagnose(loadConfig({ file: '/k', access: memoryFiles({ '/k': bytes }), configId: 'box' }));
      }),
      { numRuns: 500 },
    );
  });

  it('prints and loads as itself', () => {
    let compared = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const { tree, diagnostics } = load(text);
        if (diagnostics.some(({ severity }) => severity === 'error')) return;
        if (tree === undefined || !isOrdinary(tree.statements) || !noParameters(tree.statements)) return;
        const printed = printTree(tree);
        const again = load(printed);
        assert.ok(again.tree, printed);
        assert.deepEqual(shapeOf(again.tree.statements), shapeOf(tree.statements));
        assert.equal(printTree(again.tree), printed, 'printing is canonical');
        compared++;
      }),
      { numRuns: 3000 },
    );
    assert.ok(compared > 200, `only ${compared} texts could be compared`);
  });
});

describe('words', () => {
  /** What a word may be; a plain word cannot span lines. */
  const plain = fc.string({
    unit: fc.constantFrom('a', ' ', '"', "'", '\\', '{', '}', '#', '!', 'é', '\t'),
    maxLength: 8,
  });
  const any = fc.string({
    unit: fc.constantFrom('a', ' ', '"', "'", '\\', '{', '}', '#', '!', '\n', '\t', '\x01', 'é'),
    maxLength: 8,
  });

  it('of plain keywords survive quoting', () => {
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 4 }), (words) => {
        const word = (text: string) => ({ text, file: 0, line: 1, column: 1, quoted: true });
        const first = { ...word('router_id'), quoted: false };
        const tree = {
          files: ['/k'],
          statements: [{ words: [first, ...words.map(word)], block: false, children: [] }],
        };
        const again = load(printTree(tree)).tree;
        assert.deepEqual(shapeOf(again?.statements ?? []), shapeOf(tree.statements));
      }),
    );
  });

  it('of scripts survive quoting and escapes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(any, fc.boolean()), { maxLength: 4 }), (words) => {
        const word = (text: string, quoted: boolean) => ({ text, file: 0, line: 1, column: 1, quoted });
        const all = [word('notify', false), ...words.map(([text, quoted]) => word(text, quoted))];
        const tree = { files: ['/k'], statements: [{ words: all, block: false, children: [] }] };
        const again = load(printTree(tree)).tree;
        assert.deepEqual(shapeOf(again?.statements ?? []), shapeOf(tree.statements));
      }),
    );
  });
});
