import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { IpvsConfig, SyncDaemonConfig } from '../../../services/ipvsd/config/model.js';
import { decodeDaemon, decodeTimeouts, encodeDaemon, encodeTimeouts } from '../../../services/ipvsd/controlCodec.js';
import { Controls } from '../../../services/ipvsd/controls.js';
import { FakeIpvs } from '../../../services/ipvsd/fakeIpvs.js';
import { desiredDaemons, reconcileDaemons, type SyncDaemon } from '../../../services/ipvsd/syncDaemon.js';
import { silentLogger } from '../../../services/shared/log/logger.js';

const position = { file: 'keepalived.conf', line: 1, column: 1 };
const daemon: SyncDaemonConfig = { interface: 'eth0', instance: 'VI_1', position };
const config = (more: Partial<IpvsConfig> = {}): IpvsConfig => ({
  flushOnStart: false,
  flushOnStop: 'none',
  timeouts: {},
  ...more,
});
const role = (master: boolean, instance = 'VI_1') => ({ instance, master, virtualRouterId: 51 });

test('the daemon follows the instance: backup, master and back, one of them at a time', async () => {
  const kernel = new FakeIpvs();
  const controls = new Controls(silentLogger());
  controls.configure(config({ syncDaemon: daemon }));
  await controls.converge(kernel);
  assert.deepEqual(kernel.log, [], 'nothing is started before the role is known');
  for (const master of [false, true, true, false]) {
    controls.follow(role(master));
    await controls.converge(kernel);
  }
  assert.deepEqual(kernel.log, [
    'start the backup sync daemon on eth0 (id 51)',
    'stop the backup sync daemon on eth0 (id 51)',
    'start the master sync daemon on eth0 (id 51)',
    'stop the master sync daemon on eth0 (id 51)',
    'start the backup sync daemon on eth0 (id 51)',
  ]);
  await controls.stop(kernel);
  assert.deepEqual(kernel.running, []);
});

test('without an instance both daemons run; an id of the configuration wins', () => {
  const both = desiredDaemons({ interface: 'eth1', syncId: 7, position }, undefined);
  assert.deepEqual(
    both?.map(({ state, syncId }) => [state, syncId]),
    [
      ['master', 7],
      ['backup', 7],
    ],
  );
});

test('a role of another instance matters to nobody', () => {
  const controls = new Controls(silentLogger());
  controls.configure(config({ syncDaemon: daemon }));
  assert.equal(controls.follow(role(true, 'VI_2')), false);
  assert.equal(controls.follow(role(true)), true);
  assert.equal(controls.follow(role(true)), false);
});

test('a restarted ipvsd leaves the daemon that already runs alone', async () => {
  const kernel = new FakeIpvs();
  // The kernel tells what we left to it as well.
  kernel.running = [{ state: 'master', interface: 'eth0', syncId: 51, maxLength: 1472, port: 8848, ttl: 1 }];
  const controls = new Controls(silentLogger());
  controls.configure(config({ syncDaemon: daemon }));
  await controls.converge(kernel);
  controls.follow(role(true));
  await controls.converge(kernel);
  assert.deepEqual(kernel.log, []);
});

test('a daemon that is not configured any more is stopped; one of others is none of our business', async () => {
  const kernel = new FakeIpvs();
  const controls = new Controls(silentLogger());
  kernel.running = [{ state: 'backup', interface: 'eth9', syncId: 1 }];
  controls.configure(config());
  await controls.converge(kernel);
  await controls.stop(kernel);
  assert.deepEqual(kernel.log, []);
  controls.configure(config({ syncDaemon: daemon }));
  controls.follow(role(false));
  await controls.converge(kernel);
  controls.configure(config());
  await controls.converge(kernel);
  assert.deepEqual(kernel.running, []);
  assert.equal(controls.needed, false);
});

test('a length the kernel fits to its interface is no reason to start the daemon again, another wish is', async () => {
  const kernel = new FakeIpvs();
  const controls = new Controls(silentLogger());
  controls.configure(config({ syncDaemon: { ...daemon, maxLength: 1000 } }));
  controls.follow(role(false));
  await controls.converge(kernel);
  kernel.running = kernel.running.map((running) => ({ ...running, maxLength: 1024 }));
  kernel.log.length = 0;
  await controls.converge(kernel);
  assert.deepEqual(kernel.log, []);
  controls.configure(config({ syncDaemon: { ...daemon, maxLength: 1024 } }));
  await controls.converge(kernel);
  assert.equal(kernel.log.length, 2);
});

test('a refused daemon is an error with advice', async () => {
  const kernel = new FakeIpvs();
  kernel.running = [{ state: 'master', interface: 'eth0', syncId: 51 }];
  kernel.daemons = async () => [];
  const controls = new Controls(silentLogger());
  controls.configure(config({ syncDaemon: daemon }));
  controls.follow(role(true));
  const { errors } = await controls.converge(kernel);
  assert.deepEqual(errors, ['cannot start the master sync daemon on eth0 (id 51): EEXIST']);
});

test('timeouts that a killed ipvsd changed are given back by its successor', async () => {
  const kernel = new FakeIpvs();
  let text: string | undefined;
  const record = {
    load: () => text,
    save: (saved: string) => {
      text = saved;
    },
  };
  const killed = new Controls(silentLogger(), record);
  killed.configure(config({ timeouts: { tcp: 100, udp: 77 } }));
  await killed.converge(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 100, tcpFin: 120, udp: 77 });
  const successor = new Controls(silentLogger(), record);
  successor.configure(config({ timeouts: { udp: 77 } }));
  await successor.converge(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 900, tcpFin: 120, udp: 77 }, 'what is not configured any more');
  await new Controls(silentLogger(), record).stop(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 900, tcpFin: 120, udp: 300 }, 'and the rest at the end');
  kernel.inForce = { tcp: 1, tcpFin: 2, udp: 3 };
  await new Controls(silentLogger(), record).stop(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 1, tcpFin: 2, udp: 3 }, 'once');
  text = 'not JSON';
  const other = new Controls(silentLogger(), record);
  other.configure(config({ timeouts: { tcp: 5 } }));
  await other.converge(kernel);
  await other.stop(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 1, tcpFin: 2, udp: 3 }, 'a record that says nothing');
});

test('timeouts: only what is configured is set, repaired, and given back when it is configured no more', async () => {
  const kernel = new FakeIpvs();
  const controls = new Controls(silentLogger());
  controls.configure(config({ timeouts: { tcp: 100, udp: 300 } }));
  await controls.converge(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 100, tcpFin: 120, udp: 300 });
  kernel.inForce = { tcp: 1, tcpFin: 2, udp: 300 };
  await controls.converge(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 100, tcpFin: 2, udp: 300 });
  controls.configure(config({ timeouts: { udp: 50 } }));
  await controls.converge(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 900, tcpFin: 2, udp: 50 });
  assert.deepEqual(kernel.log, ['timeouts {"tcp":100}', 'timeouts {"tcp":100}', 'timeouts {"tcp":900,"udp":50}']);
});

test('timeouts: a stop gives back what they were before, and what was never configured stays', async () => {
  const kernel = new FakeIpvs();
  const controls = new Controls(silentLogger());
  controls.configure(config({ timeouts: { tcp: 100, udp: 50 } }));
  await controls.converge(kernel);
  kernel.inForce = { ...kernel.inForce, tcpFin: 7 };
  await controls.stop(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 900, tcpFin: 7, udp: 300 });
  await controls.converge(kernel);
  assert.deepEqual(kernel.inForce, { tcp: 900, tcpFin: 7, udp: 300 }, 'and nothing sets them again');
});

const anyDaemon = fc.record(
  {
    state: fc.constantFrom('master' as const, 'backup' as const),
    interface: fc.constantFrom('eth0', 'bond0.100'),
    syncId: fc.integer({ min: 0, max: 255 }),
    maxLength: fc.integer({ min: 1, max: 65507 }),
    group: fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
    port: fc.integer({ min: 1, max: 65535 }),
    ttl: fc.integer({ min: 1, max: 255 }),
  },
  { requiredKeys: ['state', 'interface', 'syncId'], noNullPrototype: true },
);

test('property: a daemon survives encoding; reconciled daemons are exactly the wanted ones', () => {
  fc.assert(
    fc.property(anyDaemon, (given) => {
      assert.deepEqual(decodeDaemon(encodeDaemon(given)), given);
    }),
  );
  const oneOfEach = (daemons: readonly SyncDaemon[]): SyncDaemon[] => [
    ...new Map(daemons.map((one) => [one.state, one])).values(),
  ];
  fc.assert(
    fc.property(fc.array(anyDaemon, { maxLength: 2 }), fc.array(anyDaemon, { maxLength: 2 }), (some, others) => {
      const [desired, running] = [oneOfEach(some), oneOfEach(others)];
      let result = [...running];
      for (const operation of reconcileDaemons(desired, running, running)) {
        result = result.filter(({ state }) => state !== operation.daemon.state);
        if (operation.kind === 'start') result.push(operation.daemon);
      }
      assert.deepEqual(reconcileDaemons(desired, result, result), []);
      assert.equal(result.length, desired.length);
    }),
  );
});

test('golden: the bytes of a daemon and of timeouts', () => {
  assert.equal(
    encodeDaemon({ state: 'backup', interface: 'lo', syncId: 3, port: 8848, ttl: 2 }).toString('hex'),
    // DAEMON, nested: STATE 2, MCAST_IFN lo, SYNC_ID 3, MCAST_PORT 8848, MCAST_TTL 2
    '2c000380' + '0800010002000000' + '070002006c6f0000' + '0800030003000000' + '0600070090220000' + '0500080002000000',
  );
  const timeouts = encodeTimeouts({ tcp: 10, tcpFin: 20, udp: 30 });
  assert.equal(timeouts.toString('hex'), '080004000a000000' + '0800050014000000' + '080006001e000000');
  assert.deepEqual(decodeTimeouts(timeouts), { tcp: 10, tcpFin: 20, udp: 30 });
});
