import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeywordTable, pending } from '../../../../services/shared/config/keyword.js';
import { readBlock } from '../../../../services/shared/config/readBlock.js';
import { Reporter } from '../../../../services/shared/config/reporter.js';
import { messages } from './support.js';

/** An instance without findings, with more lines in it. */
const instance = (lines: string, name = 'V', vrid = 51): string =>
  `vrrp_instance ${name} {\n interface eth0\n virtual_router_id ${vrid}\n virtual_ipaddress {\n  10.0.${vrid}.1\n }\n${lines}\n}\n`;

const without = (text: string): readonly string[] => messages(text).map((line) => line.replace('/k.conf:', ''));

describe('keywords', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'unknown, close to a known one',
      instance('prioritty 100'),
      ["7:1: error: unknown keyword 'prioritty' in vrrp_instance (did you mean 'priority'?)"],
    ],
    ['unknown, close to nothing', instance('xyzzy'), ["7:1: error: unknown keyword 'xyzzy' in vrrp_instance"]],
    [
      "the guide's smtp_alter",
      instance('smtp_alter'),
      ["7:1: error: unknown keyword 'smtp_alter' in vrrp_instance (did you mean 'smtp_alert'?)"],
    ],
    [
      "the guide's autp_pass",
      instance('authentication {\n auth_type PASS\n autp_pass 1\n}'),
      [
        "9:2: error: unknown keyword 'autp_pass' in authentication (did you mean 'auth_pass'?)",
        '7:1: warning: V: authentication without auth_pass is none, as in keepalived',
      ],
    ],
    [
      'in quotes',
      instance('"priority" 100'),
      ["7:1: error: unknown keyword 'priority' in vrrp_instance (a keyword does not stand in quotes)"],
    ],
    [
      'of the top level inside a block',
      instance('vrrp_instance W {\n}'),
      [
        "7:1: error: unknown keyword 'vrrp_instance' in vrrp_instance (it belongs to the top level: is a '}' missing before it?)",
      ],
    ],
    [
      'at the top level',
      'vrrp_instanze V {\n}\nrouter_id x\n"global_defs" {\n}\nfoo',
      [
        "1:1: error: unknown keyword 'vrrp_instanze' at the top level (did you mean 'vrrp_instance'?)",
        "3:1: error: unknown keyword 'router_id' at the top level (it belongs into global_defs)",
        "4:1: error: unknown keyword 'global_defs' at the top level (a keyword does not stand in quotes)",
        "6:1: error: unknown keyword 'foo' at the top level",
      ],
    ],
    [
      'in global_defs, told once though every service reads it',
      'global_defs {\n rooter_id x\n route_id y\n}',
      [
        "2:2: error: unknown keyword 'rooter_id' in global_defs (did you mean 'router_id'?)",
        "3:2: error: unknown keyword 'route_id' in global_defs (did you mean 'router_id'?)",
      ],
    ],
    [
      'twice: the last one counts',
      instance('priority 10\npriority 20'),
      ["8:1: warning: 'priority' stands here a second time; the last one counts (first on line 7; remove one)"],
    ],
    [
      'a script twice is refused, as in keepalived',
      instance('notify /bin/a\nnotify /bin/b'),
      ["8:1: error: 'notify' stands here a second time (first on line 7)"],
    ],
    [
      'that do nothing yet are never silent',
      'global_defs {\n json_version 2\n state_file_location /run/x\n}\n',
      ["2:2: warning: 'json_version' has no effect yet", "3:2: warning: 'state_file_location' has no effect yet"],
    ],
    [
      'deprecated',
      'global_defs {\n enable_snmp_keepalived\n}\n',
      ["2:2: warning: 'enable_snmp_keepalived' is deprecated (use enable_snmp_vrrp)"],
    ],
  ];
  for (const [name, text, expected] of cases) it(name, () => assert.deepEqual(without(text), expected));
});

describe('a block that does nothing yet', () => {
  it('is told once, and what is in it is checked', () => {
    const table = new KeywordTable('the file', [
      pending('later', [], 'A block.', {
        block: { kind: 'keywords', table: new KeywordTable('later', [pending('delay', [], 'A keyword.')]) },
      }),
    ]);
    const report = new Reporter(['k.conf']);
    const word = (text: string, line: number) => ({ text, quoted: false, file: 0, line, column: 1 });
    const line = (text: string, number: number) => ({ words: [word(text, number)], block: false, children: [] });
    const block = { words: [word('later', 1)], block: true, children: [line('delay', 2), line('dellay', 3)] };
    readBlock([block], table, report);
    assert.deepEqual(
      report.diagnostics.map(({ position, message }) => `${position?.line}: ${message}`),
      ["1: 'later' has no effect yet", "3: unknown keyword 'dellay' in later"],
    );
  });
});

describe('arguments', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['missing', instance('priority'), ["7:1: error: 'priority' needs a value: priority <priority 1..255>"]],
    [
      'too many',
      instance('priority 100 200'),
      ["7:14: warning: '200' after 'priority 100' is ignored (usage: priority <priority 1..255>)"],
    ],
    ['no number', instance('priority high'), ["7:10: error: 'priority' needs a whole number, not 'high'"]],
    ['hexadecimal', instance('priority 0x64'), ["7:10: error: 'priority' needs a whole number, not '0x64'"]],
    ['priority 0', instance('priority 0'), ["7:10: error: 'priority' must be 1..255, not 0"]],
    ['priority 256', instance('priority 256'), ["7:10: error: 'priority' must be 1..255, not 256"]],
    [
      'a huge number',
      instance(`priority ${'9'.repeat(400)}`),
      [`7:10: error: 'priority' must be 1..255, not ${'9'.repeat(400)}`],
    ],
    ['advert_int', instance('advert_int 300'), ["7:12: error: 'advert_int' must be 0.01..255 s, not 300"]],
    [
      'state',
      instance('state master'),
      ["7:7: error: 'state' is one of MASTER, BACKUP, not 'master' (did you mean 'MASTER'?)"],
    ],
    [
      'booleans',
      instance('smtp_alert Yes'),
      ["7:12: error: 'smtp_alert' is on, off, true, false, yes or no, not 'Yes'"],
    ],
    [
      'an address',
      instance('mcast_src_ip 10.0.0.300'),
      ["7:14: error: 'mcast_src_ip' needs an IP address, not '10.0.0.300'"],
    ],
    [
      'a multicast address',
      instance('mcast_dst_ip 10.0.0.1'),
      ["7:14: error: 'mcast_dst_ip' needs a multicast address, and 10.0.0.1 is none"],
    ],
    [
      'an interface name',
      'vrrp_instance V {\n interface eth0123456789012\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.1\n }\n}',
      [
        "2:12: error: 'interface' takes at most 15 characters, 'eth0123456789012' is longer",
        "1:1: error: vrrp_instance V has no valid interface (add 'interface' to it)",
      ],
    ],
    [
      'a block where none belongs',
      instance('priority 100 {\n}'),
      ["7:1: error: 'priority' takes no block (usage: priority <priority 1..255>)"],
    ],
    [
      'no block where one belongs',
      instance('authentication'),
      [
        "7:1: error: 'authentication' needs a block: authentication { … }",
        '7:1: warning: V: authentication without auth_type is none, as in keepalived',
      ],
    ],
  ];
  for (const [name, text, expected] of cases) it(name, () => assert.deepEqual(without(text), expected));

  it('virtual_router_id 0 and 256', () => {
    for (const vrid of [0, 256]) {
      assert.deepEqual(without(instance('', 'V', vrid).replace(`10.0.${vrid}.1`, '10.0.0.1')), [
        `3:20: error: 'virtual_router_id' must be 1..255, not ${vrid}`,
        "1:1: error: vrrp_instance V has no valid virtual_router_id (add 'virtual_router_id' to it)",
      ]);
    }
  });

  it('control characters of the text cannot reach the terminal', () => {
    assert.deepEqual(without('\x1b[31m'), ["1:1: error: unknown keyword '\\u001b[31m' at the top level"]);
  });
});

describe('all errors come in one run', () => {
  it('from several services and from the text itself', () => {
    const text = `global_defs {\n smtp_server\n}\n${instance('priority 0')}virtual_server 10.0.0.1 80 {\n quorum 0\n}\nx "y\n`;
    assert.deepEqual(
      without(text).filter((line) => line.includes('error')),
      [
        '15:3: error: the quote that opens here is not closed on its line',
        "15:1: error: unknown keyword 'x' at the top level",
        "2:2: error: 'smtp_server' needs a value: smtp_server <host> [<port 1..65535>]",
        "10:10: error: 'priority' must be 1..255, not 0",
        "13:9: error: 'quorum' must be 1..4294967295, not 0",
      ],
    );
  });
});
