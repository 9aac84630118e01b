/**
 * The images of docker/ and the two routers of docker/compose.pair.yaml: Keepwatch with one container per service against an
 * unchanged keepalived. Built with buildah, run with podman and runc, on namespaces of the topology tests as the network.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run } from '../topology/lib/command.js';
import { eventually, never } from '../topology/lib/eventually.js';
import type { Host } from '../topology/lib/host.js';
import { Lab, whyNoLab } from '../topology/lib/lab.js';
import { Prober } from '../topology/lib/prober.js';
import { childrenOf } from '../topology/lib/processes.js';
import { ensureBase, missingForContainers, storageFolder } from './lib/base.js';
import { type ComposeFile, readCompose } from './lib/compose.js';
import { Podman } from './lib/podman.js';

const ROOT = process.cwd();
const VIP = '10.88.0.100';
const METRICS = '127.0.0.1:9650';
/** What each service may do: bits of linux/capability.h, as docs/architecture.md has them. */
const CAPABILITIES: Readonly<Record<string, readonly number[]>> = {
  keepwatchd: [],
  vrrpd: [12, 13, 23], // NET_ADMIN NET_RAW SYS_NICE
  healthcheckerd: [],
  ipvsd: [12], // NET_ADMIN
  notifierd: [6, 7], // SETGID SETUID
  bfdd: [23], // SYS_NICE
};
const SERVICES = Object.keys(CAPABILITIES);
const KEEPWATCH_UID = 790;
const PATIENT = { within: 30_000 };

const skip = missingForContainers() ?? (await whyNoLab()) ?? false;

describe('one container per service', { skip, timeout: 600_000 }, () => {
  const podman = skip === false ? new Podman(storageFolder()) : undefined;
  const containers: string[] = [];
  const volume = (name: string): string => `keepwatch-${process.pid}-${name}`;
  const container = volume;
  let compose: ComposeFile;
  let lab: Lab;
  let left: Host;
  let right: Host;
  let prober: Prober;
  const engine = (): Podman => {
    if (podman === undefined) throw new Error('no podman here');
    return podman;
  };
  const pidOf = async (name: string): Promise<number> =>
    Number(await engine().run(['inspect', '--format', '{{.State.Pid}}', container(name)]));
  const exec = (name: string, ...argv: readonly string[]) => engine().try(['exec', container(name), ...argv]);

  before(async () => {
    const variables = { KEEPWATCH_METRICS: METRICS, KEEPWATCH_LOG_LEVEL: 'debug' };
    compose = await readCompose(join(ROOT, 'docker/compose.pair.yaml'), variables, volume);
    const base = await ensureBase(engine());
    // npm's packages for the build are those this test runs with.
    const fixed = [
      ...['--layers', '--ignorefile', 'docker/Containerfile.dockerignore', '-f', 'docker/Containerfile'],
      ...['--build-arg', `BUILD_IMAGE=${base}`, '--build-arg', `BASE_IMAGE=${base}`],
      ...['--volume', `${ROOT}/node_modules:/src/node_modules:ro`],
    ];
    for (const { target, image } of compose.services.values()) {
      await engine().build([...fixed, '--target', target, '--tag', image, '.']);
    }
    lab = await Lab.start();
    left = await lab.host('left');
    right = await lab.host('right');
    const client = await lab.host('client');
    const address = (name: string): string => `${compose.services.get(name)?.address}/24`;
    await lab.network.connect(left, 'eth0', 'lan', [address('left')]);
    await lab.network.connect(right, 'eth0', 'lan', [address('right')]);
    await lab.network.connect(client, 'eth0', 'lan', ['10.88.0.50/24']);
    for (const args of compose.volumes.values()) await engine().run(['volume', 'create', ...args]);
    for (const { name, network, args } of compose.services.values()) {
      // The machine `left` of the lab holds the network, in place of the container that only does that.
      if (name === 'left') continue;
      containers.push(name);
      await engine().start(network === 'left' ? left : right, container(name), args);
    }
    prober = lab.own(Prober.start(client, VIP));
  });

  after(async () => {
    if (containers.length > 0) {
      await engine().run(['rm', '--force', '--time', '0', ...containers.map(container)], 120_000);
      await engine().run(['volume', 'rm', ...[...compose.volumes.keys()].map(volume)]);
    }
    await lab?.close();
    await podman?.close();
  });

  /** Runs the body; a failure comes with what the containers wrote. */
  const explained =
    (body: () => Promise<void>): (() => Promise<void>) =>
    async () => {
      try {
        await body();
      } catch (error) {
        for (const name of containers) {
          const { stdout, stderr } = await engine().try(['logs', '--tail', '30', container(name)]);
          console.error(`--- ${name}\n${stdout}${stderr}`);
        }
        throw error;
      }
    };
  const restarts = async (name: string): Promise<number> =>
    Number(await engine().run(['inspect', '--format', '{{.RestartCount}}', container(name)]));
  /** As a crash: the process dies, and nobody told the runtime that it should. */
  const crash = async (...names: readonly string[]): Promise<void> => {
    for (const pid of await Promise.all(names.map(pidOf))) process.kill(pid, 'SIGKILL');
  };
  const settled = async (): Promise<void> => {
    await eventually(
      'every process answers and has the configuration',
      async () => {
        const { status, stdout, stderr } = await exec('keepwatchd', 'keepwatchctl', 'health');
        if (status !== 0) throw new Error(stdout + stderr);
        const metrics = await scrape(left);
        return /^keepwatch_service_ready\{service="vrrpd"\} 1$/m.test(metrics);
      },
      PATIENT,
    );
  };

  it(
    'is master from the environment alone, and tells so on its metrics port',
    explained(async () => {
      await settled();
      await eventually('the address is here', () => left.hasAddress('eth0', VIP), PATIENT);
      await eventually('and only here', async () => !(await right.hasAddress('eth0', VIP)), PATIENT);
      await prober.answered(undefined, PATIENT);
      assert.match(await scrape(left), /^keepalived_vrrp_state\{iname="VI_1",.*ip_address="10\.88\.0\.100\/24"\} 2$/m);
      const { stderr, stdout } = await engine().try(['logs', container('vrrpd')]);
      assert.match(stdout + stderr, /is ready for a configuration/, 'KEEPWATCH_LOG_LEVEL=debug shows debug messages');
    }),
  );

  it(
    'answers the health check of every image',
    explained(async () => {
      for (const name of SERVICES) {
        // bfdd has no sessions here, but it answers.
        const { status, stdout, stderr } = await engine().try(['healthcheck', 'run', container(name)]);
        assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
      }
    }),
  );

  it(
    'runs no service as root, on a root file system that cannot be written, with the capabilities of the table',
    explained(async () => {
      for (const name of SERVICES) {
        const init = await pidOf(name);
        const [service] = childrenOf(init);
        assert.ok(service !== undefined, `${name} runs below its init`);
        const status = readFileSync(`/proc/${service}/status`, 'utf8');
        assert.match(
          status,
          new RegExp(`^Uid:\\s+${KEEPWATCH_UID}\\s+${KEEPWATCH_UID}\\s+${KEEPWATCH_UID}`, 'm'),
          name,
        );
        const expected = (CAPABILITIES[name] ?? []).reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);
        for (const set of ['CapEff', 'CapPrm', 'CapBnd']) {
          const mask = BigInt(`0x${new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1]}`);
          assert.equal(mask, expected, `${name} ${set} ${mask.toString(16)}`);
        }
        const written = await exec(name, 'sh', '-c', 'echo > /usr/lib/keepwatch/lib/start.cjs || echo > /tmp/x');
        assert.notEqual(written.status, 0, `${name} wrote to its root`);
        assert.match(written.stderr, /Read-only file system/);
      }
      const mount = (await engine().run(['volume', 'inspect', '--format', '{{.Mountpoint}}', volume('run')])).trim();
      assert.equal(statSync(mount).mode & 0o777, 0o700);
      assert.ok(existsSync(join(mount, 'vrrpd.sock')));
    }),
  );

  it(
    'has a killed vrrpd back without a failover',
    explained(async () => {
      const since = Date.now();
      const before = await restarts('vrrpd');
      let gone = false;
      const watch = never('keepalived takes over', () => gone || right.hasAddress('eth0', VIP), { during: 6_000 });
      await crash('vrrpd');
      await eventually('the runtime starts it again', async () => (await restarts('vrrpd')) > before, PATIENT);
      await settled();
      gone = !(await left.hasAddress('eth0', VIP));
      await watch;
      assert.ok(prober.longestOutage(since).duration < 1_000, `outage ${prober.longestOutage(since).duration} ms`);
      assert.match(await scrape(left), /^keepalived_vrrp_state\{iname="VI_1",.*\} 2$/m);
    }),
  );

  it(
    'has all the others back, killed at the same moment, and stays master',
    explained(async () => {
      const since = Date.now();
      const others = SERVICES.filter((name) => name !== 'vrrpd');
      const counts = await Promise.all(others.map(restarts));
      await crash(...others);
      for (const [index, name] of others.entries()) {
        await eventually(`${name} is back`, async () => (await restarts(name)) > (counts[index] ?? 0), PATIENT);
      }
      await settled();
      assert.ok(!(await right.hasAddress('eth0', VIP)));
      assert.ok(prober.longestOutage(since).duration < 1_000, `outage ${prober.longestOutage(since).duration} ms`);
    }),
  );

  it(
    'hands over to keepalived when it is stopped, and takes over again',
    explained(async () => {
      await engine().run(['stop', container('vrrpd')]);
      assert.ok(!(await left.hasAddress('eth0', VIP)), 'the address is gone before the container is');
      await eventually('keepalived has the address', () => right.hasAddress('eth0', VIP), PATIENT);
      await prober.answered(undefined, PATIENT);
      await engine().run(['start', container('vrrpd')]);
      await eventually('Keepwatch has it again', () => left.hasAddress('eth0', VIP), PATIENT);
      await eventually('keepalived has let go', async () => !(await right.hasAddress('eth0', VIP)), PATIENT);
      await prober.answered(undefined, PATIENT);
    }),
  );
});

const SCRAPE = `fetch('http://${METRICS}/metrics').then((answer) => answer.text()).then((text) => process.stdout.write(text))`;

const scrape = (host: Host): Promise<string> => run(host.networkCommand([process.execPath, '-e', SCRAPE]));
