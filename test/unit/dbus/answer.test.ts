import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, type Reply } from '../../../services/dbus/answer.js';
import {
  childrenOf,
  instancePath,
  type Naming,
  objectTree,
  stateOf,
  vrrpPath,
} from '../../../services/dbus/objects.js';
import { maySignal, signalsOf } from '../../../services/dbus/signals.js';
import { WatchEventsResponse } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { VrrpInstance, VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';

const NAMING: Naming = { settings: { noInterfaceName: 'none' }, networkNamespace: '', instanceName: '' };
const ROOT = '/org/keepalived/Vrrp1';
const VRRP = 'org.keepalived.Vrrp1.Vrrp';
const INSTANCE = 'org.keepalived.Vrrp1.Instance';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

const instance = VrrpInstance.fromPartial({
  name: 'VI_1',
  interface: 'bond0.20',
  vrid: 51,
  family: 4,
  state: VrrpStateName.VRRP_STATE_NAME_MASTER,
});
const other = VrrpInstance.fromPartial({
  name: 'VI_2',
  vrid: 52,
  family: 6,
  state: VrrpStateName.VRRP_STATE_NAME_FAULT,
});
const tree = objectTree(NAMING, [instance, other]);
const path = instancePath(NAMING, instance);

const call = (at: string, iface: string, member: string, ...body: readonly unknown[]): Reply =>
  answer({ path: at, interface: iface, member, body }, tree);
const errorOf = (reply: Reply): string =>
  reply.kind === 'error' ? reply.name.replace('org.freedesktop.DBus.Error.', '') : '';

test('paths are those of keepalived', () => {
  assert.equal(vrrpPath(NAMING), `${ROOT}/Vrrp`);
  assert.equal(path, `${ROOT}/Instance/bond0_20/51/IPv4`);
  assert.equal(instancePath(NAMING, other), `${ROOT}/Instance/none/52/IPv6`);
  const named: Naming = { settings: { noInterfaceName: 'any' }, networkNamespace: 'blue-1', instanceName: 'two' };
  assert.equal(instancePath(named, other), `${ROOT}/blue_1/two/Instance/any/52/IPv6`);
  assert.equal(vrrpPath(named), `${ROOT}/blue_1/two/Vrrp`);
});

test('the tree can be walked from its root', () => {
  assert.deepEqual(childrenOf('/', tree), ['org']);
  assert.deepEqual(childrenOf(ROOT, tree), ['Instance', 'Vrrp']);
  assert.deepEqual(childrenOf(`${ROOT}/Instance/bond0_20/51`, tree), ['IPv4']);
  assert.deepEqual(childrenOf(path, tree), []);
  assert.equal(childrenOf(`${ROOT}/Inst`, tree), undefined);
  const above = call(`${ROOT}/Instance`, '', 'Introspect');
  assert.ok(above.kind === 'values' && String(above.body[0]).includes('<node name="none"/>'));
  const own = call(path, 'org.freedesktop.DBus.Introspectable', 'Introspect');
  assert.ok(own.kind === 'values' && String(own.body[0]).includes('name="SendGarp"'));
});

test('properties', () => {
  assert.deepEqual(call(path, PROPERTIES, 'Get', INSTANCE, 'Name'), {
    kind: 'variant',
    value: { signature: '(s)', value: ['VI_1'] },
  });
  assert.deepEqual(call(path, PROPERTIES, 'GetAll', INSTANCE), {
    kind: 'dictionary',
    values: { Name: { signature: '(s)', value: ['VI_1'] }, State: { signature: '(us)', value: [2, 'Master'] } },
  });
  assert.deepEqual(call(`${ROOT}/Vrrp`, PROPERTIES, 'GetAll', VRRP), { kind: 'dictionary', values: {} });
  assert.equal(errorOf(call(path, PROPERTIES, 'Get', INSTANCE, 'constructor')), 'UnknownProperty');
  assert.equal(errorOf(call(path, PROPERTIES, 'Get', VRRP, 'Name')), 'UnknownInterface');
  assert.equal(errorOf(call(path, PROPERTIES, 'Get')), 'UnknownInterface');
  assert.equal(errorOf(call(path, PROPERTIES, 'Set', INSTANCE, 'Name', 'x')), 'PropertyReadOnly');
  assert.deepEqual(stateOf(VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED), [99, 'Unknown']);
});

test('methods: what can be done, what is done another way, and what there is not', () => {
  assert.deepEqual(call(`${ROOT}/Vrrp`, VRRP, 'ReloadConfig'), { kind: 'task', task: 'reload' });
  assert.deepEqual(call(`${ROOT}/Vrrp`, '', 'PrintData'), { kind: 'task', task: 'data' });
  assert.equal(errorOf(call(`${ROOT}/Vrrp`, VRRP, 'PrintStatsClear')), 'NotSupported');
  assert.equal(errorOf(call(path, INSTANCE, 'SendGarp')), 'NotSupported');
  assert.equal(errorOf(call(path, VRRP, 'ReloadConfig')), 'UnknownMethod');
  assert.equal(errorOf(call(`${ROOT}/Vrrp`, VRRP, 'CreateInstance')), 'UnknownMethod');
  assert.equal(errorOf(call(ROOT, VRRP, 'ReloadConfig')), 'UnknownObject');
});

test('signals', () => {
  const transition = (rest: object) =>
    WatchEventsResponse.fromPartial({
      event: {
        $case: 'service',
        value: { event: { $case: 'vrrp', value: { transition: { name: 'VI_1', ...rest } } } },
      },
    });
  const told = (code: string) => WatchEventsResponse.fromPartial({ event: { $case: 'supervisor', value: { code } } });
  assert.deepEqual(signalsOf(transition({ to: VrrpStateName.VRRP_STATE_NAME_STOP }), NAMING, [instance]), [
    { path, interface: INSTANCE, member: 'VrrpStatusChange', signature: 'u', body: [98] },
  ]);
  assert.deepEqual(signalsOf(transition({ group: true }), NAMING, [instance]), []);
  assert.deepEqual(
    ['reloaded', 'stopping', 'ready'].map((code) => signalsOf(told(code), NAMING, []).map(({ member }) => member)),
    [['VrrpReloaded'], [], []],
  );
  assert.deepEqual([transition({}), told('reloaded'), told('ready')].map(maySignal), [true, true, false]);
});
