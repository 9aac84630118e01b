// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { loadConfig } from '../../../../services/shared/config/load.js';
import { load, memoryFiles, shapeOf } from './support.js';

const run = (text: string, options: Parameters<typeof load>[2] = {}, others: Readonly<Record<string, string>> = {}) => {
  const { tree, diagnostics } = load(text, others, options);
  return { shape: shapeOf(tree?.statements ?? []), messages: diagnostics.map(formatDiagnostic), tree };
};

const expands = (text: string, expected: readonly unknown[], options: Parameters<typeof load>[2] = {}) => {
  const { shape, messages } = run(text, options);
  assert.deepEqual(messages, []);
  assert.deepEqual(shape, expected);
};

describe('conditions', () => {
  const text = '@main a 1\n  @backup a 2\n@^main b {\n@^main }\n@^backup c';
  it('keep the lines of the own id', () => expands(text, ['a 1', 'c'], { configId: 'main' }));
  it('and the negated lines of the others', () => expands(text, ['a 2', ['b', []]], { configId: 'backup' }));
  it('both of it with a third id', () => expands(text, [['b', []], 'c'], { configId: 'x' }));
  it('an id that is nothing never holds', () => expands('@ a\nb', ['b']));
  it('may stand before each other', () => expands('@box @^x a\n@box @x b', ['a']));
  it('take a comment with them', () => expands('@x a # b\n@box c # d', ['c']));
});

describe('parameters', () => {
  it('are put in before a blank, at the end, or in braces', () => {
    expands('$A=7\nx $A\nx ${A}8 $A y', ['x 7', 'x 78 7 y']);
  });

  it('are looked up where they are used, as the manual shows', () => {
    expands(
      '$ADDRESS_BASE=10.2.${ADDRESS_BASE_SUB}\n$ADDRESS_BASE_SUB=0\n${ADDRESS_BASE}.100/32\n$ADDRESS_BASE_SUB=10\n${ADDRESS_BASE}.100/32',
      ['10.2.0.100/32', '10.2.10.100/32'],
    );
  });

  it('stay as they are when they are not followed by a blank or not defined', () => {
    expands('$A=7\nx $A.b $B "${C}" y$5', ['x $A.b $B ‹${C}› y$5']);
    const { shape, messages } = run('x ${NO} y');
    assert.deepEqual(shape, ['x ${NO} y']);
    assert.deepEqual(messages, [
      '/k.conf:1:3: warning: ${NO} is not defined and stays as it is (define it before: $NO=…)',
    ]);
  });

  it('may be empty, several words, quoted', () => {
    expands('$E=\n$W=a "b c"\nx ${E}y $W', ['x y a ‹b c›']);
    expands('$W=b c\nx "a $W d"', ['x ‹a b c d›']);
  });

  it('work with conditions both ways', () => {
    expands('@main $P=240\n@backup $P=200\npriority $P', ['priority 240'], { configId: 'main' });
    expands('$IF_MAIN=@main\n$IF_MAIN a\n$IF_MAIN b', ['a', 'b'], { configId: 'main' });
    expands('$IF_MAIN=@main\n$IF_MAIN a\nb', ['b'], { configId: 'x' });
  });

  it('of several lines come line by line, with the definitions among them', () => {
    const text =
      '$RS= \\\nreal_server 10.${VS}.${RS_NUM} 80 { \\\n weight 1 \\\n } \\\n\n' +
      '$VS_ALL= \\\nvirtual_server 10.${VS} 80 { # comment \\\n $RS_NUM=1 \\\n $RS \\\n $RS_NUM=2 \\\n $RS \\\n}\n';
    const fixed = text.replace(' # comment', '').replace(' } \\\n\n', ' }\n');
    const server = (vs: number) => [
      `virtual_server 10.${vs} 80`,
      [1, 2].map((rs) => [`real_server 10.${vs}.${rs} 80`, ['weight 1']]),
    ];
    expands(`${fixed}$VS=0\n$VS_ALL\n$VS=1\n$VS_ALL`, [server(0), server(1)]);
  });

  it('of several lines pass over empty lines and comments', () => {
    expands('$M= \\\n a \\\n\n # c\n b\n$M', ['a', 'b']);
  });

  it('of several lines keep the conditions of their lines', () => {
    expands('$M= \\\n @box a \\\n @x b \\\n c\n$M', ['a', 'c']);
  });

  it('a definition that does not hold here takes its lines with it', () => {
    expands('@x $M= \\\n a \\\n b\nc', ['c']);
  });

  it('end with their file', () => {
    const { shape } = run('include part\nb\n$M', {}, { '/part': '$M= \\\n a \\' });
    assert.deepEqual(shape, ['b', 'a']);
  });
});

describe('predefined parameters', () => {
  it('_PWD is the directory of the file', () => {
    const { shape } = run('a ${_PWD}\ninclude d/f\nc "${_PWD}"', {}, { '/d/f': 'b ${_PWD}' });
    assert.deepEqual(shape, ['a /', 'b /d', 'c ‹/›']);
  });

  it('_INSTANCE, _HASH, _BANG', () => {
    expands('a ${_INSTANCE} x${_HASH}y${_BANG}z # comment', ['a box x#y!z']);
  });

  it('_ENV', () => {
    const environment = (name: string) => (name === 'HOME' ? '/root' : undefined);
    expands('a ${_ENV HOME}', ['a /root'], { environment });
    assert.deepEqual(run('a ${_ENV NO} b', { environment }).shape, ['a ${_ENV NO} b']);
  });

  it('_RANDOM stays in its range and repeats with its seed', () => {
    const numbers = (seed: string) =>
      run(`${seed}\n~SEQ(I,200) x \${_RANDOM 5 9}`)
        .shape.slice(seed === '' ? 0 : 1)
        .map((line) => Number(String(line).slice(2)));
    const seen = numbers('random_seed 7');
    assert.deepEqual(new Set(seen), new Set([5, 6, 7, 8, 9]));
    assert.deepEqual(numbers('random_seed 7'), seen);
    assert.notDeepEqual(numbers('random_seed 8'), seen);
  });
});

describe('sequences and lists', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['~SEQ(S, 0, 3) ip 10.${S}', ['ip 10.0', 'ip 10.1', 'ip 10.2', 'ip 10.3']],
    ['~SEQ(S, 3) a ${S}', ['a 1', 'a 2', 'a 3']],
    ['~SEQ(S, -2) a ${S}', ['a -1', 'a -2']],
    ['~SEQ(S, 5, 3) a ${S}', ['a 5', 'a 4', 'a 3']],
    ['~SEQ(S, 1, 2, 6) a ${S}', ['a 1', 'a 3', 'a 5']],
    ['~SEQ(S, 010, 012) a ${S}', ['a 8', 'a 9', 'a 10']],
    ['~SEQ (S, 1, 2) a ${S}', ['a 1', 'a 2']],
    ['~SEQx(S, 144, 16, 192) fe80::20:${S}:1', ['fe80::20:90:1', 'fe80::20:a0:1', 'fe80::20:b0:1', 'fe80::20:c0:1']],
    ['~SEQx(S, 0x90, 0x10, 0xa0) ${S}', ['90', 'a0']],
    ['~SEQx(A,0x12,-1,0x11) ~SEQx(B,1,2) ${A}:${B}', ['12:1', '12:2', '11:1', '11:2']],
    ['$N=2\n~SEQ(S, ${N}) a ${S}', ['a 1', 'a 2']],
    [
      '~LST(IP, 1, 2) ~LST(IP1, 5,6,7) 192.${IP}.${IP1}',
      ['192.1.5', '192.1.6', '192.1.7', '192.2.5', '192.2.6', '192.2.7'],
    ],
    ['~LST({IP, IP1}, {10,1},{20,4}) 192.${IP}.${IP1}', ['192.10.1', '192.20.4']],
    [
      '~LST({IP,IP1}, {10,1},{12,8}) ~SEQ(I2,168,2,170) 192.${I2}.${IP}.${IP1}',
      ['192.168.10.1', '192.170.10.1', '192.168.12.8', '192.170.12.8'],
    ],
    ['~LST(N, a b, c) x ${N}', ['x a b', 'x c']],
    ['~SEQ(I,2) @box a ${I}', ['a 1', 'a 2']],
    ['$M= \\\n a ${I} \\\n b ${I}\n~SEQ(I,2) $M', ['a 1', 'b 1', 'a 2', 'b 2']],
    ['$S=9\n~SEQ(S,1) a ${S}\nb $S', ['a 1', 'b 9']],
  ];
  for (const [text, expected] of cases) it(text.replaceAll('\n', ' ⏎ '), () => expands(text, expected));

  const wrong: readonly (readonly [string, string])[] = [
    ['~SEQ(S, 1, -1, 3) x', 'from 1 by steps of -1 it never reaches 3'],
    ['~SEQ(S, 1, 0, 3) x', 'from 1 by steps of 0 it never reaches 3'],
    ['~SEQ(S, x) y', "'x' is no whole number"],
    ['~SEQ(S) y', 'it takes a name and one to three numbers'],
    ['~SEQ(1, 2) y', "'1' is no name of a parameter"],
    ['~SEQ(S, 1, 2 y', "its parenthesis is not closed with ')'"],
    ['~LST(S) y', 'it takes a name and at least one value'],
    ['~LST({A,B}, {1}) y', "'{1}' has not 2 values"],
  ];
  for (const [text, problem] of wrong) {
    it(`refuses ${text}`, () => {
      assert.deepEqual(run(`a\n${text}\nb`), {
        ...run('a\n\nb'),
        messages: [`/k.conf:2:1: error: this sequence or list cannot be read: ${problem}`],
        tree: run(`a\n${text}\nb`).tree,
      });
    });
  }
});

describe('places after expansion', () => {
  const placeOfSecond = (text: string) => {
    const word = run(text).tree?.statements.at(-1)?.words[1];
    return [word?.text, word?.line, word?.column];
  };

  it('a value stands where it is used', () => assert.deepEqual(placeOfSecond('$A=7\nx  ${A}8'), ['78', 2, 4]));
  it('words after it keep their own', () => assert.deepEqual(placeOfSecond('$L=a-long-word\n$L  y'), ['y', 2, 5]));
  it('words behind a condition keep theirs', () => assert.deepEqual(placeOfSecond('@box  x  y'), ['y', 1, 10]));
  it('lines of a definition stand in the definition', () => {
    assert.deepEqual(placeOfSecond('$M= \\\n a \\\n   b  c\n\n$M'), ['c', 3, 7]);
  });
});

describe('bombs', () => {
  const only = (text: string): string => {
    const { messages } = run(text);
    assert.equal(messages.length, 1, messages.slice(0, 3).join('\n'));
    return messages[0] ?? '';
  };

  it('parameters that refer to each other', () => {
    assert.equal(
      only('$A=${B}\n$B=${A}\nx ${A}\ny'),
      '/k.conf:3:3: error: ${B}: parameters refer to each other more than 32 deep'.replace('${B}', '${A}'),
    );
    assert.match(only('$A=${A}${A}\nx ${A}'), /more than 32 deep/);
  });

  it('definitions of several lines that contain themselves twice', () => {
    assert.match(only('$A= \\\n $A \\\n $A\n$A\ny'), /more than 32 deep/);
  });

  it('a billion laughs', () => {
    const text = Array.from({ length: 30 }, (_, index) => `$A${index + 1}=\${A${index}}\${A${index}}`).join('\n');
    assert.match(
      only(`$A0=ha\n${text}\nx \${A30}`),
      /a line becomes longer than 65536 characters|expansion makes more than \d+ characters/,
    );
  });

  it('sequences of sequences', () => {
    const { diagnostics } = loadConfig({
      file: '/k',
      access: memoryFiles({ '/k': '~SEQ(A,100000) ~SEQ(B,100000) @x y' }),
      configId: 'box',
    });
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['configuration-too-large'],
    );
  });
});
