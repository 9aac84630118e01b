import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Situation } from '../../../services/supervisor/confinement.js';
import { type LaunchRequest, launchPlan } from '../../../services/supervisor/launchPlan.js';

const ordinary: Situation = { uid: 1000, effective: 0n, setpriv: undefined, ipvsLoaded: true, foreign: [] };
const root: Situation = { ...ordinary, uid: 0, effective: 0x1ffn, setpriv: '/usr/bin/setpriv' };
const request: LaunchRequest = {
  rights: ['net_admin'],
  node: { file: '/usr/bin/node', flags: [] },
  main: '/opt/keepwatch/ipvsd/main.js',
  runDir: '/run/kw',
  stateDir: '/var/lib/kw',
  log: ['-l'],
  more: [],
  startedIn: '/home/op',
  situation: ordinary,
};

describe('the command line of a service', () => {
  it('names its program and its places, and keeps no directory busy', () => {
    assert.deepEqual(launchPlan({ ...request, more: ['--standby'] }), {
      file: '/usr/bin/node',
      args: ['/opt/keepwatch/ipvsd/main.js', '--run-dir', '/run/kw', '--state-dir', '/var/lib/kw', '-l', '--standby'],
      cwd: '/',
    });
  });

  it('runs under the same loader as this process, which is found from where that was started', () => {
    const plan = launchPlan({ ...request, node: { file: '/usr/bin/node', flags: ['--import', 'tsx'] } });
    assert.deepEqual(plan.args.slice(0, 3), ['--import', 'tsx', '/opt/keepwatch/ipvsd/main.js']);
    assert.equal(plan.cwd, '/home/op');
  });

  it('is wrapped in what confines it, as a whole', () => {
    const { file, args } = launchPlan({ ...request, situation: root });
    const plain = launchPlan(request);
    assert.equal(file, '/usr/bin/setpriv');
    assert.deepEqual(args.slice(args.indexOf('--') + 1), [plain.file, ...plain.args]);
  });
});
