import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBytes, formatText } from '../../../../services/shared/config/formatText.js';
import { loadConfig } from '../../../../services/shared/config/load.js';
import type { Statement } from '../../../../services/shared/config/tree.js';

/** Everything a text means, without places; undefined when its braces do not fit. */
function meaning(bytes: Uint8Array): unknown {
  const { tree } = loadConfig({
    file: 'main',
    configId: 'here',
    access: {
      read: (path) =>
        path === 'main' ? { ok: true, bytes } : { ok: true, bytes: new TextEncoder().encode('included a\n') },
      list: () => undefined,
    },
  });
  const plain = ({ words, block, children }: Statement): unknown => [
    words.map(({ text, quoted }) => [text, quoted]),
    block,
    children.map(plain),
  ];
  return tree?.statements.map(plain);
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test('canonical layout: a statement a line, braces, indentation, comments and single empty lines kept', () => {
  const untidy = `

! A comment
  vrrp_instance   VI_1
{   # why
state MASTER;  ! first
	virtual_ipaddress { 10.0.0.1/24   dev eth0 }


  priority "1 0 0"  

 }
global_defs { router_id  x } # end
   # indented
`;
  assert.equal(
    formatText(untidy),
    `! A comment
vrrp_instance VI_1 { # why
    state MASTER; ! first
    virtual_ipaddress {
        10.0.0.1/24 dev eth0
    }

    priority "1 0 0"
}
global_defs {
    router_id x
} # end
# indented
`,
  );
});

test('what is worked on before it is read keeps its text', () => {
  const text = `$A=  1   2
$BLOCK=x   y \\
   z    { a   b \\

      # not the end \\
  }
include   "some   file"
a {
@here    state    MASTER
@^here state BACKUP
    p   \${A}
    ~SEQ(I, 1, 2)   v   10.0.0.$I
    a { include b }
    @here   block   {
    @^here  other   {
        c
    }
}
`;
  assert.equal(formatText(text), text.replace('\n@here', '\n    @here').replace('\n@^here', '\n    @^here'));
});

test('CRLF, tabs and a missing last newline are made equal; a byte order mark and Latin-1 stay', () => {
  assert.equal(formatText('a {\r\n\tb\r\n}'), 'a {\n    b\n}\n');
  assert.deepEqual(
    [...formatBytes(Uint8Array.of(0xef, 0xbb, 0xbf, 97, 32, 35, 0xe4, 0xa0))],
    [0xef, 0xbb, 0xbf, 97, 32, 35, 0xe4, 0xa0, 10],
  );
  assert.equal(formatText(''), '');
  assert.equal(formatText('\n \n'), '');
});

test('the samples of keepalived mean the same when formatted, and formatting again changes nothing', (t) => {
  const directory = '/usr/share/doc/keepalived/samples';
  let names: string[];
  try {
    names = readdirSync(directory).filter((name) => name.startsWith('keepalived.conf'));
  } catch {
    t.skip('keepalived is not installed');
    return;
  }
  assert.ok(names.length > 10);
  for (const name of names) {
    const bytes = readFileSync(join(directory, name));
    const formatted = formatBytes(bytes);
    assert.deepEqual(meaning(formatted), meaning(bytes), name);
    assert.deepEqual(formatBytes(formatted), formatted, name);
  }
});

const fragment = fc.constantFrom(
  'a',
  'b c',
  'script',
  'notify "x y" z',
  "script 'a { b'",
  '"q { # \\" "',
  'a\\',
  '{',
  '{',
  '}',
  '}',
  '# c',
  '! \u0024{A} {',
  '$A=1',
  '$A=x \\',
  '$B=vrrp { \\',
  '\u0024{A}',
  '$A',
  '@here',
  '@^here',
  '@other x {',
  '~SEQ(I,1,2)',
  '~LST(L,a,{b})',
  'include f',
  'include',
  'include_check',
  '\\"',
  '"',
  "'",
  '\\# x',
  '\t',
  '  ',
  '\r',
  'é\u00a0',
  '\ufeff',
  'ops;',
);
const line = fc
  .array(fragment, { maxLength: 6 })
  .chain((parts) => fc.constantFrom('', ' ', '  ').map((blank) => parts.join(blank)));

test('formatting keeps the meaning of any text and is idempotent', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const bytes = encode(lines.join('\n'));
      const formatted = formatBytes(bytes);
      const before = meaning(bytes);
      if (before !== undefined) assert.deepEqual(meaning(formatted), before);
      assert.deepEqual(formatBytes(formatted), formatted);
    }),
    { numRuns: 3000 },
  );
});
