/**
 * The images of docker/ and its two compose files as three routers on one network: both Keepwatch routers with one container per
 * service (docker/compose.pair.yaml and docker/compose.yaml), and the unchanged keepalived of the pair. Each is a machine of a lab
 * with a container runtime of its own.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { commandsOf } from '../docs/lib/commands.js';
import { eventually, never } from '../topology/lib/eventually.js';
import { Lab, whyNoLab } from '../topology/lib/lab.js';
import { Prober } from '../topology/lib/prober.js';
import { makeBase, missingForContainers } from './lib/base.js';
import { type ComposeFile, readCompose } from './lib/compose.js';
import { ContainerRouter, PATIENT } from './lib/containerRouter.js';
import { Engine, removeControlGroups } from './lib/engine.js';

const VIP = '10.88.0.100';
const METRICS = '127.0.0.1:9650';
/** Bits of linux/capability.h. */
const CAPABILITIES: Readonly<Record<string, bigint>> = {
  SETGID: 6n,
  SETUID: 7n,
  NET_ADMIN: 12n,
  NET_RAW: 13n,
  SYS_NICE: 23n,
};
/** What a container runtime may take to start a container again, for the process in it to be back in time. */
const RUNTIME_MS = 1_000;
/** Sections 6.1 of RFC 3768 with the intervals of the compose files: 3 × 1 s, and the skew of priority 120. */
const MASTER_DOWN_MS = 3_000 + ((256 - 120) / 256) * 1_000;

/** Services and their capabilities, as the table of docs/containers.md has them. */
function documentedCapabilities(): ReadonlyMap<string, bigint> {
  const rows = readFileSync('docs/containers.md', 'utf8').matchAll(/^\| `(\w+)` \| (none|`[A-Z_ ]+`) \|/gm);
  return new Map(
    Array.from(rows, ([, name = '', words = '']): [string, bigint] => {
      const names = words === 'none' ? [] : words.replaceAll('`', '').split(' ');
      const bits = names.map((one) => {
        const bit = CAPABILITIES[one];
        assert.ok(bit !== undefined, `${name}: ${one} is no capability of ours`);
        return 1n << bit;
      });
      return [name, bits.reduce((mask, bit) => mask | bit, 0n)];
    }),
  );
}

/** The command with which docs/containers.md builds an image, for another image. */
function documentedBuild(target: string, image: string): readonly string[] {
  const command = commandsOf('docs/containers.md', new Set()).find(({ text }) => text.startsWith('podman build '));
  assert.ok(command, 'docs/containers.md shows how an image is built without compose');
  const words = command.text.split(' ').slice(2);
  words[words.indexOf('--target') + 1] = target;
  words[words.indexOf('-t') + 1] = image;
  return words;
}

const skip = missingForContainers() ?? (await whyNoLab()) ?? false;

describe('one container per service', { skip, timeout: 600_000 }, () => {
  let lab: Lab;
  let left: ContainerRouter;
  let second: ContainerRouter;
  let right: ContainerRouter;
  let prober: Prober;
  let pairFile: ComposeFile;
  const services: string[] = [];

  /** Builds all stages of the Containerfile in one go, which takes a third of the time of one after the other. */
  const makeImages = async (base: string): Promise<void> => {
    const everything = join(left.host.directory, 'everything');
    const copies = pairFile.services.map(({ build: { target } }) => `COPY --from=${target} /etc/os-release /${target}`);
    writeFileSync(everything, ['FROM scratch AS everything', ...copies, ''].join('\n'));
    const bases = ['--layers', '--build-arg', `BUILD_IMAGE=${base}`, '--build-arg', `BASE_IMAGE=${base}`];
    // npm's packages for the build are those this test runs with.
    const packages = ['--volume', `${process.cwd()}/node_modules:/src/node_modules:ro`];
    const [f = '', file = '', ...rest] = documentedBuild('everything', 'localhost/everything');
    const stages = await left.engine.build([...bases, ...packages, f, file, '-f', everything, ...rest]);
    for (const { build, image } of pairFile.services) {
      const { context, dockerfile, target } = build;
      assert.deepEqual({ context, dockerfile }, { context: rest.at(-1), dockerfile: file });
      await left.engine.run('tag', stages.get(target) ?? `no stage ${target}`, image);
    }
  };

  before(async () => {
    lab = await Lab.start();
    // The file of a pair, and the file of one router with everything that a variable can say.
    pairFile = await readCompose('docker/compose.pair.yaml', { KEEPWATCH_LOG_LEVEL: 'debug' });
    const secondFile = await readCompose('docker/compose.yaml', {
      KEEPWATCH_INSTANCE: 'FROM_ENVIRONMENT',
      KEEPWATCH_INTERFACE: 'lan0',
      KEEPWATCH_PRIORITY: '120',
      KEEPWATCH_VIRTUAL_IPS: `${VIP}/24`,
      KEEPWATCH_METRICS: METRICS,
    });
    const address = (name: string): string => `${pairFile.services.find((one) => one.name === name)?.address}/24`;
    const place = async (name: string, device: string, own: string): Promise<ContainerRouter> => {
      const host = await lab.host(name);
      await lab.network.connect(host, device, 'lan', [own]);
      return new ContainerRouter(await Engine.start(host, left?.engine.images), device, VIP);
    };
    left = await place('left', 'eth0', address('left'));
    const base = await makeBase(left.engine);
    await makeImages(base);
    second = await place('second', 'lan0', '10.88.0.13/24');
    right = await place('right', 'eth0', address('right'));
    const client = await lab.host('client');
    await lab.network.connect(client, 'eth0', 'lan', ['10.88.0.50/24']);
    // The machine `left` holds the network, in place of the container that only does that.
    const ofLeft = pairFile.services.filter(({ network }) => network === 'left');
    services.push(...ofLeft.map(({ name }) => name));
    await Promise.all([left.up(pairFile, ofLeft), second.up(secondFile, secondFile.services)]);
    await right.up(
      { ...pairFile, volumes: [] },
      pairFile.services.filter(({ name }) => name === 'right'),
    );
    prober = lab.own(Prober.start(client, VIP));
  });

  after(async () => {
    // Whatever a runtime says: with its machine all of it ends.
    try {
      for (const router of [left, second, right]) await router?.down();
    } finally {
      await lab?.close();
      removeControlGroups();
    }
  });

  /** Runs the body; a failure comes with what the containers wrote. */
  const explained = (body: (context: TestContext) => Promise<void>) => async (context: TestContext) => {
    try {
      await body(context);
    } catch (error) {
      for (const router of [left, second, right]) console.error(await router.logs());
      throw error;
    }
  };
  /** Fails when another router takes over while the body runs. */
  const withoutFailover = async (body: () => Promise<void>): Promise<void> => {
    const since = Date.now();
    let moved = '';
    const watch = never(
      'another router takes over',
      async () => {
        for (const router of [second, right]) if (await router.hasVip()) moved = router.host.name;
        return moved !== '';
      },
      { during: MASTER_DOWN_MS + 1_000, every: 50 },
    );
    await Promise.all([body(), watch]);
    await left.settled();
    assert.ok(await left.hasVip());
    const outage = prober.longestOutage(since);
    assert.ok(outage.duration < 1_000, `the client waited ${outage.duration} ms`);
  };

  it(
    'all routers come up, and the best one alone is master',
    explained(async () => {
      await Promise.all([left.settled(), second.settled()]);
      await left.untilVip(true);
      await Promise.all([second.untilVip(false), right.untilVip(false)]);
      await prober.answered(undefined, PATIENT);
      const status = await left.engine.exec('keepwatchd', 'keepwatchctl', 'status');
      assert.match(status.stdout, /VI_1 +MASTER +150 +eth0 vrid 51/);
    }),
  );

  it(
    'the environment says what the router does',
    explained(async () => {
      const status = await second.engine.exec('keepwatchd', 'keepwatchctl', 'status');
      assert.match(status.stdout, /FROM_ENVIRONMENT +BACKUP +120 +lan0 vrid 51/);
      const metrics = await second.scrape(METRICS);
      assert.match(
        metrics,
        /^keepalived_vrrp_state\{iname="FROM_ENVIRONMENT",intf="lan0",.*"10\.88\.0\.100\/24"\} 1$/m,
      );
      const debugging = async (router: ContainerRouter): Promise<boolean> => {
        const { stdout, stderr } = await router.engine.try(['logs', 'vrrpd']);
        return /is ready for a configuration/.test(stdout + stderr);
      };
      assert.equal(await debugging(left), true, 'KEEPWATCH_LOG_LEVEL=debug shows debug messages');
      assert.equal(await debugging(second), false, 'and without it there are none');
    }),
  );

  it(
    'the health check of every image answers',
    explained(async () => {
      for (const name of services) {
        const { status, stdout, stderr } = await left.engine.try(['healthcheck', 'run', name]);
        assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
      }
      // One that hangs does not.
      await left.signal('bfdd', 'STOP');
      const hanging = await left.engine.try(['healthcheck', 'run', 'bfdd']);
      assert.notEqual(hanging.status, 0, hanging.stdout);
      await left.signal('bfdd', 'CONT');
    }),
  );

  it(
    'no service is root, none can write to its root file system, each has the capabilities of the table and no others',
    explained(async () => {
      const documented = documentedCapabilities();
      assert.deepEqual([...documented.keys()].filter((name) => name !== 'keepwatchctl').sort(), [...services].sort());
      for (const name of services) {
        const { uids, gids, capabilities, noNewPrivileges } = await left.rights(name);
        const expected = documented.get(name) ?? -1n;
        assert.deepEqual({ uids, gids }, { uids: Array(4).fill('790'), gids: Array(4).fill('790') }, name);
        assert.deepEqual(capabilities, [expected, expected, expected], name);
        // As docs/containers.md says: not where a file of the image has capabilities.
        assert.equal(noNewPrivileges, expected === 0n, name);
        const written = await left.engine.exec(name, 'sh', '-c', 'echo > /tmp/x || echo > /usr/lib/keepwatch/x');
        assert.notEqual(written.status, 0, `${name} wrote to its root`);
        assert.match(written.stderr, /(?:Read-only file system[\s\S]*){2}/, name);
      }
      const { stdout } = await left.engine.exec('keepwatchd', 'stat', '-c', '%a %u %g', '/run/keepwatch');
      assert.equal(stdout, '700 790 790\n');
    }),
  );

  it(
    'a command of its own in a container of its own reaches the suite',
    explained(async () => {
      const image = pairFile.services.find(({ build }) => build.target === 'keepwatchctl')?.image ?? '';
      const place = ['--network', 'none', '-v', 'keepwatch_run:/run/keepwatch'];
      const ask = () => second.engine.try(['run', '--rm', ...place, image, 'status']);
      let status = await ask();
      // podman 4.3 was once seen to start a container without the entry point that its image has.
      for (let tries = 1; tries < 3 && /runc create failed/.test(status.stderr); tries++) {
        console.error(
          status.stderr,
          await second.engine.run('image', 'inspect', '--format', '{{json .Config}}', image),
        );
        status = await ask();
      }
      assert.match(status.stdout, /FROM_ENVIRONMENT +BACKUP/, status.stderr);
    }),
  );

  it(
    'a killed vrrpd that is started again is no failover',
    explained(async () => {
      await withoutFailover(async () => {
        await left.engine.run('kill', '--signal', 'KILL', 'vrrpd');
        await left.engine.run('start', 'vrrpd');
      });
    }),
  );

  it(
    'every service that crashes is back by the runtime, vrrpd first, and stays master',
    explained(async (context) => {
      const others = services.filter((name) => name !== 'vrrpd');
      for (const names of [['vrrpd'], others]) {
        const counts = await Promise.all(names.map((name) => left.restarts(name)));
        let back = Number.POSITIVE_INFINITY;
        const crashed = Date.now();
        const without = withoutFailover(async () => {
          await left.crash(names);
          for (const [index, name] of names.entries())
            await eventually(
              `${name} is back`,
              async () => (await left.restarts(name)) > (counts[index] ?? 0),
              PATIENT,
            );
          back = Date.now() - crashed;
        });
        try {
          await without;
        } catch (error) {
          // The peers wait for the runtime as well as for us.
          if (back <= RUNTIME_MS) throw error;
          return context.skip(`the runtime needs ${back} ms here to start a container again, which is a failover`);
        }
      }
    }),
  );

  it(
    'the containers of the master stop: the other router has the address, then keepalived, and it comes back',
    explained(async () => {
      const stopped = Date.now();
      await left.engine.run('stop', ...services);
      assert.ok(!(await left.hasVip()), 'the address is gone before the containers are');
      await second.untilVip(true);
      const takenOver = Date.now();
      await prober.answered(takenOver, PATIENT);
      assert.ok(!(await right.hasVip()), 'the best of the others takes over');
      // vrrpd said goodbye: nobody waits for the master-down interval.
      const outage = prober.longestOutage(stopped);
      assert.ok(outage.duration < MASTER_DOWN_MS, `the client waited ${outage.duration} ms`);

      await second.engine.run('stop', 'vrrpd');
      await right.untilVip(true);
      assert.ok(!(await second.hasVip()));
      await prober.answered(Date.now(), PATIENT);

      await left.engine.run('start', ...services);
      await left.untilVip(true);
      await right.untilVip(false);
      await left.settled();
      await prober.answered(Date.now(), PATIENT);
    }),
  );
});
