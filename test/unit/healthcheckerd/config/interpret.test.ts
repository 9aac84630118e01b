import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interpretHealthConfig } from '../../../../services/healthcheckerd/config/interpret.js';
import type {
  GroupMember,
  HealthConfig,
  VirtualServerConfig,
} from '../../../../services/healthcheckerd/config/model.js';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { formatIpAddress } from '../../../../services/shared/net/address.js';
import { ENVIRONMENT, load } from '../../shared/config/support.js';

const run = (text: string) => {
  const { tree } = load(text);
  assert.ok(tree);
  const { model, diagnostics } = interpretHealthConfig(tree, ENVIRONMENT);
  return { model, messages: diagnostics.map(formatDiagnostic).map((line) => line.replace('/k.conf:', '')) };
};

const modelOf = (text: string): HealthConfig => {
  const { model, messages } = run(text);
  assert.ok(model, messages.join('\n'));
  return model;
};

/** Four lines of head, then `lines`, then the real servers. */
const wrap = (lines: string, servers = 'real_server 10.0.0.2 80 {\n}', target = '10.0.0.1 80'): string =>
  `virtual_server ${target} {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n${lines}\n${servers}\n}`;

const serverOf = (lines: string, servers?: string, target?: string): VirtualServerConfig => {
  const [server] = modelOf(wrap(lines, servers, target)).virtualServers;
  assert.ok(server);
  return server;
};

describe('a virtual server', () => {
  it('has the defaults of keepalived', () => {
    const { model, messages } = run('virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 8080 {\n}\n}');
    assert.deepEqual(messages, [
      '1:1: warning: virtual_server 10.0.0.1 80 has no lvs_method; NAT is used',
      '1:1: warning: virtual_server 10.0.0.1 80 has no lvs_sched; wlc is used',
      "1:1: warning: virtual_server 10.0.0.1 80 has no protocol; UDP is used, as in keepalived (add 'protocol TCP' if that is meant)",
    ]);
    const { target, realServers, position: _, ...rest } = model?.virtualServers[0] ?? assert.fail();
    assert.equal(target.kind === 'address' && formatIpAddress(target.address), '10.0.0.1');
    assert.deepEqual(rest, {
      protocol: 'udp',
      family: 4,
      scheduler: 'wlc',
      flags: 0,
      forwarding: { method: 'masq' },
      alpha: false,
      omega: false,
      quorum: 1,
      hysteresis: 0,
      smtpAlert: false,
      haSuspend: false,
    });
    const { address, position: __, ...server } = realServers[0] ?? assert.fail();
    assert.equal(formatIpAddress(address), '10.0.0.2');
    assert.deepEqual(server, {
      port: 8080,
      weight: 1,
      forwarding: { method: 'masq' },
      inhibitOnFailure: false,
      upperThreshold: 0,
      lowerThreshold: 0,
      smtpAlert: true,
      checkers: [],
    });
  });

  it('takes a mark or a group', () => {
    assert.deepEqual(serverOf('', undefined, 'fwmark 5').target, { kind: 'fwmark', fwmark: 5 });
    const text = `virtual_server_group G {\n10.0.0.9 80\n}\n${wrap('', undefined, 'group G')}`;
    assert.deepEqual(modelOf(text).virtualServers[0]?.target, { kind: 'group', name: 'G' });
  });

  it('both families of spellings mean the same', () => {
    const old = serverOf('quorum 1');
    const { model } = run(wrap('quorum 1').replace('lb_algo', 'lvs_sched').replace('lb_kind', 'lvs_method'));
    assert.deepEqual(model?.virtualServers[0], old);
  });

  const methods: readonly (readonly [string, unknown])[] = [
    ['DR', { method: 'droute' }],
    ['TUN', { method: 'tunnel', tunnel: { type: 'ipip' } }],
    ['TUN type gue port 6080', { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'nocsum' } }],
    ['TUN type gue port 6080 remcsum', { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } }],
    ['TUN type gre csum', { method: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } }],
  ];
  for (const [text, expected] of methods) {
    it(`lvs_method ${text}`, () => {
      const { model } = run(wrap('').replace('lb_kind NAT', `lvs_method ${text}`));
      assert.deepEqual(model?.virtualServers[0]?.forwarding, expected);
      assert.deepEqual(model?.virtualServers[0]?.realServers[0]?.forwarding, expected);
    });
  }

  const persistence: readonly (readonly [string, unknown])[] = [
    ['persistence_timeout 50', { timeoutSeconds: 50, prefixLength: 32 }],
    ['persistence_timeout', { timeoutSeconds: 360, prefixLength: 32 }],
    ['persistence_granularity 255.255.255.0', { timeoutSeconds: 360, prefixLength: 24 }],
    ['persistence_timeout 9\npersistence_engine sip', { timeoutSeconds: 9, prefixLength: 32, engine: 'sip' }],
  ];
  for (const [lines, expected] of persistence) {
    it(lines.replace('\n', ', '), () => assert.deepEqual(serverOf(lines).persistence, expected));
  }

  it('flags of schedulers are bits of the kernel', () => {
    assert.equal(serverOf('flag-1\nflag-3\nops').flags, 0x08 | 0x20 | 0x04);
    assert.equal(modelOf(wrap('sh-port\nsh-fallback').replace('rr', 'sh')).virtualServers[0]?.flags, 0x18);
  });

  it('smtp_alert: own, then smtp_alert_checker, then smtp_alert', () => {
    const alerts = (globals: string, lines: string) => {
      const [server] = modelOf(`global_defs {\n${globals}\n}\n${wrap(lines)}`).virtualServers;
      return [server?.smtpAlert, server?.realServers[0]?.smtpAlert];
    };
    assert.deepEqual(alerts('', ''), [false, true]);
    assert.deepEqual(alerts('smtp_alert off', ''), [false, false]);
    assert.deepEqual(alerts('smtp_alert', ''), [true, true]);
    assert.deepEqual(alerts('smtp_alert\nsmtp_alert_checker off', ''), [false, false]);
    assert.deepEqual(alerts('smtp_alert', 'smtp_alert off'), [false, false]);
  });
});

describe('TCP_CHECK', () => {
  const check = (lines: string, real = '', virtual = '') =>
    serverOf(virtual, `real_server 10.0.0.2 80 {\n${real}\nTCP_CHECK {\n${lines}\n}\n}`).realServers[0]?.checkers[0];

  it('takes timing from checker, real server, virtual server, in this order', () => {
    const checker = check('retry 7', 'connect_timeout 2\nretry 9', 'delay_loop 6\nconnect_timeout 9\nalpha');
    assert.equal(checker?.kind, 'tcp');
    assert.deepEqual(checker?.kind === 'tcp' && checker.timing, {
      delayLoop: 6_000_000,
      connectTimeout: 2_000_000,
      retry: 7,
      delayBeforeRetry: 1_000_000,
      warmup: 6_000_000,
      alpha: true,
      logAllFailures: false,
    });
  });

  it('without words has the defaults, with braces or without', () => {
    const expected = {
      delayLoop: 60_000_000,
      connectTimeout: 5_000_000,
      retry: 1,
      delayBeforeRetry: 1_000_000,
      warmup: 60_000_000,
      alpha: false,
      logAllFailures: false,
    };
    for (const text of ['TCP_CHECK', 'TCP_CHECK {\n}']) {
      const checker = serverOf('', `real_server 10.0.0.2 80 {\n${text}\n}`).realServers[0]?.checkers[0];
      assert.deepEqual(checker?.kind === 'tcp' && checker.timing, expected);
    }
  });

  it('connects where it is told, else to the real server', () => {
    const plain = check('');
    assert.ok(plain?.kind === 'tcp');
    assert.equal(`${formatIpAddress(plain.endpoint.address)} ${plain.endpoint.port}`, '10.0.0.2 80');
    const other = check('connect_ip 10.9.9.9\nconnect_port 81\nbindto 10.0.0.7\nbind_port 99\nbind_if eth9\nfwmark 3');
    assert.ok(other?.kind === 'tcp');
    const { address, bindAddress, ...rest } = other.endpoint;
    assert.equal(formatIpAddress(address), '10.9.9.9');
    assert.equal(bindAddress && formatIpAddress(bindAddress), '10.0.0.7');
    assert.deepEqual(rest, { port: 81, bindPort: 99, bindInterface: 'eth9', fwmark: 3 });
  });

  it('needs some port', () => {
    const { messages } = run(wrap('', 'real_server 10.0.0.2 {\nTCP_CHECK\n}', 'fwmark 3'));
    assert.deepEqual(messages, [
      '7:1: error: TCP_CHECK has no port to connect to (add connect_port, or a port to the real server)',
    ]);
  });
});

describe('other checkers', () => {
  it('BFD_CHECK follows a session, without a timing of its own', () => {
    const { model, messages } = run(wrap('', 'real_server 10.0.0.2 80 {\nalpha\nBFD_CHECK {\nname x\n}\n}'));
    assert.deepEqual(messages, []);
    const [check] = model?.virtualServers[0]?.realServers[0]?.checkers ?? [];
    assert.ok(check?.kind === 'bfd');
    assert.deepEqual(
      [check.name, check.timing.alpha, check.timing.retry, check.position],
      ['x', true, 0, { file: '/k.conf', line: 8, column: 1 }],
    );
  });

  it('are checked all the same', () => {
    const { messages } = run(wrap('', 'real_server 10.0.0.2 80 {\nSMTP_CHECK {\nhelo_nam x\n}\n}'));
    assert.deepEqual(messages, ["8:1: error: unknown keyword 'helo_nam' in SMTP_CHECK (did you mean 'helo_name'?)"]);
  });
});

describe('findings', () => {
  const V = 'virtual_server 10.0.0.1 80';
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'quorum above the total weight',
      wrap('quorum 5', 'real_server 10.0.0.2 80 {\nweight 2\n}'),
      [`5:1: warning: ${V}: quorum 5 is above the weight of all real servers, 2; 2 is used`],
    ],
    [
      'hysteresis not below quorum',
      wrap('hysteresis 5'),
      [`5:1: warning: ${V}: hysteresis 5 is not below the quorum 1; 0 is used`],
    ],
    ['no real servers', wrap('', ''), [`1:1: warning: ${V} has no real servers and is ignored`]],
    [
      'a real server twice',
      wrap('', 'real_server 10.0.0.2 80 {\n}\nreal_server 10.0.0.2 80 {\n}'),
      ['8:1: warning: real_server 10.0.0.2 80 stands here a second time and is ignored'],
    ],
    [
      'no port and no persistence',
      wrap('', undefined, '10.0.0.1'),
      [
        '1:1: warning: virtual_server 10.0.0.1 0 has no port, which only a persistent service may; persistence_timeout is set to 360 (add a port or persistence_timeout)',
      ],
    ],
    [
      'the other family without a tunnel',
      wrap('', 'real_server ::1 80 {\n}'),
      [`6:1: error: ${V} is IPv4, ::1 is not; only TUN may mix them`],
    ],
    ['the other family by a tunnel', wrap('', 'real_server ::1 80 {\nlvs_method TUN\n}'), []],
    ['an unknown group', wrap('', undefined, 'group G'), ["1:22: error: there is no virtual_server_group 'G'"]],
    [
      'a group without name',
      wrap('', undefined, 'group'),
      ["1:16: error: 'virtual_server group' needs the name of a virtual_server_group"],
    ],
    ['mark 0', wrap('', undefined, 'fwmark 0'), ["1:23: error: 'fwmark' must be 1..4294967295, not '0'"]],
    [
      'a bad address',
      wrap('', undefined, '10.0.0.256 80'),
      ["1:16: error: 'virtual_server' needs an IP address, not '10.0.0.256'"],
    ],
    ['a bad port', wrap('', undefined, '10.0.0.1 70000'), ["1:25: error: a port is 1..65535, not '70000'"]],
    [
      'an unknown scheduler',
      wrap('').replace('rr', 'foo'),
      [
        `2:9: error: ${V}: unknown scheduler 'foo' (one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, mh, fo, ovf, sed, nq, twos)`,
      ],
    ],
    [
      'lower case method',
      wrap('').replace('NAT', 'nat'),
      ["3:9: error: 'lb_kind' is one of NAT, DR, TUN, not 'nat' (did you mean 'NAT'?)"],
    ],
    [
      'gue without port',
      wrap('').replace('NAT', 'TUN type gue'),
      ['3:9: error: a gue tunnel needs a port (TUN type gue port <1..65535>)'],
    ],
    [
      'a flag of another scheduler',
      wrap('sh-port'),
      ["5:1: warning: 'sh-port' is for the scheduler sh only and is ignored"],
    ],
    [
      'engine without timeout',
      wrap('persistence_engine sip'),
      ["5:1: warning: 'persistence_engine' without a timeout is ignored (add persistence_timeout)"],
    ],
    [
      'a mask with holes',
      wrap('persistence_granularity 255.0.255.0'),
      ["5:25: error: 'persistence_granularity' needs a netmask such as 255.255.255.0, not '255.0.255.0'"],
    ],
    [
      'a virtual server twice',
      `${wrap('')}\n${wrap('')}`,
      ['9:1: error: virtual_server 10.0.0.1 80 tcp already exists (first on line 1)'],
    ],
    [
      'a source of the other family',
      wrap('', 'real_server 10.0.0.2 80 {\nTCP_CHECK {\nbindto ::1\n}\n}'),
      ['8:8: error: bindto ::1 is not IPv4 like the address to connect to'],
    ],
    [
      'a weight above the limit',
      wrap('', 'real_server 10.0.0.2 80 {\nweight 65536\n}'),
      ["7:8: warning: 'weight' is at most 65535; 65536 is taken as that"],
    ],
  ];
  for (const [name, text, expected] of cases) it(name, () => assert.deepEqual(run(text).messages, expected));
});

describe('virtual_server_group', () => {
  const members = (lines: string) =>
    run(`virtual_server_group G {\n${lines}\n}`).model?.groups[0]?.members.map(plainMember);
  const plainMember = (member: GroupMember): string =>
    member.kind === 'fwmark'
      ? `fwmark ${member.fwmark} ${member.family ?? '-'}`
      : `${formatIpAddress(member.first)}..${formatIpAddress(member.last)} ${member.port}`;

  it('takes addresses, ranges, prefixes and marks', () => {
    const lines =
      '10.0.0.1 80\n10.0.0.3-10 80\n10.0.0.250-10.0.1.3\n10.0.2.9/29 80\nae00::2-9 80\nfwmark 5\nfwmark 6 inet6';
    assert.deepEqual(members(lines), [
      '10.0.0.1..10.0.0.1 80',
      '10.0.0.3..10.0.0.10 80',
      '10.0.0.250..10.0.1.3 0',
      '10.0.2.8..10.0.2.15 80',
      'ae00::2..ae00::9 80',
      'fwmark 5 -',
      'fwmark 6 6',
    ]);
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['10.0.0.9-2', "2:1: error: the range '10.0.0.9-2' ends before it begins"],
    ['10.0.0.0/8', "2:1: error: the range '10.0.0.0/8' has more than 65536 addresses"],
    [
      '10.0.0.1-300',
      "2:1: error: '10.0.0.1-300' is no address and no range of addresses (192.0.2.1, 192.0.2.1-10, 192.0.2.250-192.0.3.10 or 192.0.2.8/29)",
    ],
    ['fwmark', "2:1: error: 'fwmark' needs a number"],
    ['10.0.0.1 x', "2:10: error: a port is 1..65535, not 'x'"],
  ];
  for (const [line, message] of wrong) {
    it(`refuses ${line}`, () => assert.deepEqual(run(`virtual_server_group G {\n${line}\n}`).messages, [message]));
  }
});
