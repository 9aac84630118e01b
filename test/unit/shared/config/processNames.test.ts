import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGlobals } from '../../../../services/shared/config/globals.js';
import { readProcessName, readScheduling } from '../../../../services/shared/config/scheduling.js';
import { treeOf } from './support.js';

const globals = (...lines: readonly string[]) => readGlobals(treeOf(`global_defs {\n${lines.join('\n')}\n}\n`));

test('names of processes: keepalived’s, or one by one, which counts more', () => {
  const none = globals('router_id a');
  assert.equal(readProcessName(none, 'main'), undefined);
  assert.deepEqual(readScheduling(none, 'vrrp'), {});
  const all = globals('process_names', 'checker_process_name checks', 'vrrp_priority -5');
  assert.equal(readProcessName(all, 'main'), 'keepalived');
  assert.deepEqual(readScheduling(all, 'vrrp'), { nice: -5, name: 'keepalived_vrrp' });
  assert.deepEqual(readScheduling(all, 'checker'), { name: 'checks' });
  assert.deepEqual(readScheduling(globals('process_name me', 'bfd_process_name mine'), 'bfd'), { name: 'mine' });
});
