import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { interpretHealthConfig } from '../../../../services/healthcheckerd/config/interpret.js';
import { interpretNotifyConfig } from '../../../../services/notifierd/config/interpret.js';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { loadConfig } from '../../../../services/shared/config/load.js';
import { nodeFileAccess } from '../../../../services/shared/config/nodeFileAccess.js';
import { splitTree } from '../../../../services/shared/config/splitTree.js';
import { formatIpAddress } from '../../../../services/shared/net/address.js';
import { interpretVrrpConfig } from '../../../../services/vrrpd/config/interpret.js';
import { diagnose, ENVIRONMENT } from './support.js';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const loadFile = (file: string, configId = 'box') => loadConfig({ file, access: nodeFileAccess, configId });

function partsOf(name: string) {
  const loaded = loadFile(fixture(name));
  assert.ok(loaded.tree);
  const said = diagnose(loaded).map((diagnostic) => formatDiagnostic(diagnostic).replace(/^.*\//, ''));
  return { parts: splitTree(loaded.tree), said };
}

describe("the guide's HAProxy pair (3.1)", () => {
  for (const [name, priority, preempt] of [
    ['guide-3.1-master.conf', 150, false],
    ['guide-3.1-backup.conf', 100, true],
  ] as const) {
    it(name, () => {
      const { parts, said } = partsOf(name);
      assert.deepEqual(
        said.filter((line) => line.includes('error')),
        [],
      );
      const { model } = interpretVrrpConfig(parts.vrrpd, ENVIRONMENT);
      const [instance] = model?.instances ?? [];
      assert.ok(instance);
      assert.equal(instance.initialState, 'backup');
      assert.equal(instance.priority, priority);
      assert.equal(instance.preempt, preempt);
      assert.equal(instance.interface, 'eth1');
      assert.deepEqual(
        instance.trackInterfaces.map((tracked) => tracked.interface),
        ['eth0'],
      );
      assert.deepEqual(instance.auth, { type: 'pass', password: new TextEncoder().encode('fsaf..7&') });
      assert.deepEqual(
        instance.vips.map((vip) => [formatIpAddress(vip.address), vip.prefixLength, vip.dev, vip.scope]),
        [['192.168.1.1', 24, 'eth1', 0]],
      );
      assert.deepEqual(instance.notify.master?.argv, ['/root/script/notify_mail.sh', 'master']);
      assert.equal(instance.notify.smtpAlert, true);
      assert.deepEqual(model?.groups[0]?.members, ['VI_1']);
      const { mail, routerId } = interpretNotifyConfig(parts.notifierd, ENVIRONMENT).model ?? assert.fail();
      assert.deepEqual([routerId, mail?.host, mail?.recipients], ['haproxy-ha', '127.0.0.1', ['finalbsd@gmail.com']]);
    });
  }
});

describe("the guide's LVS pair (3.2)", () => {
  it('has a pool of two servers', () => {
    const { parts } = partsOf('guide-3.2-lvs.conf');
    const [server] = interpretHealthConfig(parts.healthcheckerd, ENVIRONMENT).model?.virtualServers ?? [];
    assert.ok(server);
    assert.deepEqual([server.scheduler, server.forwarding.method, server.protocol], ['wlc', 'droute', 'tcp']);
    assert.deepEqual(server.persistence, { timeoutSeconds: 1200, prefixLength: 32 });
    assert.equal(server.haSuspend, true);
    assert.deepEqual(
      server.realServers.map((real) => [formatIpAddress(real.address), real.weight, real.checkers.length]),
      [
        ['192.168.1.11', 3, 1],
        ['192.168.1.12', 3, 1],
      ],
    );
  });
});

const SAMPLES = '/usr/share/doc/keepalived/samples';

describe('the samples of Debian', { skip: existsSync(SAMPLES) ? false : 'keepalived is not installed' }, () => {
  const names = existsSync(SAMPLES) ? readdirSync(SAMPLES).filter((name) => name.startsWith('keepalived.conf.')) : [];
  /** keepalived refuses it as well: members of a group without `group`, a spelling of version 0.x. */
  const refused = new Set(['keepalived.conf.vrrp.lvs_syncd']);
  for (const name of names) {
    it(`${name} is ${refused.has(name) ? 'refused, as by keepalived' : 'accepted'}`, () => {
      for (const id of ['box', 'high', 'low']) {
        const said = diagnose(loadFile(`${SAMPLES}/${name}`, id));
        const errors = said.filter(({ severity }) => severity === 'error').map(formatDiagnostic);
        // Without -i high or low the conditional sample has no priority, which is no error.
        assert.equal(errors.length > 0, refused.has(name), errors.join('\n'));
      }
    });
  }
});
