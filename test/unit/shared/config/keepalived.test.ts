// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { diagnose, load } from './support.js';

/**
 * Our verdict beside that of the installed keepalived. Its `-t` refuses (5) whatever it says anything about, so
 * `accept` means silence there, and `warn` that both say something and ours runs it all the same.
 */
type Verdict = 'accept' | 'warn' | 'refuse';

const instance = (lines: string, addresses = '192.0.2.1'): string =>
  `vrrp_instance V {\n interface kw0\n virtual_router_id 51\n virtual_ipaddress {\n  ${addresses}\n }\n ${lines}\n}\n`;
const server = (lines: string, real = '', head = '192.0.2.1 80'): string =>
  `virtual_server ${head} {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n ${lines}\n real_server 192.0.2.2 80 {\n  ${real}\n }\n}\n`;

const CASES: readonly (readonly [string, string, Verdict])[] = [
  ['an instance', instance('priority 100'), 'accept'],
  ['braces without blanks', instance('').replaceAll(' {', '{'), 'accept'],
  ['a block on one line', instance('track_interface { kw1 }'), 'accept'],
  ['a stray brace', `${instance('')}}\n`, 'refuse'],
  ['a missing brace', instance('').slice(0, -2), 'refuse'],
  ['an unknown keyword', instance('prioritty 1'), 'refuse'],
  ['a keyword in capitals', instance('PRIORITY 1'), 'refuse'],
  ['priority 0', instance('priority 0'), 'refuse'],
  ['priority 256', instance('priority 256'), 'refuse'],
  ['priority in hexadecimal', instance('priority 0x64'), 'refuse'],
  ['VRID 0', instance('').replace('51', '0'), 'refuse'],
  ['VRID 256', instance('').replace('51', '256'), 'refuse'],
  ['an unknown state', instance('state master'), 'refuse'],
  ['an interval with a fraction in version 2', instance('advert_int 1.5'), 'warn'],
  ['an interval with a fraction in version 3', instance('advert_int 1.5\n version 3'), 'accept'],
  ['an interval too long for version 3', instance('advert_int 41\n version 3'), 'warn'],
  ['an interval too long for anything', instance('advert_int 300'), 'refuse'],
  ['nopreempt with MASTER', instance('state MASTER\n priority 100\n nopreempt'), 'warn'],
  ['preempt_delay with nopreempt', instance('nopreempt\n preempt_delay 5'), 'warn'],
  ['a password too long', instance('authentication {\n auth_type PASS\n auth_pass 123456789\n }'), 'warn'],
  ['a type without password', instance('authentication {\n auth_type PASS\n }'), 'warn'],
  ['a type in small letters', instance('authentication {\n auth_type pass\n auth_pass 1\n }'), 'refuse'],
  ['two families', instance('', '192.0.2.1\n  2001:db8::1'), 'refuse'],
  ['an address that is none', instance('', '192.0.2.300'), 'refuse'],
  ['a prefix that is none', instance('', '192.0.2.1/33'), 'refuse'],
  ['a label too long', instance('', '192.0.2.1 label kw0:123456789012'), 'refuse'],
  ['an unknown option', instance('', '192.0.2.1 nodadd'), 'refuse'],
  ['no addresses', instance('').replace('192.0.2.1', ''), 'warn'],
  ['a VRID twice', instance('') + instance('').replace('V {', 'W {'), 'refuse'],
  ['a name twice', instance('') + instance('').replace('51', '52'), 'refuse'],
  ['a group of one', `${instance('')}vrrp_sync_group G {\n group {\n V\n }\n}\n`, 'warn'],
  ['a group with a stranger', `${instance('')}vrrp_sync_group G {\n group {\n V\n X\n }\n}\n`, 'refuse'],
  ['a condition', instance('@nobody priority 0'), 'accept'],
  ['parameters', `$P=100\n${instance('priority $P')}`, 'accept'],
  ['a sequence that never ends', instance('', '~SEQ(A, 1, -1, 3) 192.0.2.${A}'), 'refuse'],
  ['a sequence', instance('', '~SEQ(A, 1, 3) 192.0.2.${A}'), 'accept'],
  ['a virtual server', server(''), 'accept'],
  ['an unknown scheduler', server('').replace('rr', 'foo'), 'refuse'],
  ['a method in small letters', server('').replace('NAT', 'nat'), 'refuse'],
  ['a protocol in small letters', server('').replace('TCP', 'tcp'), 'accept'],
  ['no scheduler', server('').replace(' lb_algo rr\n', ''), 'warn'],
  ['no protocol', server('').replace(' protocol TCP\n', ''), 'warn'],
  ['a quorum above the total', server('quorum 5'), 'warn'],
  ['a hysteresis above the quorum', server('hysteresis 5'), 'warn'],
  ['no port', server('', '', '192.0.2.1'), 'warn'],
  ['a port too high', server('', '', '192.0.2.1 70000'), 'refuse'],
  ['a host name', server('', '', 'example 80'), 'refuse'],
  ['a TCP check', server('', 'TCP_CHECK {\n connect_timeout 3\n }'), 'accept'],
  ['an unknown check', server('', 'FOO_CHECK {\n }'), 'refuse'],
  ['gue without port', server('').replace('NAT', 'TUN type gue'), 'refuse'],
];

/**
 * Where ours is meant to differ: keepalived.conf(5) allows it, or keepalived notices nothing that is wrong.
 */
const DIFFERENT: readonly (readonly [string, string, Verdict, 'silent' | 'refused'])[] = [
  ['an unclosed quote in a notify script with \\"', instance('notify_stop "/bin/true a\\"b"'), 'accept', 'refused'],
  ['a group that does not exist', server('', '', 'group NOPE'), 'refuse', 'silent'],
  ['a virtual server twice', server('') + server(''), 'refuse', 'silent'],
  ['words too many', instance('priority 100 200'), 'warn', 'silent'],
  ['a keyword twice', instance('priority 100\n priority 90'), 'warn', 'silent'],
  ['an empty prefix', instance('', '192.0.2.1/'), 'refuse', 'silent'],
  ['debug without a level, as in the guide', instance('debug'), 'accept', 'refused'],
];

const installed = spawnSync('keepalived', ['-v']).status === 0 && spawnSync('unshare', ['-n', 'true']).status === 0;
const directory = installed ? mkdtempSync(join(tmpdir(), 'keepwatch-config-')) : '';
after(() => directory !== '' && rmSync(directory, { recursive: true }));

/** keepalived looks for interfaces while it reads, so it gets some; they go with their namespace. */
const IN_NAMESPACE = `
  { ip link add kw0 type veth peer name kw1 && ip address add 192.0.2.9/24 dev kw0 &&
    ip link set kw0 up && ip link set kw1 up; } >&2 || exit 77
  exec keepalived -t -f "$1"`;

function verdictOf(text: string): Verdict {
  const said = diagnose(load(text));
  if (said.some(({ severity }) => severity === 'error')) return 'refuse';
  return said.length > 0 ? 'warn' : 'accept';
}

function keepalivedRefuses(text: string): boolean {
  const file = join(directory, 'k.conf');
  writeFileSync(file, text);
  const { status, error } = spawnSync('unshare', ['-n', 'sh', '-ec', IN_NAMESPACE, 'sh', file], { timeout: 20_000 });
  if (error !== undefined) throw error;
  assert.notEqual(status, 77, 'the namespace could not be made');
  // 6 is about the safety of scripts, which is not the language.
  return status !== 0 && status !== 6;
}

describe('our verdict', () => {
  for (const [name, text, expected] of [...CASES, ...DIFFERENT]) {
    it(`${name}: ${expected}`, () => {
      assert.equal(verdictOf(text), expected, diagnose(load(text)).map(formatDiagnostic).join('\n'));
    });
  }
});

describe("keepalived's verdict", {
  skip: installed ? false : 'needs keepalived and the right to make network namespaces',
}, () => {
  for (const [name, text, ours] of CASES) {
    it(`${name}: ${ours === 'accept' ? 'silent' : 'refused'} too`, () => {
      assert.equal(keepalivedRefuses(text), ours !== 'accept');
    });
  }
  for (const [name, text, ours, theirs] of DIFFERENT) {
    it(`${name}: ${theirs}, ours: ${ours}`, () => assert.equal(keepalivedRefuses(text), theirs === 'refused'));
  }
});
