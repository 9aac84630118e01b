import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interpretIpvsConfig } from '../../../../services/ipvsd/config/interpret.js';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { splitTree } from '../../../../services/shared/config/splitTree.js';
import { formatIpAddress } from '../../../../services/shared/net/address.js';
import { ENVIRONMENT, load } from '../../shared/config/support.js';

const run = (lines: string) => {
  const { tree } = load(`global_defs {\n${lines}\n}`);
  assert.ok(tree);
  const { model, diagnostics } = interpretIpvsConfig(tree, ENVIRONMENT);
  return { model, messages: diagnostics.map(formatDiagnostic) };
};

describe('ipvsd', () => {
  it('leaves everything as it is by default', () => {
    assert.deepEqual(run('').model, { flushOnStart: false, flushOnStop: 'none', timeouts: {} });
  });

  it('reads flushing and timeouts', () => {
    assert.deepEqual(run('lvs_flush\nlvs_flush_on_stop\nlvs_timeouts tcp 5 udp 7').model, {
      flushOnStart: true,
      flushOnStop: 'all',
      timeouts: { tcp: 5, udp: 7 },
    });
    assert.equal(run('lvs_flush_on_stop VS').model?.flushOnStop, 'services');
  });

  it('reads the sync daemon, the instance with or without inst', () => {
    const { model } = run('lvs_sync_daemon eth1 VI_1 id 3 maxlen 1400 port 9000 ttl 2 group 224.0.0.90');
    const { group, ...rest } = model?.syncDaemon ?? assert.fail();
    assert.equal(group && formatIpAddress(group), '224.0.0.90');
    assert.deepEqual(rest, {
      interface: 'eth1',
      instance: 'VI_1',
      syncId: 3,
      maxLength: 1400,
      port: 9000,
      ttl: 2,
      position: { file: '/k.conf', line: 2, column: 17 },
    });
    assert.equal(run('lvs_sync_daemon eth1 inst VI_2').model?.syncDaemon?.instance, 'VI_2');
    assert.equal(run('lvs_sync_daemon eth1 id 3').model?.syncDaemon?.instance, undefined);
  });

  it('follows the first instance with lvs_sync_daemon_interface, and is given no other line of it', () => {
    const { tree } = load(
      `vrrp_instance VI_0 {
        state MASTER
      }
      vrrp_instance VI_1 {
        authentication {
          auth_type PASS
          auth_pass secret
        }
        lvs_sync_daemon_interface eth1
      }`,
    );
    assert.ok(tree);
    const part = splitTree(tree).ipvsd;
    assert.doesNotMatch(JSON.stringify(part), /secret/);
    const daemon = { interface: 'eth1', instance: 'VI_1', position: { file: '/k.conf', line: 9, column: 35 } };
    assert.deepEqual(interpretIpvsConfig(part, ENVIRONMENT).model?.syncDaemon, daemon);
    assert.equal(
      run('lvs_sync_daemon eth2 V\n}\nvrrp_instance VI_1 {\nlvs_sync_daemon_interface eth1').model?.syncDaemon
        ?.interface,
      'eth2',
    );
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['lvs_flush_on_stop RS', "/k.conf:2:19: error: 'lvs_flush_on_stop' is followed by VS or nothing, not 'RS'"],
    ['lvs_timeouts tcp', "/k.conf:2:14: error: 'lvs_timeouts' tcp must be 1..2147483 seconds"],
    ['lvs_timeouts icmp 3', "/k.conf:2:14: error: 'lvs_timeouts' knows tcp, tcpfin and udp, not 'icmp'"],
    ['lvs_sync_daemon eth0 V id 256', "/k.conf:2:27: error: 'id' of lvs_sync_daemon must be 0..255, not '256'"],
    ['lvs_sync_daemon eth0 V W', "/k.conf:2:24: error: unknown option 'W' of lvs_sync_daemon"],
    [
      'lvs_sync_daemon eth0 group 10.0.0.1',
      "/k.conf:2:28: error: 'group' of lvs_sync_daemon needs a multicast address, not '10.0.0.1'",
    ],
  ];
  for (const [lines, message] of wrong) {
    it(`refuses ${lines}`, () => {
      const { model, messages } = run(lines);
      assert.equal(model, undefined);
      assert.deepEqual(messages, [message]);
    });
  }
});
