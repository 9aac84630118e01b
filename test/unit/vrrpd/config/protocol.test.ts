import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { formatIpAddress } from '../../../../services/shared/net/address.js';
import { interpretVrrpConfig } from '../../../../services/vrrpd/config/interpret.js';
import type { InstanceConfig } from '../../../../services/vrrpd/config/model.js';
import { ENVIRONMENT, load } from '../../shared/config/support.js';

interface Text {
  readonly lines?: string;
  readonly globals?: string;
  readonly addresses?: string;
  readonly head?: string;
}

const HEAD = 'interface eth0\nvirtual_router_id 51';

function read({ lines = '', globals = '', addresses = '10.0.0.100', head = HEAD }: Text): {
  readonly instance: InstanceConfig | undefined;
  readonly messages: readonly string[];
} {
  const text = `vrrp_instance V {\n${head}\nvirtual_ipaddress {\n${addresses}\n}\n${lines}\n}\nglobal_defs {\n${globals}\n}`;
  const { tree } = load(text);
  assert.ok(tree);
  const { model, diagnostics } = interpretVrrpConfig(tree, ENVIRONMENT);
  const messages = diagnostics.map(formatDiagnostic).map((line) => line.replace(/^\/k\.conf:\d+:\d+: /, ''));
  return { instance: model?.instances[0], messages };
}

function good(text: Text): InstanceConfig {
  const { instance, messages } = read(text);
  assert.deepEqual(messages, []);
  assert.ok(instance);
  return instance;
}

const PEERS = 'unicast_peer {\n10.0.0.2\n10.0.0.3 min_ttl 10 max_ttl 20\n}';

describe('unicast', () => {
  it('has peers with bounds of their TTL, which turn check_unicast_src on', () => {
    const { unicast } = good({ lines: PEERS });
    assert.deepEqual(
      unicast?.peers.map(({ address, ...bounds }) => ({ address: formatIpAddress(address), ...bounds })),
      [
        { address: '10.0.0.2', minTtl: 0, maxTtl: 255 },
        { address: '10.0.0.3', minTtl: 10, maxTtl: 20 },
      ],
    );
    assert.deepEqual([unicast?.ttl, unicast?.onlyPeers, unicast?.oldChecksum], [255, true, 'auto']);
  });

  it('hears everybody otherwise', () => {
    const lines = 'unicast_peer {\n10.0.0.2\n}';
    assert.equal(good({ lines }).unicast?.onlyPeers, false);
    assert.equal(good({ lines: `${lines}\ncheck_unicast_src` }).unicast?.onlyPeers, true);
    assert.equal(good({ lines, globals: 'vrrp_check_unicast_src' }).unicast?.onlyPeers, true);
  });

  it('leaves IPv6 with hop limit 64, as keepalived does, or what is configured', () => {
    const six = { addresses: 'fe80::100', lines: 'unicast_peer {\nfd00::2\n}' };
    assert.equal(good(six).unicast?.ttl, 64);
    assert.equal(good({ ...six, lines: `${six.lines}\nunicast_ttl 255` }).unicast?.ttl, 255);
  });

  it('knows the checksum of old', () => {
    assert.equal(good({ lines: `${PEERS}\nold_unicast_checksum` }).unicast?.oldChecksum, 'always');
    assert.equal(good({ lines: `${PEERS}\nold_unicast_checksum never` }).unicast?.oldChecksum, 'never');
  });

  it('without peers is multicast, or FAULT where that is asked for', () => {
    const without = read({ lines: 'unicast_ttl 5' });
    assert.equal(without.instance?.unicast, undefined);
    assert.match(without.messages[0] ?? '', /unicast keywords without a peer leave the instance multicast/);
    const fault = read({ lines: 'unicast_fault_no_peer' });
    assert.deepEqual(fault.instance?.unicast?.peers, []);
    assert.match(fault.messages[0] ?? '', /no unicast peers, so the instance stays in FAULT/);
  });

  it('needs no interface, but then a source address', () => {
    const head = 'virtual_router_id 51';
    const instance = good({
      head,
      lines: `${PEERS}\nunicast_src_ip 10.0.0.1\nvrf blue`,
      globals: 'default_interface lan0',
    });
    assert.deepEqual([instance.interface, instance.vrf, instance.vips[0]?.dev], ['', 'blue', 'lan0']);
    assert.match(read({ head, lines: PEERS }).messages.join(), /nothing says which address to send from/);
    assert.match(read({ head }).messages.join(), /has no valid interface/);
    assert.match(read({ lines: 'vrf blue' }).messages.join(), /vrf is for unicast instances without interface/);
  });

  it('lets two instances share a VRID when they share no peer', () => {
    const two = (peer: string) => {
      const one = (name: string, to: string) =>
        `vrrp_instance ${name} {\n${HEAD}\nvirtual_ipaddress {\n10.0.0.100\n}\nunicast_peer {\n${to}\n}\n}`;
      const { tree } = load(`${one('A', '10.0.0.2')}\n${one('B', peer)}`);
      assert.ok(tree);
      return interpretVrrpConfig(tree, ENVIRONMENT).diagnostics.map(({ code }) => code);
    };
    assert.deepEqual(two('10.0.0.3'), []);
    assert.deepEqual(two('10.0.0.2'), ['duplicate-vrid']);
  });

  for (const [peer, message] of [
    ['10.0.0.300', /is not an IP address/],
    ['fd00::2', /is not IPv4 like the virtual addresses/],
    ['224.0.0.18', /is a multicast address/],
    ['10.0.0.2 min_ttl 9 max_ttl 8', /min_ttl 9 is above max_ttl 8/],
    ['10.0.0.2 min_ttl 256', /min_ttl/],
  ] as const) {
    it(`refuses the peer ${peer}`, () => {
      const { instance, messages } = read({ lines: `unicast_peer {\n${peer}\n}` });
      assert.equal(instance, undefined);
      assert.match(messages[0] ?? '', message);
    });
  }
});

describe('what moves the election', () => {
  it('is as the RFCs have it, but for the answer to a lower priority', () => {
    assert.deepEqual(good({}).election, { downTimerAdverts: 3, answerLowerPriority: true, lastWord: true });
  });

  it('comes from global_defs unless the instance says otherwise', () => {
    const globals = 'vrrp_down_timer_adverts 5\nvrrp_lower_prio_no_advert\nvrrp_higher_prio_send_advert off';
    const expected = { downTimerAdverts: 5, answerLowerPriority: false, lastWord: false };
    assert.deepEqual(good({ globals }).election, expected);
    const lines = 'down_timer_adverts 2\nlower_prio_no_advert off\nhigher_prio_send_advert';
    assert.deepEqual(good({ globals, lines }).election, {
      downTimerAdverts: 2,
      answerLowerPriority: true,
      lastWord: true,
    });
  });

  it('knows timer_expired_backup under both names, with nopreempt only', () => {
    assert.equal(good({ lines: 'nopreempt\ntimer_expired_backup' }).election.rivalPriority, 254);
    assert.equal(good({ lines: 'nopreempt\nthread_timer_expired 120' }).election.rivalPriority, 120);
    const preempting = read({ lines: 'timer_expired_backup 120' });
    assert.equal(preempting.instance?.election.rivalPriority, undefined);
    assert.match(preempting.messages[0] ?? '', /is about instances with nopreempt and is ignored/);
  });

  it('leaves checks and checksums to be chosen', () => {
    const globals = 'vrrp_skip_check_adv_addr\nv3_checksum_as_v2';
    const chosen = good({ globals });
    assert.deepEqual([chosen.skipAddressCheck, chosen.checksumV3], [true, 'message']);
    const back = good({ globals, lines: 'skip_check_adv_addr off\nv3_checksum_as_v2 off' });
    assert.deepEqual([back.skipAddressCheck, back.checksumV3], [false, 'pseudo-header']);
  });

  it('sizes receive buffers', () => {
    assert.equal(good({}).receiveBuffer, undefined);
    assert.deepEqual(good({ globals: 'vrrp_rx_bufs_policy MTU' }).receiveBuffer, { per: 'mtu', multiplier: 3 });
    assert.deepEqual(good({ globals: 'vrrp_rx_bufs_policy ADVERT\nvrrp_rx_bufs_multiplier 9' }).receiveBuffer, {
      per: 'advertisement',
      multiplier: 9,
    });
    assert.deepEqual(good({ globals: 'vrrp_rx_bufs_policy 65536' }).receiveBuffer, { per: 'bytes', bytes: 65_536 });
    assert.deepEqual(good({ lines: 'kernel_rx_buf_size 4096', globals: 'vrrp_rx_bufs_policy MTU' }).receiveBuffer, {
      per: 'bytes',
      bytes: 4096,
    });
  });

  it('may have no addresses, when that is meant', () => {
    assert.match(read({ addresses: '' }).messages.join(), /has no virtual_ipaddress/);
    good({ addresses: '', lines: 'no_virtual_ipaddress' });
  });

  it('tracks its source address only if it has one', () => {
    assert.equal(good({ lines: 'track_src_ip\nmcast_src_ip 10.0.0.1' }).trackSource, true);
    const without = read({ lines: 'track_src_ip' });
    assert.equal(without.instance?.trackSource, false);
    assert.match(without.messages[0] ?? '', /tracks nothing and is ignored/);
  });
});

const HMAC = (inside: string): string => `auth_hmac {\n${inside}\n}`;
const KEY = '0123456789abcdef0123456789abcdef';

describe('auth_hmac', () => {
  it('has keys, one of which signs', () => {
    const hmac = good({
      lines: HMAC(`key 1 hex:${'0a'.repeat(32)}\nkey 2 ${KEY}\nkey 3 file:/etc/keys/v\nactive_key 2`),
    }).hmac;
    assert.deepEqual(
      hmac?.keys.map(({ id, secret }) => [id, secret]),
      [
        [1, { bytes: new Uint8Array(32).fill(10) }],
        [2, { bytes: new TextEncoder().encode(KEY) }],
        [3, { file: '/etc/keys/v' }],
      ],
    );
    assert.deepEqual([hmac?.activeKey, hmac?.windowSeconds, hmac?.mode], [2, 5, 'enforce']);
  });

  it('takes three intervals as window where that is more than 5 s', () => {
    assert.equal(good({ lines: `advert_int 10\n${HMAC(`key 1 ${KEY}`)}` }).hmac?.windowSeconds, 30);
    assert.equal(good({ lines: HMAC(`key 1 ${KEY}\ntime_window 2`) }).hmac?.windowSeconds, 2);
    assert.equal(good({ lines: HMAC(`key 1 ${KEY}\nanti_replay monotonic`) }).hmac?.windowSeconds, undefined);
  });

  it('has modes', () => {
    for (const mode of ['enforce', 'permissive', 'receive-only'] as const) {
      assert.equal(good({ lines: HMAC(`key 1 ${KEY}\nmode ${mode}`) }).hmac?.mode, mode);
    }
  });

  for (const [title, inside, message] of [
    ['no key', 'mode enforce', /has no valid key/],
    ['a short key', 'key 1 secret', /has 6 bytes; 32 to 64 are needed/],
    ['half a digit', `key 1 hex:${'a'.repeat(65)}`, /pairs of hexadecimal digits/],
    ['a key twice', `key 1 ${KEY}\nkey 1 ${KEY}`, /has key 1 twice/],
    ['an active key that is not there', `key 1 ${KEY}\nactive_key 2`, /has no key 2, which active_key names/],
    ['a relative file', 'key 1 file:keys/v', /needs the whole path/],
    ['key 0', `key 0 ${KEY}`, /'key'/],
  ] as const) {
    it(`refuses ${title}, and shows no key`, () => {
      const { instance, messages } = read({ lines: HMAC(inside) });
      assert.equal(instance, undefined);
      assert.match(messages.join('\n'), message);
      assert.ok(!messages.join('\n').includes(KEY) && !messages.join('\n').includes('secret'));
    });
  }

  it('and authentication exclude each other', () => {
    const lines = `authentication {\nauth_type PASS\nauth_pass 1\n}\n${HMAC(`key 1 ${KEY}`)}`;
    assert.match(read({ lines }).messages.join(), /exclude each other/);
  });
});

describe('strict mode', () => {
  const strict = (text: Text) => read({ ...text, globals: `vrrp_strict\n${text.globals ?? ''}` });

  it('changes nothing but the answer to a lower priority where all is as the RFCs have it', () => {
    const { instance, messages } = strict({});
    assert.deepEqual(messages, []);
    assert.deepEqual(instance?.election, { downTimerAdverts: 3, answerLowerPriority: false, lastWord: false });
    assert.equal(instance?.strict, true);
    assert.equal(read({ globals: 'vrrp_strict', lines: 'strict_mode off' }).instance?.strict, false);
  });

  it('takes back what the RFCs do not have, and says so', () => {
    const { instance, messages } = strict({
      lines:
        'state MASTER\npriority 100\nauthentication {\nauth_type PASS\nauth_pass 1\n}\ndown_timer_adverts 4\nlower_prio_no_advert off\nhigher_prio_send_advert',
    });
    assert.deepEqual(messages, [
      'warning: V: state MASTER is for priority 255 and for nothing else',
      'warning: V: strict mode has no authentication; none is used (RFC 3768 5.3.6)',
      'warning: V: down_timer_adverts is 3 in strict mode',
      'warning: V: strict mode does not answer advertisements of lower priority',
      'warning: V: strict mode does not advertise before it yields',
    ]);
    assert.deepEqual(instance?.auth, { type: 'none' });
    assert.equal(instance?.initialState, 'backup');
    assert.equal(instance?.election.downTimerAdverts, 3);
  });

  it('resets preempt_delay', () => {
    const { instance, messages } = strict({ lines: 'preempt_delay 5' });
    assert.equal(instance?.preemptDelay, 0);
    assert.deepEqual(messages, ['warning: V: strict mode has no preempt_delay']);
  });

  it('wants a link-local first address of IPv6', () => {
    assert.deepEqual(strict({ addresses: 'fe80::1\n2001:db8::1' }).messages, []);
    assert.match(strict({ addresses: '2001:db8::1' }).messages[0] ?? '', /link-local first address/);
  });

  it('keeps unicast, since dropping it would make two masters, and says that the RFCs have none', () => {
    const { instance, messages } = strict({ lines: PEERS });
    assert.equal(instance?.unicast?.peers.length, 2);
    assert.match(messages[0] ?? '', /the RFCs have no unicast/);
  });

  it('does not do without addresses, nor with signatures', () => {
    assert.match(strict({ addresses: '' }).messages.join(), /strict mode needs a virtual address/);
    assert.match(strict({ lines: HMAC(`key 1 ${KEY}`) }).messages.join(), /auth_hmac and strict mode exclude/);
  });
});
