import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Placement } from '../../../services/shared/config/placement.js';
import { SERVICE_NAMES } from '../../../services/shared/rpc/service.js';
import {
  namespaceFor,
  placedCommand,
  placementChanges,
  placementProblems,
} from '../../../services/supervisor/placement.js';

const command = { file: '/usr/bin/setpriv', args: ['--no-new-privs', '--', '/usr/bin/node', 'main.js'], cwd: '/' };
const at = (line: number) => ({ file: '/etc/k.conf', line, column: 1 });
const red: Placement = { netNamespace: { name: 'red', position: at(1) } };
const table: Placement = { ipvsNamespace: { name: 'table', position: at(2) } };
const outside: Placement = { ...red, ipvsNamespace: { name: '', position: at(2) } };

describe('where services run', () => {
  it('is the namespace of the suite for all, with a way out and another one for ipvsd', () => {
    for (const [placement, ipvsd, others] of [
      [{}, undefined, undefined],
      [red, 'red', 'red'],
      [table, 'table', undefined],
      [{ ...red, ...table }, 'table', 'red'],
      [outside, undefined, 'red'],
    ] as const) {
      for (const name of SERVICE_NAMES)
        assert.equal(namespaceFor(name, placement)?.name, name === 'ipvsd' ? ipvsd : others, name);
    }
  });

  it('is entered before the service is confined', () => {
    assert.deepEqual(placedCommand('ipvsd', command, red, '/usr/bin/nsenter'), {
      file: '/usr/bin/nsenter',
      args: ['--net=/run/netns/red', '--', '/usr/bin/setpriv', '--no-new-privs', '--', '/usr/bin/node', 'main.js'],
      cwd: '/',
    });
    assert.equal(placedCommand('vrrpd', command, table, '/usr/bin/nsenter'), command, 'nothing to enter');
  });
});

describe('a change of the placement', () => {
  it('is refused for each of the three, where it is written', () => {
    const inForce: Placement = { ...red, ...table, instance: { name: 'a', position: at(3) } };
    assert.deepEqual(placementChanges(inForce, inForce), []);
    const moved: Placement = {
      netNamespace: { name: 'red', position: at(9) },
      ipvsNamespace: { name: '', position: at(10) },
      instance: { name: 'b', position: at(11) },
    };
    const found = placementChanges(inForce, moved);
    assert.deepEqual(
      found.map(({ severity, code, position }) => [severity, code, position?.line]),
      [
        ['error', 'needs-restart', 10],
        ['error', 'needs-restart', 11],
      ],
    );
    assert.match(found[0]?.message ?? '', /net_namespace_ipvs.*is 'table', wanted is the default/);
    assert.match(found[1]?.message ?? '', /instance.*is 'a', wanted is 'b'/);
  });

  it('may be that the keyword came or went', () => {
    assert.match(placementChanges(red, {})[0]?.message ?? '', /is 'red', wanted is not set/);
    assert.match(placementChanges({}, red)[0]?.message ?? '', /is not set, wanted is 'red'/);
  });
});

describe('a namespace that cannot be entered', () => {
  it('is told once, with its place and reason, and only if somebody wants it', () => {
    const attempt = (path: string): string | undefined => (path === '/run/netns/red' ? 'no such file' : undefined);
    const problems = placementProblems({ ...red, ...table }, SERVICE_NAMES, attempt);
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.message, "network namespace 'red' cannot be entered: no such file");
    assert.equal(problems[0]?.position?.line, 1);
    assert.deepEqual(placementProblems({ ...red, ...table }, ['ipvsd'], attempt), []);
  });
});
