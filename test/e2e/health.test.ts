/** healthcheckerd and ipvsd as processes: a listener dies and comes back, and the wanted table follows. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HealthDefinition } from 'nice-grpc-server-health';
import { rpcClient } from '../../services/shared/rpc/client.js';
import type { HealthEvent, HealthState } from '../../services/shared/rpc/generated/keepwatch/v1/health.js';
import { HealthServiceDefinition } from '../../services/shared/rpc/generated/keepwatch/v1/health.js';
import {
  IpvsServiceDefinition,
  type IpvsVirtualService,
} from '../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { Notification } from '../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import { ServiceProcess, until } from './support/serviceProcess.js';

const DELAY_LOOP = 1;
const RETRY = 2;
const DELAY_BEFORE_RETRY = 0.2;

/** The LVS pair of the guide, section 3.2, on loopback addresses and in a hurry. */
const guide = (port: number, more = ''): string => `
global_defs {
    notification_email {
        admin@example.com
    }
    smtp_server 127.0.0.1
    router_id lvs-ha
}
virtual_server 192.168.1.1 80 {
    delay_loop ${DELAY_LOOP}
    lb_algo wlc
    lb_kind NAT
    persistence_timeout 1200
    protocol TCP
    retry ${RETRY}
    delay_before_retry ${DELAY_BEFORE_RETRY}
    ${more}
    real_server 127.0.0.11 ${port} {
        weight 3
        notify_down "/bin/true dead"
        TCP_CHECK {
            connect_timeout 3
        }
    }
    real_server 127.0.0.12 ${port} {
        weight 3
        TCP_CHECK {
            connect_timeout 3
        }
    }
}
`;

/** Everything a watcher of healthcheckerd saw. */
class Mirror {
  state: HealthState | undefined;
  readonly events: { readonly at: number; readonly event: HealthEvent; readonly notifications: Notification[] }[] = [];
  readonly #stop = new AbortController();

  constructor(context: TestContext, service: ServiceProcess) {
    context.after(() => this.#stop.abort());
    void this.#watch(service).catch(() => undefined);
  }

  async #watch(service: ServiceProcess): Promise<void> {
    const request = { incarnation: '', afterSequence: 0n };
    for await (const { body } of service.lifecycle.watch(request, { signal: this.#stop.signal })) {
      if (body?.$case === 'state' && body.value.state?.$case === 'health') this.state = body.value.state.value;
      if (body?.$case !== 'event' || body.value.event?.$case !== 'health') continue;
      this.events.push({
        at: performance.now(),
        event: body.value.event.value,
        notifications: body.value.notifications,
      });
    }
  }

  /** Waits for the n-th transition. */
  async transition(number: number, log: () => string) {
    const found = () => this.events.filter(({ event }) => event.transition !== undefined)[number];
    await until(
      () => found() !== undefined,
      () => `transition ${number}\n${log()}`,
    );
    return found() ?? assert.fail();
  }
}

const listen = (host: string, port = 0): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Real servers of a table: `127.0.0.11 w3`. */
const destinations = (services: readonly IpvsVirtualService[]): string[] =>
  services.flatMap((service) => service.destinations.map(({ address, weight }) => `${address} w${weight}`));

test('a listener that dies leaves the table within the formula, and returns', async (context) => {
  const first = await listen('127.0.0.11');
  const { port } = first.address() as AddressInfo;
  const second = await listen('127.0.0.12', port);
  context.after(() => Promise.all([close(first), close(second)]).then(() => undefined));
  const health = new ServiceProcess(context, 'healthcheckerd');
  await health.start();
  const mirror = new Mirror(context, health);
  await until(
    () => mirror.state !== undefined,
    () => health.log,
  );
  const configured = await health.configure(guide(port));
  assert.ok(configured.accepted, JSON.stringify(configured.diagnostics));
  assert.deepEqual(
    configured.changes.map(({ subject }) => subject),
    ['virtual_server [192.168.1.1]:tcp:80'],
  );
  await until(
    () => mirror.events.length > 0,
    () => health.log,
  );
  const start = mirror.events[0] ?? assert.fail();
  assert.deepEqual(destinations(start.event.desired), ['127.0.0.11 w3', '127.0.0.12 w3']);
  assert.equal(start.event.desired[0]?.persistenceTimeoutS, 1200);
  assert.deepEqual(
    start.notifications.flatMap(({ lvsFifoLines }) => lvsFifoLines),
    ['VS [192.168.1.1]:tcp:80 UP'],
  );
  // Both have been checked once: from now on retries count.
  const checked = async (): Promise<boolean> => {
    const { state } = await health.lifecycle.snapshot({});
    const virtuals = state?.state?.$case === 'health' ? state.state.value.virtualServers : [];
    return virtuals.every(({ realServers }) => realServers.every(({ checkers }) => checkers[0]?.checked === true));
  };
  await until(checked, () => health.log);

  const died = performance.now();
  await close(first);
  const down = await mirror.transition(0, () => health.log);
  const took = (down.at - died) / 1000;
  const least = RETRY * DELAY_BEFORE_RETRY;
  assert.ok(took >= least && took <= DELAY_LOOP + least + 0.3, `${took} s, not ${least} to ${DELAY_LOOP + least} s`);
  assert.deepEqual(
    { ...down.event.transition, at: undefined },
    {
      virtualServer: '[192.168.1.1]:tcp:80',
      realServer: `[127.0.0.11]:tcp:${port}`,
      up: false,
      cause: `TCP_CHECK to 127.0.0.11:${port}: connection refused, after 2 retries`,
      at: undefined,
    },
  );
  assert.deepEqual(destinations(down.event.desired), ['127.0.0.12 w3']);
  assert.deepEqual(
    down.notifications.flatMap(({ scripts, lvsFifoLines, mails }) => [
      ...scripts.map(({ argv, configuredAt }) => `${argv.join(' ')} @${configuredAt.split(':').slice(1).join(':')}`),
      ...lvsFifoLines,
      ...mails.map(({ subject, body }) => `${subject} ${body}`),
    ]),
    [
      '/bin/true dead @20:21',
      `RS [127.0.0.11]:tcp:${port} [192.168.1.1]:tcp:80 DOWN`,
      `[lvs-ha] Realserver [127.0.0.11]:tcp:${port} of virtual server [192.168.1.1]:tcp:80 - DOWN => TCP CHECK failed on service <=`,
    ],
  );

  const again = await listen('127.0.0.11', port);
  context.after(() => close(again));
  const up = await mirror.transition(1, () => health.log);
  assert.equal(up.event.transition?.up, true);
  assert.deepEqual(destinations(up.event.desired), ['127.0.0.11 w3', '127.0.0.12 w3']);
  assert.equal(await health.stop(), 0, health.log);
});

test('a reload keeps verdicts, plans in words, and refuses what is wrong as a whole', async (context) => {
  const second = await listen('127.0.0.12');
  const { port } = second.address() as AddressInfo;
  context.after(() => close(second));
  const health = new ServiceProcess(context, 'healthcheckerd');
  await health.start();
  const mirror = new Mirror(context, health);
  await until(
    () => mirror.state !== undefined,
    () => health.log,
  );
  await health.configure(guide(port));
  await mirror.transition(0, () => health.log);

  const plan = await health.lifecycle.plan({ tree: health.tree(guide(port, 'quorum 4')) });
  // A tree that was validated need not come again, until another one was.
  await health.lifecycle.validate({ tree: health.tree(guide(port, 'quorum 4')), treeId: 'one' });
  const planned = await health.lifecycle.plan({ treeId: 'one' });
  assert.deepEqual(planned.changes, plan.changes);
  await assert.rejects(
    health.lifecycle.plan({ treeId: 'other' }),
    /FAILED_PRECONDITION.* no tree was validated as other/,
  );
  assert.deepEqual(
    plan.changes.map(({ subject, details }) => [subject, details]),
    [['virtual_server [192.168.1.1]:tcp:80', ['quorum 1 -> 4']]],
  );
  const same = await health.configure(guide(port));
  assert.deepEqual([same.accepted, same.changes], [true, []]);
  const bad = await health.configure(guide(port, 'quorom 4'));
  assert.equal(bad.accepted, false);
  assert.match(bad.diagnostics.map(({ message, hint }) => `${message} ${hint}`).join(), /quorom.*quorum/);
  const changed = await health.configure(guide(port, 'quorum 4'));
  assert.equal(changed.accepted, true);
  const { state } = await health.lifecycle.snapshot({});
  assert.equal(state?.state?.$case, 'health');
  const [virtual] = state?.state?.$case === 'health' ? state.state.value.virtualServers : [];
  assert.deepEqual(
    virtual?.realServers.map(({ up }) => up),
    [false, true],
    'the dead server stays dead',
  );
  assert.equal(virtual?.quorumUp, false);
});

test('under ha_suspend nothing is checked until the address is here', async (context) => {
  const health = new ServiceProcess(context, 'healthcheckerd');
  await health.start();
  const mirror = new Mirror(context, health);
  await until(
    () => mirror.state !== undefined,
    () => health.log,
  );
  await health.configure(guide(1, 'ha_suspend'));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(
    mirror.events.some(({ event }) => event.transition !== undefined),
    false,
  );
  await rpcClient(HealthServiceDefinition, health.channel).informVrrp({
    addresses: [{ address: '192.168.1.1/24', interface: 'eth1', present: true }],
  });
  const down = await mirror.transition(0, () => health.log);
  assert.match(down.event.transition?.cause ?? '', /connection refused$/);
});

const HAS_IPVS = (() => {
  try {
    return readFileSync('/proc/net/ip_vs', 'utf8') !== '';
  } catch {
    return false;
  }
})();

test('ipvsd without IPVS in the kernel says so everywhere, keeps what is wanted, and lives', {
  skip: HAS_IPVS ? 'this kernel has IPVS; test/ipvs covers it' : false,
}, async (context) => {
  const ipvs = new ServiceProcess(context, 'ipvsd');
  await ipvs.start();
  const configured = await ipvs.configure('global_defs {\n router_id x\n}\n');
  assert.ok(configured.accepted);
  const healthClient = rpcClient(HealthDefinition, ipvs.channel);
  const status = () => healthClient.check({ service: 'keepwatch.v1.IpvsService' });
  assert.deepEqual((await ipvs.lifecycle.describe({})).impairments, [], 'nobody needs IPVS yet');
  const serving = await status();
  const service: IpvsVirtualService = {
    key: { family: 4, fwmark: 0, protocol: 1, address: '192.168.1.1', port: 80 },
    scheduler: 'wlc',
    flags: 0,
    persistenceTimeoutS: 0,
    persistencePrefixLength: 32,
    persistenceEngine: '',
    destinations: [],
    marked: [],
  };
  const client = rpcClient(IpvsServiceDefinition, ipvs.channel);
  const applied = await client.apply({ services: [service], complete: true, removed: [] });
  assert.equal(applied.operations, 0);
  assert.match(applied.errors[0] ?? '', /^IPVS is not available: .*modprobe ip_vs|NET_ADMIN/);
  const { state } = await ipvs.lifecycle.snapshot({});
  assert.ok(state?.state?.$case === 'ipvs');
  assert.equal(state.state.value.available, false);
  assert.match(state.state.value.unavailableReason, /this kernel has no IPVS/);
  assert.deepEqual(state.state.value.desired, [service]);
  assert.match((await ipvs.lifecycle.describe({})).impairments.join(), /^IPVS is not available/);
  assert.notDeepEqual(await status(), serving);
  assert.match(ipvs.log, /virtual servers cannot work here: this kernel has no IPVS/);
  await assert.rejects(
    client.apply({ services: [{ ...service, scheduler: '' }], complete: true, removed: [] }),
    /INVALID_ARGUMENT.*scheduler/,
  );
  assert.equal(await ipvs.stop(), 0, ipvs.log);
});

test('a killed healthcheckerd resumes its verdicts: a dead server does not come back, nothing is told twice', async (context) => {
  const living = await listen('127.0.0.11');
  const { port } = living.address() as AddressInfo;
  context.after(() => close(living));
  const health = new ServiceProcess(context, 'healthcheckerd');
  await health.start();
  const mirror = new Mirror(context, health);
  assert.ok((await health.configure(guide(port))).accepted);
  const died = await mirror.transition(0, () => health.log);
  assert.deepEqual(destinations(died.event.desired), ['127.0.0.11 w3']);
  await health.kill();
  await health.start();
  const successor = new Mirror(context, health);
  assert.ok((await health.configure(guide(port))).accepted);
  const table = async (): Promise<string[]> => {
    const { state } = await health.lifecycle.snapshot({});
    return state?.state?.$case === 'health' ? destinations(state.state.value.desired) : [];
  };
  assert.deepEqual(await table(), ['127.0.0.11 w3'], 'from its very first table on');
  await until(
    () => successor.events.length > 0,
    () => health.log,
  );
  assert.ok(
    successor.events.every(({ event }) => event.transition === undefined && destinations(event.desired).length < 2),
  );
  assert.deepEqual(
    successor.events.flatMap(({ notifications }) => notifications),
    [],
  );
  assert.equal(await health.stop(), 0);
  assert.ok(!existsSync(join(health.runDir, 'healthcheckerd.resume')), 'an orderly stop leaves nothing to resume');
});
