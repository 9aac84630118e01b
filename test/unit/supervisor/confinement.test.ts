import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { findSetpriv } from '../../../services/shared/script/launch.js';
import { confinedCommand, situationOf } from '../../../services/supervisor/confinement.js';

const command = { file: '/usr/bin/node', args: ['main.js'], cwd: '/' };
const root = { uid: 0, effective: 0x1ffn, setpriv: '/usr/bin/setpriv', ipvsLoaded: true, foreign: [] };

describe('a service that starts no scripts', () => {
  it('is started with its capabilities alone', () => {
    assert.deepEqual(confinedCommand('ipvsd', command, root), {
      file: '/usr/bin/setpriv',
      args: [
        '--no-new-privs',
        '--inh-caps=-all,+net_admin',
        '--bounding-set=-all,+net_admin',
        '--',
        '/usr/bin/node',
        'main.js',
      ],
      cwd: '/',
    });
  });

  it('keeps no more than it needs for its pace, as bfdd', () => {
    const { args } = confinedCommand('bfdd', command, root);
    assert.deepEqual(args.slice(1, 3), ['--inh-caps=-all,+sys_nice', '--bounding-set=-all,+sys_nice']);
  });

  it('may load the module of IPVS while that is not there', () => {
    const { args } = confinedCommand('ipvsd', command, { ...root, ipvsLoaded: false });
    assert.equal(args[2], '--bounding-set=-all,+net_admin,+sys_module');
  });

  it('is started as it is where it cannot be confined, and so are those that start scripts', () => {
    const situations = [
      { ...root, uid: 1000 },
      { ...root, effective: 0xffn },
      { ...root, setpriv: undefined },
      { ...root, foreign: ['/var/log/x'] },
    ];
    for (const situation of situations) assert.deepEqual(confinedCommand('ipvsd', command, situation), command);
    for (const name of ['vrrpd', 'healthcheckerd', 'notifierd'] as const)
      assert.deepEqual(confinedCommand(name, command, root), command);
  });

  const situation = { ...situationOf(['/']), ipvsLoaded: true };
  const able = findSetpriv() !== undefined && situation.uid === 0;
  it('really has no more', { skip: able ? false : 'needs root and setpriv' }, () => {
    const { file, args } = confinedCommand(
      'ipvsd',
      { file: '/bin/cat', args: ['/proc/self/status'], cwd: '/' },
      situation,
    );
    const status = execFileSync(file, [...args], { encoding: 'utf8' });
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${set}:\\t0+1000$`, 'm'));
    assert.match(status, /^NoNewPrivs:\t1$/m);
  });
});
