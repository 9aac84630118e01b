/** What can be tracked, from text to model. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { interpretVrrpConfig } from '../../../../services/vrrpd/config/interpret.js';
import type { TrackLine, VrrpConfig } from '../../../../services/vrrpd/config/model.js';
import { ENVIRONMENT, load } from '../../shared/config/support.js';

const DEFINITIONS = `vrrp_script chk {
 script "/bin/chk -a 'b c'" bob
 interval 0.5
 weight -20 reverse
}
track_file load {
 file /run/load
}
vrrp_track_process web {
 process nginx
}
`;

const run = (text: string): { readonly model: VrrpConfig; readonly messages: readonly string[] } => {
  const { tree } = load(text);
  assert.ok(tree);
  const { model, diagnostics } = interpretVrrpConfig(tree, ENVIRONMENT);
  const messages = diagnostics.map((one) => formatDiagnostic(one).replace('/k.conf:', ''));
  assert.ok(model, messages.join('\n'));
  return { model, messages };
};

const instance = (lines: string, name = 'V', vrid = 51): string =>
  `vrrp_instance ${name} {\ninterface eth0\nvirtual_router_id ${vrid}\nvirtual_ipaddress {\n10.0.0.${vrid}\n}\n${lines}\n}\n`;

const text = ({ kind, name, weight, reverse }: TrackLine): string =>
  `${kind} ${name} ${weight}${reverse ? ' reverse' : ''}`;

const tracked = (lines: string): string[] =>
  run(DEFINITIONS + instance(lines)).model.instances[0]?.trackers.map(text) ?? [];

describe('lines of tracking blocks', () => {
  it('take weight and direction from the definition where they say none', () => {
    assert.deepEqual(tracked('track_script {\nchk\n}\ntrack_file {\nload\n}\ntrack_process {\nweb\n}'), [
      'script chk -20 reverse',
      'file load 1',
      'process web 1',
    ]);
  });

  it('say their own', () => {
    assert.deepEqual(tracked('track_script {\nchk weight 254 noreverse\n}\ntrack_file {\nload weight 0 reverse\n}'), [
      'script chk 253',
      'file load 0 reverse',
    ]);
  });

  it('with a weight do not count for an owner', () => {
    const { model, messages } = run(
      DEFINITIONS + instance('priority 255\ntrack_script {\nchk\n}\ntrack_process {\nweb weight 0\n}'),
    );
    assert.deepEqual(model.instances[0]?.trackers.map(text), ['process web 0']);
    assert.ok(messages.some((message) => message.includes('the weight of script chk cannot move priority 255')));
  });

  it('in a member of a sync group count without weight, unless the group keeps weights; its own keep theirs', () => {
    const members = instance('track_script {\nchk\n}') + instance('', 'W', 52);
    const group = (more: string): string =>
      `${DEFINITIONS}${members}vrrp_sync_group G {\ngroup {\nV\nW\n}\ntrack_file {\nload weight 2\n}\n${more}\n}\n`;
    const without = run(group(''));
    assert.deepEqual(without.model.instances[0]?.trackers.map(text), ['script chk 0 reverse']);
    assert.deepEqual(without.model.groups[0]?.trackers.map(text), ['file load 2']);
    assert.ok(without.messages.some((message) => message.includes('the weight of script chk is ignored')));
    for (const keyword of ['sync_group_tracking_weight', 'global_tracking']) {
      assert.deepEqual(run(group(keyword)).model.instances[0]?.trackers.map(text), ['script chk -20 reverse'], keyword);
    }
  });
});

describe('definitions', () => {
  it('of scripts', () => {
    const more = 'vrrp_script all {\n script /bin/x\n timeout 3\n rise 2\n fall 3\n user joe staff\n init_fail\n}\n';
    const { trackScripts } = run(`${DEFINITIONS}${more}${instance('track_script {\nchk\nall\n}')}`).model;
    const plain = trackScripts.map(({ command: { position, ...command }, ...script }) => ({ ...script, ...command }));
    assert.deepEqual(plain, [
      {
        name: 'chk',
        interval: 500_000,
        timeout: 500_000,
        rise: 1,
        fall: 1,
        initFail: false,
        argv: ['/bin/chk', '-a', 'b c'],
        user: 'bob',
      },
      {
        name: 'all',
        interval: 1_000_000,
        timeout: 3_000_000,
        rise: 2,
        fall: 3,
        initFail: true,
        argv: ['/bin/x'],
        user: 'joe',
        group: 'staff',
      },
    ]);
  });

  it('that nobody tracks are not watched', () => {
    const { trackScripts, trackFiles, trackProcesses } = run(DEFINITIONS + instance('')).model;
    assert.deepEqual([trackScripts, trackFiles, trackProcesses], [[], [], []]);
  });

  it('of files', () => {
    const file = (lines: string) =>
      run(`track_file f {\nfile /f\n${lines}\n}\n${instance('track_file {\nf\n}')}`).model.trackFiles[0]?.init;
    assert.equal(file(''), undefined);
    assert.deepEqual(file('init_file'), { value: 0, overwrite: false });
    assert.deepEqual(file('init_file -3 overwrite'), { value: -3, overwrite: true });
    assert.deepEqual(file('init_file overwrite'), { value: 0, overwrite: true });
  });

  it('of processes', () => {
    const process = (lines: string) => {
      const [found] = run(`vrrp_track_process p {\n${lines}\n}\n${instance('track_process {\np\n}')}`).model
        .trackProcesses;
      assert.ok(found);
      const { name, position, ...rest } = found;
      return rest;
    };
    const defaults = { match: 'exact', fullCommand: false, quorum: 1, forkDelay: 0, terminateDelay: 0 };
    assert.deepEqual(process('process nginx'), { ...defaults, command: 'nginx' });
    assert.deepEqual(process('process "/opt/a b" x "y z"\nparam_match initial\nquorum 2\nquorum_max 3\ndelay 0.5'), {
      ...defaults,
      command: '/opt/a b',
      parameters: ['x', 'y z'],
      match: 'initial',
      fullCommand: true,
      quorum: 2,
      quorumMax: 3,
      forkDelay: 500_000,
      terminateDelay: 500_000,
    });
    assert.deepEqual(process('process nginx\nparam_match partial\nfork_delay 1\ndelay 2'), {
      ...defaults,
      command: 'nginx',
      parameters: [],
      forkDelay: 1_000_000,
      terminateDelay: 2_000_000,
    });
    assert.deepEqual(process('process nginx\nquorum_max 0'), {
      ...defaults,
      command: 'nginx',
      quorum: 0,
      quorumMax: 0,
    });
  });

  it('of delays of interfaces', () => {
    const { interfaceDelays } = run(`interface_up_down_delays {\neth0 1.5\neth1 0.00001 2\n}\n${instance('')}`).model;
    assert.deepEqual(interfaceDelays, [
      { interface: 'eth0', down: 1_500_000, up: 1_500_000 },
      { interface: 'eth1', down: 10, up: 2_000_000 },
    ]);
  });
});
