import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { formatIpAddress } from '../../../../services/shared/net/address.js';
import { interpretVrrpConfig } from '../../../../services/vrrpd/config/interpret.js';
import type { InstanceConfig, VirtualAddress, VrrpConfig } from '../../../../services/vrrpd/config/model.js';
import { ENVIRONMENT, load } from '../../shared/config/support.js';

const run = (text: string) => {
  const { tree } = load(text);
  assert.ok(tree);
  const { model, diagnostics } = interpretVrrpConfig(tree, ENVIRONMENT);
  return { model, messages: diagnostics.map(formatDiagnostic).map((line) => line.replace('/k.conf:', '')) };
};

const modelOf = (text: string): VrrpConfig => {
  const { model, messages } = run(text);
  assert.ok(model, messages.join('\n'));
  return model;
};

const wrap = (lines: string, addresses = '10.0.0.1'): string =>
  `vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n${addresses}\n}\n${lines}\n}`;

const instanceOf = (lines: string, addresses?: string, globals = ''): InstanceConfig => {
  const [instance] = modelOf(`${wrap(lines, addresses)}\nglobal_defs {\n${globals}\n}`).instances;
  assert.ok(instance);
  return instance;
};

describe('defaults of an instance', () => {
  it('are those of keepalived', () => {
    const { position, vips, multicastGroup, ...rest } = instanceOf('');
    assert.deepEqual(position, { file: '/k.conf', line: 1, column: 1 });
    assert.equal(formatIpAddress(multicastGroup), '224.0.0.18');
    assert.deepEqual(
      vips.map(({ prefixLength, flags, noTrack }) => ({ prefixLength, flags, noTrack })),
      [{ prefixLength: 32, flags: 0, noTrack: false }],
    );
    assert.deepEqual(rest, {
      name: 'V',
      interface: 'eth0',
      vrid: 51,
      family: 4,
      version: 2,
      initialState: 'backup',
      priority: 100,
      advertInterval: 1_000_000,
      preempt: true,
      preemptDelay: 0,
      auth: { type: 'none' },
      election: { downTimerAdverts: 3, answerLowerPriority: true, lastWord: true },
      skipAddressCheck: false,
      strict: false,
      checksumV3: 'pseudo-header',
      trackSource: false,
      excludedVips: [],
      routes: [],
      rules: [],
      promoteSecondaries: false,
      trackInterfaces: [],
      trackers: [],
      trackPrimary: true,
      garp: {
        masterDelay: 5_000_000,
        masterRepeat: 5,
        masterRefresh: 0,
        masterRefreshRepeat: 1,
        lowerPriorityDelay: 5_000_000,
        lowerPriorityRepeat: 5,
        extraInterval: 0,
        extraOnAll: false,
      },
      notify: { smtpAlert: false, priorityChanges: false },
      debug: false,
    });
  });

  it('IPv6 uses version 3 and its own group', () => {
    const instance = instanceOf('', 'fe80::1');
    assert.equal(instance.version, 3);
    assert.equal(instance.family, 6);
    assert.equal(formatIpAddress(instance.multicastGroup), 'ff02::12');
  });
});

describe('advert_int', () => {
  const cases: readonly (readonly [string, number, readonly string[]])[] = [
    ['advert_int 2', 2_000_000, []],
    [
      'advert_int 1.5',
      2_000_000,
      [
        '7:12: warning: V: advert_int is whole seconds in VRRP version 2; 1.5 is taken as 2 (use version 3 for fractions)',
      ],
    ],
    [
      'advert_int 0.3',
      1_000_000,
      [
        '7:12: warning: V: advert_int is whole seconds in VRRP version 2; 0.3 is taken as 1 (use version 3 for fractions)',
      ],
    ],
    ['advert_int 0.3\nversion 3', 300_000, []],
    ['advert_int 0.01\nversion 3', 10_000, []],
    ['advert_int 40.95\nversion 3', 40_950_000, []],
    [
      'advert_int 1.555\nversion 3',
      1_560_000,
      ['7:12: warning: V: advert_int is hundredths of a second; 1.555 is taken as 1.56'],
    ],
    [
      'advert_int 41\nversion 3',
      40_950_000,
      ['7:12: warning: V: advert_int is at most 40.95 s in VRRP version 3; 41 is taken as 40.95'],
    ],
  ];
  for (const [lines, expected, messages] of cases) {
    it(lines.replace('\n', ', '), () => {
      const result = run(wrap(lines));
      assert.deepEqual(result.messages, messages);
      assert.equal(result.model?.instances[0]?.advertInterval, expected);
    });
  }
});

describe('preemption', () => {
  const cases: readonly (readonly [string, boolean, number, readonly string[]])[] = [
    ['nopreempt', false, 0, []],
    ['preempt_delay 300', true, 300_000_000, []],
    ['nopreempt\npreempt', true, 0, []],
    ['preempt\nnopreempt', false, 0, []],
    [
      'state MASTER\npriority 100\nnopreempt',
      true,
      0,
      [
        '9:1: warning: V: nopreempt does not work with state MASTER and is ignored (write state BACKUP on both routers)',
      ],
    ],
    [
      'state MASTER\npriority 100\npreempt_delay 5',
      true,
      0,
      ['9:1: warning: V: preempt_delay does not work with state MASTER and is ignored'],
    ],
    [
      'nopreempt\npreempt_delay 5',
      false,
      0,
      ['8:1: warning: V: preempt_delay does not work with nopreempt and is ignored'],
    ],
    ['priority 255\nnopreempt', true, 0, ['8:1: warning: V: nopreempt does not work with priority 255 and is ignored']],
  ];
  for (const [lines, preempt, delay, messages] of cases) {
    it(lines.replaceAll('\n', ', '), () => {
      const { model, messages: said } = run(wrap(lines));
      assert.deepEqual(said, messages);
      assert.equal(model?.instances[0]?.preempt, preempt);
      assert.equal(model?.instances[0]?.preemptDelay, delay);
    });
  }

  it('state MASTER without priority owns the addresses, as in keepalived', () => {
    const { model, messages } = run(wrap('state MASTER'));
    assert.equal(model?.instances[0]?.priority, 255);
    assert.deepEqual(messages, [
      "7:1: warning: V: state MASTER without priority means 255, owner of the addresses, as in keepalived (add 'priority 100' if that is not meant)",
    ]);
  });
});

describe('authentication', () => {
  const auth = (lines: string, more = '') => run(wrap(`authentication {\n${lines}\n}\n${more}`));
  const password = (text: string) => ({ type: 'pass', password: new TextEncoder().encode(text) });

  it('passwords reach the wire as written', () => {
    for (const text of ['1234', 'fsaf..7&', "it's\\me", 'é']) {
      assert.deepEqual(auth(`auth_type PASS\nauth_pass ${text}`).model?.instances[0]?.auth, password(text));
    }
  });

  it('are cut to eight bytes with a warning', () => {
    const { model, messages } = auth('auth_type PASS\nauth_pass fsaf..7&f');
    assert.deepEqual(model?.instances[0]?.auth, password('fsaf..7&'));
    assert.deepEqual(messages, ['9:11: warning: V: auth_pass is cut to 8 bytes']);
  });

  it('is none in version 3', () => {
    const { model, messages } = auth('auth_type PASS\nauth_pass 1', 'version 3');
    assert.deepEqual(model?.instances[0]?.auth, { type: 'none' });
    assert.deepEqual(messages, [
      '7:1: warning: V: VRRP version 3 has no authentication; none is used (RFC 9568 section 9)',
    ]);
  });

  it('AH has a password too', () => {
    assert.deepEqual(instanceOf('authentication {\nauth_type AH\nauth_pass 1\n}').auth, {
      type: 'ah',
      password: Uint8Array.of(0x31),
    });
  });
});

describe('virtual addresses', () => {
  const one = (line: string): VirtualAddress => {
    const [vip] = instanceOf('', line).vips;
    assert.ok(vip);
    return vip;
  };
  const plain = ({ address, broadcast, peer, position: _, ...rest }: VirtualAddress) => ({
    address: formatIpAddress(address),
    ...(broadcast === undefined
      ? {}
      : { broadcast: typeof broadcast === 'string' ? broadcast : formatIpAddress(broadcast) }),
    ...(peer === undefined ? {} : { peer: `${formatIpAddress(peer.address)}/${peer.prefixLength}` }),
    ...rest,
  });
  const basic = { flags: 0, noTrack: false };
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['10.0.0.1', { address: '10.0.0.1', prefixLength: 32, ...basic }],
    ['10.0.0.1/0', { address: '10.0.0.1', prefixLength: 0, ...basic }],
    ['10.0.0.1/24 brd + dev eth1', { address: '10.0.0.1', prefixLength: 24, broadcast: 'auto', dev: 'eth1', ...basic }],
    ['10.0.0.1/24 brd -', { address: '10.0.0.1', prefixLength: 24, broadcast: '10.0.0.0', ...basic }],
    ['10.0.0.1/24 brd 10.0.0.255', { address: '10.0.0.1', prefixLength: 24, broadcast: '10.0.0.255', ...basic }],
    [
      '10.0.0.1 label eth0:1 scope link',
      { address: '10.0.0.1', prefixLength: 32, label: 'eth0:1', scope: 253, ...basic },
    ],
    ['10.0.0.1 scope 200', { address: '10.0.0.1', prefixLength: 32, scope: 200, ...basic }],
    ['10.0.0.1/24 peer 10.0.0.2', { address: '10.0.0.1', prefixLength: 24, peer: '10.0.0.2/24', ...basic }],
    ['10.0.0.1 peer 10.0.0.2/30', { address: '10.0.0.1', prefixLength: 32, peer: '10.0.0.2/30', ...basic }],
    [
      '10.0.0.1 home -nodad mngtmpaddr noprefixroute autojoin no_track',
      { address: '10.0.0.1', prefixLength: 32, flags: 0x712, noTrack: true },
    ],
    ['2001:db8::1', { address: '2001:db8::1', prefixLength: 128, preferredLifetime: 0, ...basic }],
    ['2001:db8::1/64', { address: '2001:db8::1', prefixLength: 64, ...basic }],
    ['2001:db8::1 preferred_lft forever', { address: '2001:db8::1', prefixLength: 128, ...basic }],
    ['2001:db8::1/64 preferred_lft 12', { address: '2001:db8::1', prefixLength: 64, preferredLifetime: 12, ...basic }],
  ];
  for (const [line, expected] of cases) it(line, () => assert.deepEqual(plain(one(line)), expected));

  const wrong: readonly (readonly [string, string])[] = [
    ['10.0.0.300', "5:1: error: '10.0.0.300' is not an IP address"],
    ['10.0.0.1/33', "5:1: error: the prefix length of '10.0.0.1/33' must be 0..32, not '33'"],
    ['10.0.0.1/', "5:1: error: the prefix length of '10.0.0.1/' must be 0..32, not ''"],
    ['10.0.0.1 brd', "5:10: error: 'brd' needs a value"],
    ['10.0.0.1 scope far', "5:16: error: 'scope' is one of global, site, link, host, nowhere or 0..255, not 'far'"],
    [
      '10.0.0.1 label eth0:123456789012',
      "5:16: error: 'label' takes at most 15 characters, 'eth0:123456789012' is longer",
    ],
    ['10.0.0.1 10.0.0.2', "5:10: error: unknown option '10.0.0.2' of an address (one address per line)"],
    ['10.0.0.1 track_group G', "5:10: error: 'track_group' is for static addresses only"],
    ['2001:db8::1 brd 10.0.0.1', '5:17: error: an IPv6 address has no broadcast address'],
    ['10.0.0.1 peer ::1', "5:15: error: 'peer' must be of the family of 10.0.0.1"],
    [
      '10.0.0.1\nfe80::1',
      '6:1: error: V: fe80::1 is not IPv4 like the first address (put addresses of the other family into virtual_ipaddress_excluded)',
    ],
  ];
  it('native_ipv6 makes the first address of the other family the wrong one', () => {
    assert.deepEqual(
      run(wrap('native_ipv6', '10.0.0.1\nfe80::1')).messages.filter((said) => said.includes('error')),
      [
        '5:1: error: V: 10.0.0.1 is not IPv6 like native_ipv6 says (put addresses of the other family into virtual_ipaddress_excluded)',
      ],
    );
  });
  for (const [line, message] of wrong) {
    it(`refuses ${line.replace('\n', ' and ')}`, () => {
      const { model, messages } = run(wrap('', line));
      assert.equal(model, undefined);
      assert.deepEqual(
        messages.filter((said) => !said.includes('no virtual_ipaddress')),
        [message],
      );
    });
  }

  it('a repeated address stays, since peers count addresses', () => {
    const { model, messages } = run(wrap('', '10.0.0.1\n10.0.0.1 label eth0:1'));
    assert.equal(model?.instances[0]?.vips.length, 2);
    assert.deepEqual(messages, ['6:1: warning: 10.0.0.1 stands here a second time']);
  });

  it('no more than 255 are advertised', () => {
    const lines = Array.from({ length: 257 }, (_, index) => `10.1.${index >> 8}.${index & 255}`).join('\n');
    const instance = modelOf(wrap('', lines)).instances[0];
    assert.equal(instance?.vips.length, 255);
    assert.deepEqual(
      instance?.excludedVips.map(({ address }) => formatIpAddress(address)),
      ['10.1.0.255', '10.1.1.0'],
    );
  });
});

describe('tracked interfaces', () => {
  it('have weights', () => {
    const { trackInterfaces } = instanceOf('track_interface {\neth1\neth2 weight -20\neth3 weight +5 reverse\n}');
    assert.deepEqual(
      trackInterfaces.map(({ position: _, ...rest }) => rest),
      [
        { interface: 'eth1', weight: 0, reverse: false },
        { interface: 'eth2', weight: -20, reverse: false },
        { interface: 'eth3', weight: 5, reverse: true },
      ],
    );
  });

  const cases: readonly (readonly [string, string])[] = [
    [
      'eth0',
      '8:1: warning: V: track_interface eth0 is ignored, since it is the interface of the instance (the own interface is tracked anyway)',
    ],
    ['eth1\neth1 weight 3', "9:1: warning: 'eth1' is tracked twice; the first line counts"],
    ['eth1 weight 254', "8:13: warning: 'weight' 254 is taken as 253"],
    ['eth1 weight 255', "8:13: error: 'weight' must be -253..253, not 255"],
    ['eth1 weight', "8:6: error: 'weight' needs a number"],
    [
      'eth1 wieght 3',
      "8:6: error: unknown option 'wieght' of a tracked interface (eth1 weight <-253..253> [reverse]; one interface per line)",
    ],
  ];
  for (const [lines, message] of cases) {
    it(lines.replace('\n', ', '), () =>
      assert.deepEqual(run(wrap(`track_interface {\n${lines}\n}`)).messages, [message]),
    );
  }
});

describe('scripts and mails', () => {
  it('command lines are split as by a shell; user and group follow', () => {
    const { notify } = instanceOf(
      'notify_master "/x/y.sh a \'b c\' \\"d\\"" root wheel\nnotify_backup /x/y.sh\nnotify_fault "it\'s"\n' +
        'notify_stop /a\\ b\nnotify "/n 1"',
    );
    const plain = (command: { argv: readonly string[]; user?: string; group?: string } | undefined) =>
      command === undefined ? undefined : [command.argv, command.user, command.group];
    assert.deepEqual(plain(notify.master), [['/x/y.sh', 'a', 'b c', 'd'], 'root', 'wheel']);
    assert.deepEqual(plain(notify.backup), [['/x/y.sh'], undefined, undefined]);
    assert.deepEqual(plain(notify.fault), [["it's"], undefined, undefined]);
    assert.deepEqual(plain(notify.stop), [['/a', 'b'], undefined, undefined]);
    assert.deepEqual(plain(notify.any), [['/n', '1'], undefined, undefined]);
    assert.deepEqual(notify.master?.position, { file: '/k.conf', line: 7, column: 15 });
  });

  it('an empty command line is an error', () => {
    assert.deepEqual(run(wrap('notify " "')).messages, ["7:8: error: 'notify' names no script"]);
  });

  it('smtp_alert: own, then smtp_alert_vrrp, then smtp_alert', () => {
    assert.equal(instanceOf('smtp_alert').notify.smtpAlert, true);
    assert.equal(instanceOf('', undefined, 'smtp_alert').notify.smtpAlert, true);
    assert.equal(instanceOf('', undefined, 'smtp_alert\nsmtp_alert_vrrp off').notify.smtpAlert, false);
    assert.equal(instanceOf('smtp_alert off', undefined, 'smtp_alert').notify.smtpAlert, false);
  });

  it('no_email_faults holds for all instances', () => {
    assert.equal(instanceOf('smtp_alert', undefined, 'no_email_faults').notify.noFaultMails, true);
    assert.equal(instanceOf('smtp_alert').notify.noFaultMails, undefined);
  });
});

describe('gratuitous ARP', () => {
  it('takes defaults from global_defs, each on its own', () => {
    const globals =
      'vrrp_garp_master_delay 9\nvrrp_garp_master_repeat 3\nvrrp_garp_master_refresh 60\nvrrp_garp_extra_if all 100';
    assert.deepEqual(instanceOf('garp_master_delay 2', undefined, globals).garp, {
      masterDelay: 2_000_000,
      masterRepeat: 3,
      masterRefresh: 60_000_000,
      masterRefreshRepeat: 1,
      lowerPriorityDelay: 9_000_000,
      lowerPriorityRepeat: 3,
      extraInterval: 100_000_000,
      extraOnAll: true,
    });
  });

  it('garp_extra_if of an instance stands for itself, and 0 turns it off', () => {
    const extra = (line: string) => {
      const { garp } = instanceOf(line, undefined, 'vrrp_garp_extra_if all 100');
      return [garp.extraOnAll, garp.extraInterval];
    };
    assert.deepEqual(extra('garp_extra_if 7'), [false, 7_000_000]);
    assert.deepEqual(extra('garp_extra_if 0'), [false, 0]);
    assert.deepEqual(extra(''), [true, 100_000_000]);
  });

  it('garp_lower_prio_repeat 0 is none', () => {
    const { model, messages } = run(wrap('garp_lower_prio_repeat 0'));
    assert.equal(model?.instances[0]?.garp.lowerPriorityRepeat, 0);
    assert.deepEqual(messages, []);
  });

  it('distances between messages, on each interface or on those of a garp_group together', () => {
    const text = `garp_group {
 garp_interval 0.2
 interfaces {
  eth1
  eth2
 }
}
garp_group {
 gna_interval 0.3
 interface eth2
}
${wrap('')}
global_defs {
vrrp_garp_interval 0.001
vrrp_gna_interval 0.000002
}
`;
    const { model, messages } = run(text);
    assert.deepEqual(model?.pacing, {
      garpInterval: 1000,
      gnaInterval: 2,
      groups: [
        { interfaces: ['eth1', 'eth2'], garpInterval: 200_000, gnaInterval: 0 },
        { interfaces: [], garpInterval: 0, gnaInterval: 300_000 },
      ],
    });
    assert.deepEqual(messages, ['10:2: warning: eth2 is in a garp_group already, which stays']);
  });

  it('vrrp_min_garp means one message and no second set', () => {
    const { garp } = instanceOf('', undefined, 'vrrp_min_garp');
    assert.deepEqual(
      [garp.masterDelay, garp.masterRepeat, garp.lowerPriorityDelay, garp.lowerPriorityRepeat],
      [0, 1, 0, 1],
    );
  });

  it('a set of no messages has one', () => {
    const { model, messages } = run(wrap('garp_master_repeat 0'));
    assert.equal(model?.instances[0]?.garp.masterRepeat, 1);
    assert.deepEqual(messages, ["7:1: warning: 'garp_master_repeat' must be at least 1 and is taken as 1"]);
  });
});

describe('instances together', () => {
  const two = (left: string, right: string) =>
    `vrrp_instance A {\nvirtual_router_id 7\nvirtual_ipaddress {\n10.0.0.1\n}\n${left}\n}\n` +
    `vrrp_instance B {\nvirtual_router_id 7\nvirtual_ipaddress {\n10.0.0.2\n}\n${right}\n}`;

  it('one VRID on one interface is an error', () => {
    assert.deepEqual(run(two('interface eth0', 'interface eth0')).messages, [
      '8:1: error: A and B both use VRID 7 with IPv4 on interface eth0 (give each its own virtual_router_id)',
    ]);
  });

  it('but not on two interfaces, nor with two multicast groups', () => {
    assert.deepEqual(run(two('interface eth0', 'interface eth1')).messages, []);
    assert.deepEqual(run(two('interface eth0', 'interface eth0\nmcast_dst_ip 224.0.0.99')).messages, []);
  });

  it('nor with two families', () => {
    const text = two('interface eth0', 'interface eth0').replace('10.0.0.2', 'fe80::2');
    assert.deepEqual(run(text).messages, []);
  });

  it('a name is used once', () => {
    assert.deepEqual(run(`${wrap('')}\n${wrap('').replace('51', '52')}`).messages, [
      '9:1: error: vrrp_instance V already exists (first on line 1)',
    ]);
  });
});

describe('sync groups', () => {
  const instances = ['V', 'W', 'X']
    .map((name, index) =>
      wrap('')
        .replace('V {', `${name} {`)
        .replace('51', String(index + 1)),
    )
    .join('\n');
  const group = (lines: string, name = 'G') => `\nvrrp_sync_group ${name} {\ngroup {\n${lines}\n}\n}`;
  const said = (text: string) => run(instances + text).messages.map((line) => line.replace(/^\d+:/, ''));

  it('list members in any number of lines', () => {
    assert.deepEqual(modelOf(`${instances}${group('V W\nX')}`).groups[0]?.members, ['V', 'W', 'X']);
  });

  it('an unknown member is an error', () => {
    assert.deepEqual(said(group('V\nW\nY')), ["1: error: vrrp_sync_group G: there is no vrrp_instance 'Y'"]);
  });

  it('a member twice is a warning', () => {
    assert.deepEqual(said(group('V\nW\nV')), ["1: warning: vrrp_sync_group G: 'V' is listed twice"]);
  });

  it('a member of two groups is an error', () => {
    assert.deepEqual(said(group('V\nW') + group('W\nX', 'H')).slice(0, 1), [
      "1: error: 'W' is already in vrrp_sync_group G; it cannot be in H too",
    ]);
  });

  it('one member is a warning, none makes the group go away', () => {
    assert.deepEqual(said(group('V')), [
      '1: warning: vrrp_sync_group G has only one member (a group keeps two or more instances together)',
    ]);
    assert.deepEqual(modelOf(instances + group('')).groups, []);
  });

  it('weights of members do not count', () => {
    const tracked = instances.replace('interface eth0', 'interface eth0\ntrack_interface {\neth1 weight 10\n}');
    const { model, messages } = run(`${tracked}${group('V\nW')}`);
    assert.equal(model?.instances[0]?.trackInterfaces[0]?.weight, 0);
    assert.deepEqual(messages, ['4:1: warning: V: the weight of eth1 is ignored, since V is in vrrp_sync_group G']);
  });
});

describe('global_defs', () => {
  it('give router id, scheduling, delay and groups', () => {
    const { global, instances } = modelOf(
      `global_defs {\nrouter_id R\nvrrp_rt_priority 50\nvrrp_startup_delay 2.5\nvrrp_version 3\nvrrp_mcast_group4 224.0.0.20\n}\n${wrap('')}`,
    );
    assert.deepEqual(global, {
      routerId: 'R',
      scheduling: { realtimePriority: 50 },
      automaticPriority: {},
      startupDelay: 2_500_000,
      delayAfterBoot: 0,
      logUnknownVrids: false,
      mailConfigured: false,
      fifoConfigured: false,
      statesOnReload: false,
      scriptRules: { security: false },
      firewall: { table: 'keepwatch', priority: -1, counters: false, byIndex: false, outbound: true },
      linkbeat: [],
    });
    assert.equal(instances[0]?.version, 3);
    assert.equal(
      formatIpAddress(instances[0]?.multicastGroup ?? { family: 4, bytes: new Uint8Array(4) }),
      '224.0.0.20',
    );
  });

  it('may stand after what uses them, and twice', () => {
    assert.equal(modelOf('global_defs {\nrouter_id A\n}\nglobal_defs {\nrouter_id B\n}').global.routerId, 'B');
  });

  it('without router_id the host name is it', () => {
    assert.equal(modelOf('').global.routerId, 'host.example');
  });
});
