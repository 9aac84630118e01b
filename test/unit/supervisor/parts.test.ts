import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SERVICE_NAMES } from '../../../services/shared/rpc/service.js';
import { configParts, hasWork } from '../../../services/supervisor/parts.js';
import { treeOf } from '../shared/config/support.js';

const INSTANCE = 'vrrp_instance VI {\n  interface eth0\n}\n';
const SERVERS = ['ipvsd', 'healthcheckerd'];

const CASES: ReadonlyArray<readonly [what: string, config: string, more: readonly string[]]> = [
  ['nothing', '', []],
  ['an instance', INSTANCE, []],
  ['a script and a file that are tracked', `${INSTANCE}vrrp_script s {\n}\nvrrp_track_file f {\n}\n`, []],
  ['a virtual server', `${INSTANCE}virtual_server 10.0.0.1 80 {\n}\n`, SERVERS],
  ['a group of addresses that no virtual server uses', 'virtual_server_group g {\n  10.0.0.1 80\n}\n', []],
  [
    'an instance that the synchronisation daemon follows',
    `vrrp_instance VI {\n  lvs_sync_daemon_interface eth1\n}\n`,
    ['ipvsd'],
  ],
  ['the synchronisation daemon', 'global_defs {\n  lvs_sync_daemon eth1 VI\n}\n', ['ipvsd']],
  ['time-outs of connections', 'global_defs {\n  lvs_timeouts tcp 900\n}\n', ['ipvsd']],
  ['other global settings', 'global_defs {\n  router_id here\n}\n', []],
  ['a session', 'bfd_instance b {\n  neighbor_ip 192.0.2.9\n}\n', ['bfdd']],
];

for (const [what, config, more] of CASES)
  it(`${what} is work for ${['notifierd', 'vrrpd', ...more].join(', ')}`, () => {
    const parts = configParts(treeOf(config));
    const running = SERVICE_NAMES.filter((name) => hasWork(parts, name));
    assert.deepEqual([...running].sort(), ['notifierd', 'vrrpd', ...more].sort());
  });
