/** Runs inside the guest as root: sync daemons, timeouts, tunnels, flush and counters on a real kernel, judged by ipvsadm. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import type { IpvsConfig } from '../../../services/ipvsd/config/model.js';
import { Controls } from '../../../services/ipvsd/controls.js';
import { openIpvs } from '../../../services/ipvsd/genlKernel.js';
import type { IpvsKernel } from '../../../services/ipvsd/kernel.js';
import type { Ownership } from '../../../services/ipvsd/reconcile.js';
import { FORWARDING, type Service, TUNNEL_CHECKSUM, TUNNEL_TYPE } from '../../../services/ipvsd/table.js';
import { TableKeeper } from '../../../services/ipvsd/tableKeeper.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { parseIpAddress } from '../../../services/shared/net/address.js';

const run = (command: string, ...words: string[]): string => execFileSync(command, words, { encoding: 'utf8' });
const bytes = (text: string): Uint8Array => parseIpAddress(text)?.bytes ?? assert.fail(text);
const position = { file: 'keepalived.conf', line: 1, column: 1 };

const destination = (address: string, port: number, more: object = {}) => ({
  family: 4 as const,
  address: bytes(address),
  port,
  weight: 1,
  forwarding: FORWARDING.masq as number,
  upperThreshold: 0,
  lowerThreshold: 0,
  ...more,
});

const service = (address: string, port: number, destinations: Service['destinations'], more: object = {}): Service => ({
  key: { kind: 'address', family: 4, protocol: 6, address: bytes(address), port },
  settings: { scheduler: 'rr', flags: 0, persistenceTimeout: 0, persistencePrefix: 32, persistenceEngine: '', ...more },
  destinations,
});

const config = (more: Partial<IpvsConfig>): IpvsConfig => ({
  flushOnStart: false,
  flushOnStop: 'none',
  timeouts: {},
  ...more,
});

function keeper(): TableKeeper {
  const record: { owned: Ownership } = { owned: new Map() };
  return new TableKeeper({
    open: openIpvs,
    record: { load: () => record.owned, save: (owned) => Object.assign(record, { owned }) },
    controls: new Controls(silentLogger()),
    logger: silentLogger(),
    onChange: () => {},
  });
}

let kernel: IpvsKernel;

before(async () => {
  run('ip', 'link', 'add', 'sync0', 'type', 'dummy');
  run('ip', 'address', 'add', '10.7.0.1/24', 'dev', 'sync0');
  run('ip', 'link', 'set', 'sync0', 'up');
  run('ip', 'link', 'set', 'lo', 'up');
  kernel = await openIpvs({ loadModule: true });
});

after(() => {
  kernel.close();
  run('ipvsadm', '-C');
  run('ip', 'link', 'delete', 'sync0');
});

const daemons = (): string[] => run('ipvsadm', '-l', '--daemon', '-n').trim().split('\n').filter(Boolean);

test('the sync daemon runs with its options and follows the role', async () => {
  const controls = new Controls(silentLogger());
  const options = { maxLength: 1100, port: 8999, ttl: 3 };
  const group = parseIpAddress('224.0.0.99') ?? assert.fail();
  controls.configure(config({ syncDaemon: { interface: 'sync0', instance: 'VI_1', ...options, group, position } }));
  controls.follow({ instance: 'VI_1', master: false, virtualRouterId: 51 });
  assert.deepEqual((await controls.converge(kernel)).errors, []);
  const [backup, ...others] = daemons();
  assert.match(
    backup ?? '',
    /^backup sync daemon \(mcast=sync0, syncid=51, maxlen=1100, group=224\.0\.0\.99, port=8999, ttl=3\)/,
  );
  assert.deepEqual(others, []);
  controls.follow({ instance: 'VI_1', master: true, virtualRouterId: 51 });
  assert.deepEqual((await controls.converge(kernel)).errors, []);
  assert.match(daemons().join(), /^master sync daemon \(mcast=sync0, syncid=51/);
  assert.deepEqual(await controls.converge(kernel), { operations: 0, errors: [] }, 'nothing is left to do');
  await controls.stop(kernel);
  assert.deepEqual(daemons(), []);
});

test('a sync daemon on an interface that does not exist is an error with advice', async () => {
  const controls = new Controls(silentLogger());
  controls.configure(config({ syncDaemon: { interface: 'nosuch0', position } }));
  const { errors } = await controls.converge(kernel);
  assert.match(errors.join(), /nosuch0.*ENODEV; there is no such interface/);
});

test('timeouts are set and given back', async () => {
  const timeouts = (): string => run('ipvsadm', '-l', '--timeout').trim();
  const controls = new Controls(silentLogger());
  const original = timeouts();
  controls.configure(config({ timeouts: { tcp: 111, udp: 33 } }));
  assert.deepEqual(await controls.converge(kernel), { operations: 1, errors: [] });
  assert.match(timeouts(), /: 111 120 33$/);
  controls.configure(config({}));
  await controls.converge(kernel);
  assert.equal(timeouts(), original);
});

test('tunnels of every kind arrive, are recognised, and change in place', async () => {
  const table = keeper();
  const tunnel = (type: number, port: number, checksum: number) => ({
    forwarding: FORWARDING.tunnel,
    tunnel: { type, port, checksum },
  });
  const servers = [
    destination('10.9.1.1', 80, { forwarding: FORWARDING.tunnel }),
    destination('10.9.1.2', 80, tunnel(TUNNEL_TYPE.gue, 6080, TUNNEL_CHECKSUM.remote)),
    destination('10.9.1.3', 80, tunnel(TUNNEL_TYPE.gre, 0, TUNNEL_CHECKSUM.sum)),
  ];
  const whole = (...services: Service[]) => ({ services, complete: true, removed: [] });
  assert.deepEqual(await table.apply(whole(service('10.8.3.1', 80, servers))), { operations: 4, errors: [] });
  const saved = (): string[] => run('ipvsadm-save', '-n').trim().split('\n').sort();
  assert.deepEqual(saved(), [
    '-A -t 10.8.3.1:80 -s rr',
    '-a -t 10.8.3.1:80 -r 10.9.1.1:80 -i -w 1 --tun-type ipip',
    '-a -t 10.8.3.1:80 -r 10.9.1.2:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum',
    '-a -t 10.8.3.1:80 -r 10.9.1.3:80 -i -w 1 --tun-type gre --tun-csum',
  ]);
  const other = keeper();
  assert.deepEqual(await other.apply(whole(service('10.8.3.1', 80, servers))), { operations: 0, errors: [] });
  await other.stop({ keepKernelState: true });
  servers[1] = destination('10.9.1.2', 80, tunnel(TUNNEL_TYPE.gue, 6081, TUNNEL_CHECKSUM.none));
  assert.deepEqual(await table.apply(whole(service('10.8.3.1', 80, servers))), { operations: 1, errors: [] });
  assert.ok(saved().some((line) => line.endsWith('--tun-type gue --tun-port 6081 --tun-nocsum')));
  await table.stop({ keepKernelState: false });
});

test('every scheduler of the kernel is taken', async () => {
  const table = keeper();
  const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'mh', 'sed', 'nq', 'fo', 'ovf', 'twos'];
  const services = schedulers.map((scheduler, index) => service('10.8.4.1', 1000 + index, [], { scheduler }));
  const { errors } = await table.apply({ services, complete: true, removed: [] });
  // twos came with Linux 6.1 and Debian's build may leave a scheduler out: only what ipvsadm can add counts.
  const refused = schedulers.filter((scheduler) => errors.some((error) => error.includes(`(${scheduler})`)));
  for (const scheduler of refused) {
    assert.throws(() => run('ipvsadm', '-A', '-t', '10.8.4.2:1', '-s', scheduler), `${scheduler} was refused to us`);
  }
  await table.stop({ keepKernelState: false });
});

test('lvs_flush replaces what others left; lvs_flush_on_stop leaves nothing', async () => {
  run('ipvsadm', '-A', '-t', '10.8.5.9:80', '-s', 'rr');
  const table = keeper();
  await table.begin({ flush: true });
  await table.apply({ services: [service('10.8.5.1', 80, [])], complete: true, removed: [] });
  assert.equal(run('ipvsadm-save', '-n').trim(), '-A -t 10.8.5.1:80 -s rr');
  run('ipvsadm', '-A', '-t', '10.8.5.9:80', '-s', 'rr');
  await table.stop({ keepKernelState: false, flush: true });
  assert.equal(run('ipvsadm-save', '-n').trim(), '');
});

test('counters: what passes through a service is counted per destination', async (context) => {
  const server = createServer((socket) => socket.end('hello'));
  context.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(8080, '127.0.0.1', resolve));
  run('ip', 'address', 'add', '10.8.6.1/32', 'dev', 'lo');
  const table = keeper();
  const change = { services: [service('10.8.6.1', 80, [destination('127.0.0.1', 8080)])], complete: true, removed: [] };
  assert.deepEqual((await table.apply(change)).errors, []);
  const text = await new Promise<string>((resolve, reject) => {
    let said = '';
    const socket = connect(80, '10.8.6.1', () => {});
    socket.on('data', (data) => {
      said += data.toString();
    });
    socket.on('end', () => resolve(said));
    socket.on('error', reject);
  });
  assert.equal(text, 'hello');
  // The kernel adds its counters up every two seconds.
  let [counted] = (await table.statistics()) ?? [];
  for (const until = Date.now() + 10_000; counted?.counters.connections !== 1n && Date.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    [counted] = (await table.statistics()) ?? [];
  }
  assert.equal(counted?.counters.connections, 1n);
  const [one] = counted?.destinations ?? [];
  assert.equal(one?.counters.connections, 1n);
  assert.ok((one?.counters.inPackets ?? 0n) >= 3n, String(one?.counters.inPackets));
  await table.stop({ keepKernelState: false });
});
