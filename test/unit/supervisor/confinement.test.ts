import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { findSetpriv } from '../../../services/shared/script/launch.js';
import { confinedCommand, situationOf, unconfinable } from '../../../services/supervisor/confinement.js';
import { parseProcessRights, rightsText } from '../../../services/supervisor/processRights.js';

const command = { file: '/usr/bin/node', args: ['main.js'], cwd: '/' };
const root = { uid: 0, effective: 0x1ffn, setpriv: '/usr/bin/setpriv', ipvsLoaded: true, foreign: [] };

describe('confinement', () => {
  it('starts a service with its rights alone', () => {
    assert.deepEqual(confinedCommand(['net_admin', 'net_raw'], command, root), {
      file: '/usr/bin/setpriv',
      args: [
        '--no-new-privs',
        '--inh-caps=-all,+net_admin,+net_raw',
        '--bounding-set=-all,+net_admin,+net_raw',
        '--',
        '/usr/bin/node',
        'main.js',
      ],
      cwd: '/',
    });
  });

  it('leaves those alone that start scripts as anybody', () => {
    assert.deepEqual(confinedCommand('everything', command, root), command);
  });

  it('is not possible everywhere, and says why and what to do', () => {
    const situations = [
      [{ ...root, uid: 1000 }, /runs as uid 1000/],
      [{ ...root, effective: 0xffn }, /lacks CAP_SETPCAP: allow it/],
      [{ ...root, setpriv: undefined }, /setpriv\(1\) is missing: install util-linux/],
      [{ ...root, foreign: ['/var/log/x'] }, /\/var\/log\/x belongs to another user: chown root/],
    ] as const;
    for (const [situation, reason] of situations) {
      assert.match(unconfinable(situation) ?? '', reason);
      assert.deepEqual(confinedCommand(['net_admin'], command, situation), command);
    }
    assert.equal(unconfinable(root), undefined);
  });

  const situation = { ...situationOf(['/']), ipvsLoaded: true };
  const able = findSetpriv() !== undefined && situation.uid === 0;
  it('really leaves no more', { skip: able ? false : 'needs root and setpriv' }, () => {
    const cat = { file: '/bin/cat', args: ['/proc/self/status'], cwd: '/' };
    for (const [rights, bits] of [
      [['net_admin'], 0x1000n],
      [['net_admin', 'net_raw', 'sys_nice'], 0x803000n],
      [[], 0n],
    ] as const) {
      const { file, args } = confinedCommand(rights, cat, situation);
      const status = execFileSync(file, [...args], { encoding: 'utf8' });
      const { permitted, bounding, noNewPrivileges } = parseProcessRights(status) ?? assert.fail('a status');
      assert.deepEqual([permitted, bounding, noNewPrivileges], [bits, bits, true]);
      assert.match(status, new RegExp(`^CapEff:\\t0*${bits.toString(16)}$`, 'm'));
    }
  });
});

describe('the rights of a process', () => {
  it('are told as the kernel tells them', () => {
    const status =
      'Name:\tnode\nUid:\t5\t6\t7\t8\nCapPrm:\t0000000000803000\nCapBnd:\t0000000000803000\nNoNewPrivs:\t1\n';
    const rights = parseProcessRights(status) ?? assert.fail('rights');
    assert.deepEqual(rights, { uid: 6, permitted: 0x803000n, bounding: 0x803000n, noNewPrivileges: true });
    assert.equal(rightsText(rights), 'net_admin net_raw sys_nice');
    assert.equal(rightsText({ ...rights, permitted: 0n }), 'none');
    assert.equal(rightsText({ ...rights, permitted: 0x1ffffffffffn }), 'all');
    assert.equal(parseProcessRights('no status'), undefined);
  });
});
