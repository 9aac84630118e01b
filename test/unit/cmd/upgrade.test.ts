import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outdated } from '../../../cmd/keepwatchctl/upgrade.js';
import type { ServiceStatus } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';

const service = (name: string, version: string): ServiceStatus => ({
  name,
  version,
  health: 0,
  pid: 1,
  incarnation: 'one',
  restarts: 0,
  startedAt: undefined,
  silenceMs: undefined,
  generation: 1n,
  impairments: [],
  detail: '',
  origin: 'spawned',
  rights: undefined,
});

describe('keepwatchctl upgrade --if-changed', () => {
  it('finds the processes that are not of the installed version; silent ones do not count', () => {
    const services = [service('vrrpd', '1.1.0'), service('notifierd', '1.0.0'), service('ipvsd', '')];
    assert.deepEqual(outdated({ version: '1.1.0', services }, '1.1.0'), ['notifierd']);
    assert.deepEqual(outdated({ version: '1.0.0', services }, '1.1.0'), ['keepwatchd', 'notifierd']);
    assert.deepEqual(outdated({ version: '1.1.0', services: services.slice(0, 1) }, '1.1.0'), []);
  });
});
