import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatchEventsResponse } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { formatOid } from '../../../services/snmp/agentx/oid.js';
import { servedObjects } from '../../../services/snmp/mib/objects.js';
import { mayTrap, type Trap, type TrapContext, trapsOf } from '../../../services/snmp/traps.js';
import { MACHINE, served } from './fixture.js';

const K = '1.3.6.1.4.1.9586.100.5';
const suite = served();
const { vrrp, virtuals } = servedObjects(suite);
const context: TrapContext = { settings: suite.settings, routerId: 'R1', machine: MACHINE, vrrp, virtuals };

const brief = ({ oid, varbinds }: Trap): string =>
  [
    formatOid(oid),
    ...varbinds.map(({ oid: name, value }) => {
      const shown = 'value' in value ? value.value : value.type;
      return `${formatOid(name)}=${shown instanceof Uint8Array ? Buffer.from(shown).toString('latin1') : shown}`;
    }),
  ].join(' ');

const vrrpEvent = (transition: object): WatchEventsResponse =>
  WatchEventsResponse.fromPartial({
    event: { $case: 'service', value: { event: { $case: 'vrrp', value: { transition } } } },
  });
const healthEvent = (transition: object): WatchEventsResponse =>
  WatchEventsResponse.fromPartial({
    event: { $case: 'service', value: { event: { $case: 'health', value: { transition } } } },
  });

test('a new master: one trap of each MIB', () => {
  const event = vrrpEvent({ name: 'VI_1', to: VrrpStateName.VRRP_STATE_NAME_MASTER });
  assert.deepEqual(trapsOf(event, context).map(brief), [
    `${K}.2.10.0.2 ${K}.2.3.1.2.1=VI_1 ${K}.2.3.1.4.1=2 ${K}.2.3.1.5.1=1 ${K}.1.2.0=R1`,
    '1.3.6.1.2.1.68.0.1 1.3.6.1.2.1.68.1.3.1.7.2.51=\x0a\x09\x00\x01',
    '1.3.6.1.2.1.207.0.1 1.3.6.1.2.1.207.1.1.1.1.3.2.51.1=\x0a\x09\x00\x01 1.3.6.1.2.1.207.1.2.5.1.2.2.51.1=3',
  ]);
  const settings = { ...suite.settings, rfcv2: false, rfcv3: false };
  assert.equal(trapsOf(event, { ...context, settings }).length, 1);
  assert.deepEqual(trapsOf(event, { ...context, settings: { ...suite.settings, traps: false } }), []);
});

test('other states and groups', () => {
  assert.deepEqual(trapsOf(vrrpEvent({ name: 'VI_2', to: VrrpStateName.VRRP_STATE_NAME_BACKUP }), context).map(brief), [
    `${K}.2.10.0.2 ${K}.2.3.1.2.2=VI_2 ${K}.2.3.1.4.2=1 ${K}.2.3.1.5.2=1 ${K}.1.2.0=R1`,
  ]);
  assert.deepEqual(
    trapsOf(vrrpEvent({ name: 'VG', group: true, to: VrrpStateName.VRRP_STATE_NAME_FAULT }), context).map(brief),
    [`${K}.2.10.0.1 ${K}.2.1.1.2.1=VG ${K}.2.1.1.3.1=3 ${K}.1.2.0=R1`],
  );
  assert.deepEqual(trapsOf(vrrpEvent({ name: 'GONE', to: VrrpStateName.VRRP_STATE_NAME_FAULT }), context), []);
});

test('real servers and quorums', () => {
  const down = { virtualServer: '[10.8.0.1]:tcp:80', realServer: '[10.9.1.2]:tcp:80', up: false };
  const [server, virtual] = [`${K}.3.4.1`, `${K}.3.3.1`];
  const about = `${virtual}.2.1=2 ${virtual}.8.1=1`;
  const counts = `${virtual}.21.1=1 ${virtual}.20.1=2 ${K}.1.2.0=R1`;
  assert.deepEqual(trapsOf(healthEvent(down), context).map(brief), [
    `${K}.3.5.0.1 ${server}.3.1.2=1 ${server}.4.1.2=\x0a\x09\x01\x02 ${server}.5.1.2=80 ${server}.6.1.2=2 ${about} ${counts}`,
  ]);
  assert.deepEqual(trapsOf(healthEvent({ ...down, realServer: '' }), context).map(brief), [
    `${K}.3.5.0.2 ${about} ${virtual}.23.1=2 ${virtual}.22.1=2 ${counts}`,
  ]);
});

test('what is no transition is not even looked at', () => {
  assert.equal(mayTrap(vrrpEvent({ name: 'VI_1' })), true);
  assert.equal(
    mayTrap(WatchEventsResponse.fromPartial({ event: { $case: 'supervisor', value: { code: 'reloaded' } } })),
    false,
  );
});
