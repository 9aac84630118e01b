import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../services/shared/config/load.js';
import { type ConfigParts, configParts } from '../../../services/supervisor/parts.js';
import { capabilityNames, rightsOf, suffices } from '../../../services/supervisor/rights.js';
import { memoryFiles } from '../shared/config/support.js';

function parts(text: string): ConfigParts {
  const { tree } = loadConfig({ file: 'a.conf', access: memoryFiles({ 'a.conf': text }), configId: '' });
  return configParts(tree ?? assert.fail('a tree'));
}
const checked = (check: string) => parts(`virtual_server 192.0.2.1 80 {\n real_server 10.0.0.1 80 {\n ${check} } }\n`);
const TCP = checked('TCP_CHECK {\n connect_timeout 3\n }\n');
const of = (...configurations: ConfigParts[]) => rightsOf('healthcheckerd', configurations, true);

describe('the rights of a service', () => {
  it('are those of the architecture', () => {
    assert.deepEqual(rightsOf('vrrpd', [TCP], true), ['net_admin', 'net_raw', 'sys_nice']);
    assert.deepEqual(rightsOf('bfdd', [TCP], true), ['sys_nice']);
    assert.deepEqual(rightsOf('ipvsd', [TCP], true), ['net_admin']);
    assert.equal(rightsOf('notifierd', [TCP], true), 'everything');
  });

  it('of ipvsd are more until the kernel has IPVS', () => {
    assert.deepEqual(rightsOf('ipvsd', [TCP], false), ['net_admin', 'sys_module']);
  });

  it('of healthcheckerd follow from what it checks', () => {
    assert.deepEqual(of(), []);
    assert.deepEqual(of(TCP), []);
    assert.deepEqual(of(checked('PING_CHECK {\n }\n')), ['net_raw']);
    assert.deepEqual(of(checked('TCP_CHECK {\n fwmark 3\n bind_port 80\n }\n')), ['net_admin', 'net_bind_service']);
    assert.deepEqual(of(parts('global_defs {\n checker_rt_priority 5\n }\n')), ['sys_nice']);
    assert.equal(of(checked('MISC_CHECK {\n misc_path /bin/true\n }\n')), 'everything');
  });

  it('are not more for firewall marks that are balanced', () => {
    assert.deepEqual(of(parts('virtual_server_group g {\n fwmark 3\n }\n')), []);
    assert.deepEqual(of(parts('virtual_server fwmark 3 {\n }\n')), []);
  });

  it('during a reload are those of both configurations', () => {
    assert.deepEqual(of(TCP, checked('PING_CHECK {\n }\n')), ['net_raw']);
  });
});

describe('capabilities', () => {
  it('suffice when each that is needed is there', () => {
    assert.equal(suffices(0x3000n, ['net_admin', 'net_raw']), true);
    assert.equal(suffices(0x1000n, ['net_admin', 'net_raw']), false);
    assert.equal(suffices(0n, []), true);
    assert.equal(suffices(0x1ffffffffffn, 'everything'), true);
    assert.equal(suffices(0x803000n, 'everything'), false);
  });

  it('have names', () => {
    assert.deepEqual(capabilityNames(0x803000n), ['net_admin', 'net_raw', 'sys_nice']);
    assert.deepEqual(capabilityNames(1n), ['0']);
    assert.deepEqual(capabilityNames(0n), []);
  });
});
