import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Origin } from '../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { HealthEvent, HealthState } from '../../../services/shared/rpc/generated/keepwatch/v1/health.js';
import {
  type ApplyRequest,
  IpvsState,
  IpvsVirtualService,
} from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { ServiceEvent, ServiceState } from '../../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { Notification } from '../../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import { VrrpEvent, VrrpState, VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { NotifyOutbox } from '../../../services/supervisor/notifyOutbox.js';
import { Relay } from '../../../services/supervisor/relay.js';

const origin = (service: string, sequence: number, generation = 1, incarnation = 'a'): Origin =>
  Origin.fromPartial({ service, incarnation, sequence: BigInt(sequence), generation: BigInt(generation) });
const service = (port: number, weight = 1): IpvsVirtualService =>
  IpvsVirtualService.fromPartial({
    key: { family: 4, protocol: 1, address: '10.0.0.1', port },
    scheduler: 'rr',
    destinations: [{ family: 4, address: '10.0.0.2', port, weight }],
  });
const healthState = (...desired: IpvsVirtualService[]): ServiceState => ({
  state: { $case: 'health', value: HealthState.fromPartial({ desired }) },
});
const healthEvent = (desired: IpvsVirtualService[], removed: IpvsVirtualService[] = [], notes = 0): ServiceEvent => ({
  event: {
    $case: 'health',
    value: HealthEvent.fromPartial({ desired, removedDesired: removed.map(({ key }) => key ?? {}) }),
  },
  notifications: Array.from({ length: notes }, (_, index) => Notification.fromPartial({ summary: `n${index}` })),
});
const vrrpState = (state: VrrpStateName, present: boolean): ServiceState => ({
  state: {
    $case: 'vrrp',
    value: VrrpState.fromPartial({
      instances: [{ name: 'VI_1', state, addresses: [{ address: '10.0.0.1/24', present }] }],
    }),
  },
});
const ports = (request: ApplyRequest | undefined): number[] =>
  (request?.services ?? []).map(({ key }) => key?.port ?? 0);

test('the whole table goes to ipvsd first, then only what changed, merged while it is busy', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 5), healthState(service(80), service(81)));
  const first = relay.ipvs.take();
  assert.equal(first?.complete, true);
  assert.deepEqual(ports(first), [80, 81]);
  assert.equal(relay.ipvs.take(), undefined);

  relay.event(origin('healthcheckerd', 6), healthEvent([service(80, 2)]));
  relay.event(origin('healthcheckerd', 7), healthEvent([service(80, 3), service(82)]));
  relay.event(origin('healthcheckerd', 8), healthEvent([], [service(82)]));
  const second = relay.ipvs.take();
  assert.equal(second?.complete, false);
  assert.deepEqual(
    second?.services.map(({ destinations }) => destinations[0]?.weight),
    [3],
  );
  assert.deepEqual(
    second?.removed.map(({ port }) => port),
    [82],
  );
});

test('a service without a configuration cannot wipe the table', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 5), healthState(service(80)));
  relay.ipvs.take();
  relay.state(origin('healthcheckerd', 0, 0, 'b'), healthState());
  assert.equal(relay.ipvs.take(), undefined);
  assert.deepEqual(relay.mirror.health?.desired.length, 1);
  relay.connected('ipvsd');
  assert.deepEqual(ports(relay.ipvs.take()), [80]);
});

test('before healthcheckerd ever spoke, a connected ipvsd is told nothing', () => {
  const relay = new Relay();
  relay.connected('ipvsd');
  assert.equal(relay.ipvs.take(), undefined);
});

test('a failed Apply makes the whole table due again, with what changed meanwhile', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 1), healthState(service(80)));
  relay.ipvs.take();
  relay.event(origin('healthcheckerd', 2), healthEvent([service(81)]));
  relay.ipvs.take();
  relay.applyFailed();
  const again = relay.ipvs.take();
  assert.equal(again?.complete, true);
  assert.deepEqual(ports(again), [80, 81]);
});

test('an event that is sent again does not turn the clock back, but its notifications count', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 9), healthState(service(80, 9)));
  relay.ipvs.take();
  relay.event(origin('healthcheckerd', 7), healthEvent([service(80, 7)], [], 1));
  assert.equal(relay.ipvs.take(), undefined);
  assert.equal(relay.mirror.health?.desired[0]?.destinations[0]?.weight, 9);
  assert.equal(relay.notifications.peek()?.notifications.length, 1);
});

test('a refresh is shown, and the events on their way are still relayed', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 1), healthState(service(80, 1)));
  relay.ipvs.take();
  relay.refresh(origin('healthcheckerd', 2), healthState(service(80, 2)));
  assert.equal(relay.ipvs.take(), undefined);
  assert.equal(relay.mirror.health?.desired[0]?.destinations[0]?.weight, 2);
  relay.event(origin('healthcheckerd', 2), healthEvent([service(80, 2)]));
  assert.deepEqual(relay.ipvs.take()?.services[0]?.destinations[0]?.weight, 2);
});

test('addresses are told when they change and after a reconnection, not otherwise', () => {
  const relay = new Relay();
  assert.equal(
    relay.takeAddresses(),
    undefined,
    'vrrpd has not spoken: nothing is known, which is not the same as nothing here',
  );
  relay.state(origin('vrrpd', 1), vrrpState(VrrpStateName.VRRP_STATE_NAME_BACKUP, false));
  assert.deepEqual(
    relay.takeAddresses()?.map(({ present }) => present),
    [false],
  );
  assert.equal(relay.takeAddresses(), undefined);
  const instances = [{ name: 'VI_1', addresses: [{ address: '10.0.0.1/24', present: true }] }];
  relay.event(origin('vrrpd', 2), {
    event: { $case: 'vrrp', value: VrrpEvent.fromPartial({ instances }) },
    notifications: [],
  });
  assert.deepEqual(
    relay.takeAddresses()?.map(({ present }) => present),
    [true],
  );
  relay.connected('healthcheckerd');
  assert.equal(relay.takeAddresses()?.length, 1);
  relay.informFailed();
  assert.equal(relay.takeAddresses()?.length, 1);
});

test('notifications of notifierd itself are not relayed', () => {
  const relay = new Relay();
  relay.event(origin('notifierd', 1), {
    event: undefined,
    notifications: [Notification.fromPartial({ summary: 'x' })],
  });
  assert.equal(relay.notifications.peek(), undefined);
});

test('a notification is named after its event and acknowledged only when it was delivered', () => {
  const outbox = new NotifyOutbox();
  outbox.add(origin('vrrpd', 3), [
    Notification.fromPartial({ summary: 'one' }),
    Notification.fromPartial({ summary: 'two' }),
  ]);
  outbox.add(origin('healthcheckerd', 8), [Notification.fromPartial({ summary: 'three' })]);
  const batch = outbox.peek();
  assert.deepEqual(
    batch?.notifications.map(({ id, summary }) => [id?.service, Number(id?.sequence), id?.index, summary]),
    [
      ['vrrpd', 3, 0, 'one'],
      ['vrrpd', 3, 1, 'two'],
      ['healthcheckerd', 8, 0, 'three'],
    ],
  );
  assert.deepEqual(
    batch?.acknowledgements.map(({ service: name, upToSequence }) => [name, Number(upToSequence)]),
    [
      ['vrrpd', 3],
      ['healthcheckerd', 8],
    ],
  );
  assert.deepEqual(outbox.peek(), batch, 'not delivered: still there');
  if (batch !== undefined) outbox.delivered(batch);
  assert.equal(outbox.size, 0);
});

test('property: whatever is sent again, each notification is delivered once and in order, with a small outbox too', () => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.constant('event' as const) },
    { weight: 2, arbitrary: fc.constant('deliver' as const) },
    { weight: 1, arbitrary: fc.constant('fail' as const) },
    { weight: 1, arbitrary: fc.constant('watch again' as const) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (actions, capacity) => {
      const outbox = new NotifyOutbox(capacity);
      /** The source, which keeps everything until it is acknowledged. */
      const kept: number[] = [];
      const delivered: string[] = [];
      let sequence = 0;
      const send = (number: number): void =>
        outbox.add(origin('vrrpd', number), [Notification.fromPartial({ summary: String(number) })]);
      const watchAgain = (): void => {
        const { afterSequence } = outbox.resumeAfter('vrrpd');
        for (const number of kept) if (BigInt(number) > afterSequence) send(number);
      };
      const deliver = (): void => {
        const batch = outbox.peek();
        if (batch === undefined) return;
        delivered.push(...batch.notifications.map(({ summary }) => summary));
        outbox.delivered(batch);
        const [acknowledged] = batch.acknowledgements;
        while (kept.length > 0 && BigInt(kept[0] ?? 0) <= (acknowledged?.upToSequence ?? 0n)) kept.shift();
        if (outbox.takeUnblocked().length > 0) watchAgain();
      };
      for (const next of actions) {
        if (next === 'event') {
          kept.push(++sequence);
          send(sequence);
        } else if (next === 'deliver') deliver();
        else if (next === 'watch again') watchAgain();
        else outbox.peek();
        assert.ok(outbox.size <= capacity);
      }
      while (outbox.size > 0) deliver();
      assert.deepEqual(
        delivered,
        Array.from({ length: sequence }, (_, index) => String(index + 1)),
      );
    }),
  );
});

test('ipvsd is told the state of the instance its sync daemon follows: once, at every change, after every reconnection', () => {
  const relay = new Relay();
  const ipvs = (syncInstance: string): ServiceState => ({
    state: { $case: 'ipvs', value: IpvsState.fromPartial({ syncInstance }) },
  });
  relay.state(origin('vrrpd', 1), vrrpState(VrrpStateName.VRRP_STATE_NAME_BACKUP, false));
  relay.state(origin('ipvsd', 1), ipvs(''));
  assert.equal(relay.takeSyncRole(), undefined, 'nobody asked');
  relay.state(origin('ipvsd', 2), ipvs('VI_1'));
  assert.deepEqual(relay.takeSyncRole(), { instance: 'VI_1', master: false, virtualRouterId: 0 });
  assert.equal(relay.takeSyncRole(), undefined);
  relay.state(origin('vrrpd', 2), vrrpState(VrrpStateName.VRRP_STATE_NAME_MASTER, true));
  assert.equal(relay.takeSyncRole()?.master, true);
  relay.syncRoleFailed();
  assert.equal(relay.takeSyncRole()?.master, true);
  relay.connected('ipvsd');
  assert.equal(relay.takeSyncRole()?.master, true);
});

const large = (port: number): IpvsVirtualService =>
  IpvsVirtualService.fromPartial({
    ...service(port),
    destinations: Array.from({ length: 600 }, (_, index) => ({
      family: 4,
      address: `10.0.${index >> 8}.${index & 255}`,
    })),
  });

test('a large table goes in parts, of which the last names the others; what changes meanwhile comes after it', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 5), healthState(large(80), large(81), service(82)));
  const first = relay.ipvs.take();
  assert.deepEqual([first?.complete, ports(first), first?.others.length], [false, [80], 0]);
  relay.event(origin('healthcheckerd', 6), healthEvent([service(80, 7)]));
  const last = relay.ipvs.take();
  assert.deepEqual([last?.complete, ports(last), last?.others.map(({ port }) => port)], [false, [81, 82], [80]]);
  assert.deepEqual(ports(relay.ipvs.take()), [80]);
  assert.equal(relay.ipvs.take(), undefined);
});

test('a table whose part could not be told is told from its beginning', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 5), healthState(large(80), large(81)));
  relay.ipvs.take();
  relay.applyFailed();
  assert.deepEqual(ports(relay.ipvs.take()), [80]);
  assert.deepEqual(relay.ipvs.take()?.others.length, 1);
  assert.equal(relay.ipvs.take(), undefined);
});

test('what a service told while it put its first configuration in force is its state: nothing is asked for twice', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 0, 0), healthState());
  relay.event(origin('healthcheckerd', 1, 0), healthEvent([service(80)]));
  assert.equal(relay.ipvs.take(), undefined, 'no configuration is in force there yet');
  assert.equal(relay.follow(origin('healthcheckerd', 2)), false, 'an event is missing');
  assert.equal(relay.follow(origin('healthcheckerd', 1, 1, 'b')), false, 'another process');
  assert.equal(relay.follow(origin('healthcheckerd', 1)), true);
  assert.deepEqual(ports(relay.ipvs.take()), [80]);
  relay.event(origin('healthcheckerd', 2), healthEvent([service(81)]));
  assert.equal(relay.follow(origin('healthcheckerd', 2, 2)), true);
  assert.deepEqual(ports(relay.ipvs.take()), [81], 'not the whole table');
  assert.equal(relay.mirror.health?.desired.length, 2);
});

test('a service that was started anew is asked for its state', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 5), healthState(service(80)));
  relay.state(origin('healthcheckerd', 0, 0, 'b'), healthState());
  assert.equal(relay.follow(origin('healthcheckerd', 1, 1, 'b')), false);
});

test('another configuration alone is no reason to tell the whole table again, another connection is', () => {
  const relay = new Relay();
  relay.state(origin('healthcheckerd', 5), healthState(service(80)));
  relay.ipvs.take();
  relay.configured('ipvsd');
  assert.equal(relay.ipvs.take(), undefined);
  relay.connected('ipvsd');
  assert.deepEqual(ports(relay.ipvs.take()), [80]);
});
