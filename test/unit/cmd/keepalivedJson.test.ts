import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepalivedJson } from '../../../cmd/keepwatchctl/keepalivedJson.js';
import { SuiteStatus } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';

const address = (text: string, present: boolean, excluded = false) => ({
  ...{ address: text, interface: 'kw0', present, excluded },
});

test('the dump for exporters has the shape and the numbers of keepalived 2.2.7', () => {
  const status = SuiteStatus.fromPartial({
    vrrp: {
      instances: [
        {
          name: 'VI_1',
          interface: 'kw0',
          vrid: 51,
          version: 2,
          state: VrrpStateName.VRRP_STATE_NAME_MASTER,
          wantedState: VrrpStateName.VRRP_STATE_NAME_BACKUP,
          basePriority: 100,
          effectivePriority: 105,
          advertIntervalMs: 500,
          preempt: true,
          addresses: [
            address('192.0.2.1/24', true),
            address('192.0.2.2/32', true),
            address('2001:db8::1/128', false, true),
          ],
          lastTransition: { at: new Date(1_795_638_130_411) },
          advertsSent: 3n,
          becameMaster: 1n,
          drops: [{ reason: 'auth-data', count: 7n }],
        },
        { name: 'SILENT', state: VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED },
      ],
    },
  });
  assert.deepEqual(keepalivedJson(status), [
    {
      data: {
        iname: 'VI_1',
        ifp_ifname: 'kw0',
        master_priority: 0,
        last_transition: 1795638130.411,
        vrid: 51,
        base_priority: 100,
        effective_priority: 105,
        vipset: true,
        adver_int: 0.5,
        master_adver_int: 0.5,
        nopreempt: false,
        state: 2,
        wantstate: 1,
        version: 2,
        vips: ['192.0.2.1/24 dev kw0 set', '192.0.2.2 dev kw0 set'],
        evips: ['2001:db8::1 dev kw0'],
      },
      stats: {
        advert_rcvd: 0,
        advert_sent: 3,
        become_master: 1,
        release_master: 0,
        packet_len_err: 0,
        advert_interval_err: 0,
        ip_ttl_err: 0,
        invalid_type_rcvd: 0,
        addr_list_err: 0,
        invalid_authtype: 0,
        authtype_mismatch: 0,
        auth_failure: 7,
        pri_zero_rcvd: 0,
        pri_zero_sent: 0,
      },
    },
  ]);
});
