import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildLaunch } from '../../../../services/shared/script/launch.js';
import { ownRights } from '../../../../services/shared/script/ownRights.js';

const identity = { user: 'alice', uid: 1000, gid: 1000, home: '/home/alice' };
const base = { identity, gated: false, dieWithParent: false, setpriv: '/usr/bin/setpriv' };

describe('buildLaunch', () => {
  it('starts a script of our own user by the shell alone', () => {
    const launch = buildLaunch(['/bin/x', 'a b'], { ...base, self: { uid: 1000, gid: 1000, ambient: false } });
    assert.equal(launch.file, '/bin/sh');
    assert.deepEqual(launch.args.slice(-2), ['/bin/x', 'a b']);
  });

  it('gives a script none of the ambient capabilities that a daemon without root has, whoever it runs as', () => {
    for (const uid of [1000, 790]) {
      const { file, args } = buildLaunch(['/bin/x'], { ...base, self: { uid, gid: uid, ambient: true } });
      assert.equal(file, '/usr/bin/setpriv');
      assert.ok(args.includes('--inh-caps=-all') && args.includes('--ambient-caps=-all'));
      assert.equal(args.includes('--reuid=1000'), uid !== 1000);
    }
  });

  it('leaves the capabilities of root to scripts, as keepalived does', () => {
    const { args } = buildLaunch(['/bin/x'], { ...base, self: { uid: 0, gid: 0, ambient: false } });
    assert.ok(args.includes('--reuid=1000') && !args.includes('--ambient-caps=-all'));
  });
});

describe('ownRights', () => {
  const status = (effective: string, ambient: string) => `Name:\tnode\nCapEff:\t${effective}\nCapAmb:\t${ambient}\n`;

  it('changes users as root, or with both capabilities that it takes', () => {
    assert.ok(ownRights(0, 0, status('0000000000000000', '0000000000000000')).changesUser);
    assert.ok(ownRights(790, 790, status('00000000000000c0', '00000000000000c0')).changesUser);
    assert.ok(!ownRights(790, 790, status('0000000000000080', '0000000000000080')).changesUser);
  });

  it('knows whether it would hand capabilities on', () => {
    assert.ok(ownRights(790, 790, status('0000000000001000', '0000000000001000')).ambient);
    assert.ok(!ownRights(790, 790, status('0000000000001000', '0000000000000000')).ambient);
  });
});
