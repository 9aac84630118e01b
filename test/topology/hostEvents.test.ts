/** What happens to the machine and not to us: each has a defined behaviour (docs/host-events.md), and only a long stall moves an address. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AddressMonitor } from './lib/addressMonitor.js';
import { bringUp } from './lib/bringUp.js';
import type { Capture } from './lib/capture.js';
import { run } from './lib/command.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually, never } from './lib/eventually.js';
import { FIRST, type Pair, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { signalIfThere } from './lib/processes.js';
import { Recorder } from './lib/recorder.js';
import type { Router } from './lib/router.js';
import { servingPid } from './lib/serviceProcesses.js';
import { keepalived, wholeKeepwatch } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

const SERVICES = ['notifierd', 'ipvsd', 'healthcheckerd', 'vrrpd'] as const;
/** Longer than the master-down interval of the peer, and than the supervisor's patience. */
const STALL_MS = 5_000;
/** Changes of a link, more than the receive buffer of a netlink socket holds. */
const FLOOD = 5_000;

/** A control group in which the number of processes can be limited (version 1), if we may make one there. */
function pidsGroup(): string | undefined {
  const parent = '/sys/fs/cgroup/pids';
  const probe = join(parent, `keepwatch-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    const usable = existsSync(join(probe, 'pids.max'));
    rmdirSync(probe);
    return usable ? parent : undefined;
  } catch {
    return undefined;
  }
}

/** The router that things happen to, and what a peer, a client and a notify script see of it. */
interface Scene {
  readonly topology: Pair;
  readonly control: Control;
  /** A command as a process of the machine; it has to succeed. */
  inside(...argv: readonly string[]): Promise<void>;
  /** Two more advertisements, and the peer never spoke. */
  goesOn(): Promise<void>;
  /** What the script was told of the second instance, but for MASTER. */
  told(): string[];
  /** Moves the second instance to FAULT and back. */
  move(): Promise<void>;
  /** Waits until so many moves were told: in order, each once. */
  heard(before: number, moves: number): Promise<void>;
  /** One move, told. */
  flap(): Promise<void>;
  /** Waits until a service has another process. */
  replaced(service: string, before: number): Promise<void>;
}

async function scene(topology: Pair, capture: Capture): Promise<Scene> {
  const { lab, first, second } = topology;
  const recorder = Recorder.create(join(lab.directory, 'told.sh'));
  const config = (priority: number, more: readonly string[]): string =>
    configuration(
      instance({ priority, addresses: [`${VIP}/24`] }),
      instance({
        name: 'VI_2',
        interface: 'eth1',
        vrid: 52,
        priority,
        addresses: ['10.9.1.100/24'],
        more,
      }),
    );
  const inside = async (...argv: readonly string[]): Promise<void> => {
    const { status, stderr } = await first.host.tryInside(argv);
    assert.equal(status, 0, `${argv.join(' ')}: ${stderr}`);
  };
  // A small disk of its own for the state; it is seen by the machine's processes only.
  await inside('mount', '-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', first.paths.stateDirectory);
  await bringUp(lab, first, config(150, [`notify ${recorder.script}`]));
  await bringUp(lab, second, config(100, []));
  await capture.advertOf(FIRST);
  const control = Control.of(lab, first);
  await control.ready();
  await control.reaches('MASTER', 'VI_2');
  await eventually('the beginning is told', () => recorder.lines().at(-1) === 'INSTANCE VI_2 MASTER 150');
  // It becomes master again some seconds after each flap, maybe during the next one.
  const told = () => recorder.lines().filter((line) => line !== 'INSTANCE VI_2 MASTER 150');
  const move = async (): Promise<void> => {
    await first.cable('eth1').cut();
    await control.reaches('FAULT', 'VI_2');
    await first.cable('eth1').plug();
    await control.reaches('BACKUP', 'VI_2');
  };
  const heard = async (before: number, moves: number): Promise<void> => {
    const pair = ['INSTANCE VI_2 FAULT 150', 'INSTANCE VI_2 BACKUP 150'];
    const wanted = Array.from({ length: moves }, () => pair).flat();
    const all = () => told().length >= before + wanted.length;
    await eventually('FAULT and BACKUP are told', all, { within: 20_000 });
    assert.deepEqual(told().slice(before), wanted);
  };
  return {
    topology,
    control,
    inside,
    goesOn: async () => {
      const now = Date.now();
      await capture.advertOf(FIRST, (await capture.advertOf(FIRST, now)).at);
      const spoke = capture.lastAdvert(({ source, priority, at }) => source === SECOND && priority > 0 && at > now);
      assert.equal(spoke, undefined, `the peer became master at ${spoke?.at}`);
    },
    told,
    move,
    heard,
    flap: async () => {
      const before = told().length;
      await move();
      await heard(before, 1);
    },
    replaced: async (service, before) => {
      await eventually(`${service} runs again`, async () => (await servingPid(first, control, service)) !== before, {
        within: 15_000,
      });
      await control.ready();
    },
  };
}

/** Puts a view of a directory that refuses writes above it, until the function it returns is called. */
async function readOnly({ inside }: Scene, directory: string): Promise<() => Promise<void>> {
  await inside('mount', '--bind', directory, directory);
  await inside('mount', '-o', 'remount,bind,ro', directory);
  return () => inside('umount', directory);
}

/** Waits until the status of notifierd does or does not tell of a file system that refuses. */
async function impaired({ control }: Scene, problem: RegExp, wanted: boolean): Promise<void> {
  await eventually(
    `the impairments of notifierd ${wanted ? 'name' : 'no longer name'} ${problem}`,
    async () => {
      const { impairments } = await control.service('notifierd');
      return impairments.some((text) => problem.test(text)) === wanted;
    },
    { within: 10_000 },
  );
}

async function kill(scene: Scene, ...services: readonly string[]): Promise<void> {
  for (const service of services) {
    const before = await servingPid(scene.topology.first, scene.control, service);
    process.kill(before, 'SIGKILL');
    await scene.replaced(service, before);
  }
}

async function fullDisk(scene: Scene): Promise<void> {
  const { first } = scene.topology;
  const full = `${first.paths.stateDirectory}/full`;
  await first.host.tryInside(['dd', 'if=/dev/zero', `of=${full}`, 'bs=4k']);
  await scene.flap();
  await impaired(scene, /ENOSPC/, true);
  await kill(scene, 'notifierd', 'vrrpd');
  await scene.control.reaches('MASTER');
  await scene.goesOn();
  await scene.inside('rm', full);
  await impaired(scene, /ENOSPC/, false);
}

async function readOnlyState(scene: Scene): Promise<void> {
  const writable = await readOnly(scene, scene.topology.first.paths.stateDirectory);
  await kill(scene, 'notifierd');
  await scene.flap();
  await impaired(scene, /EROFS/, true);
  await scene.goesOn();
  await writable();
  await impaired(scene, /EROFS/, false);
}

/** What runs goes on and tells; what dies stays away until it can make its socket again. */
async function readOnlyRun(scene: Scene): Promise<void> {
  const { topology, control } = scene;
  const { first } = topology;
  const writable = await readOnly(scene, first.paths.runDirectory);
  const before = await servingPid(first, control, 'healthcheckerd');
  process.kill(before, 'SIGKILL');
  await eventually('the log names the directory', () => /healthcheckerd[^\n]*EROFS[^\n]*\/run\//.test(first.log()), {
    within: 10_000,
  });
  await eventually(
    'the status says that it is away',
    async () => (await control.service('healthcheckerd')).detail !== '',
  );
  await scene.flap();
  await scene.goesOn();
  await writable();
  await scene.replaced('healthcheckerd', before);
}

/** While `refuse` holds no script can be started; both are told afterwards, in order. */
async function scriptsWait(scene: Scene, refuse: () => Promise<() => Promise<void> | void>): Promise<void> {
  const { topology, control } = scene;
  const { first } = topology;
  const refusals = () => first.log().split('cannot be started now and is tried again').length;
  const before = refusals();
  const toldBefore = scene.told().length;
  let moves = 0;
  const allow = await refuse();
  try {
    // The first ones may find a launcher that was started beforehand.
    while (refusals() === before && moves < 5) {
      await scene.move();
      moves++;
    }
    await eventually('the log says what waits', () => refusals() > before);
    await scene.goesOn();
  } finally {
    await allow();
  }
  await scene.heard(toldBefore, moves);
  control.close();
  await control.ready();
}

async function noDescriptors(scene: Scene): Promise<void> {
  const { topology, control } = scene;
  const { first } = topology;
  // Not the supervisor: this test could not ask it anything then.
  const pids = await Promise.all(SERVICES.map((service) => servingPid(first, control, service)));
  const limit = async (soft: number): Promise<void> => {
    for (const pid of pids) await run(['prlimit', `--pid=${pid}`, `--nofile=${soft}:`]);
  };
  await scriptsWait(scene, async () => {
    // Lower than what is open: every further descriptor is refused.
    await limit(8);
    return () => limit(4096);
  });
  const now = await Promise.all(SERVICES.map((service) => servingPid(first, control, service)));
  assert.deepEqual(now, pids, 'the same processes');
}

/** Processes that may not fork, by a control group of their own. */
async function noProcesses(scene: Scene, parent: string): Promise<void> {
  const { topology, control } = scene;
  const group = join(parent, `keepwatch-lab-${process.pid}`);
  const move = (pid: number, to: string): void => writeFileSync(join(to, 'cgroup.procs'), String(pid));
  mkdirSync(group);
  try {
    await scriptsWait(scene, async () => {
      const pid = await servingPid(topology.first, control, 'notifierd');
      move(pid, group);
      writeFileSync(join(group, 'pids.max'), '0');
      return () => {
        writeFileSync(join(group, 'pids.max'), 'max');
        move(pid, parent);
      };
    });
  } finally {
    rmdirSync(group);
  }
}

/** Netlink messages the kernel could not deliver to a process (`Drops` of /proc/net/netlink). */
function netlinkDrops(pid: number, inside: number): number {
  const rows = readFileSync(`/proc/${pid}/net/netlink`, 'utf8').trim().split('\n').slice(1);
  // The port of a process's first socket is its id, of others a negative number: count them all, nobody else listens here.
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , port]) => Number(port) === inside || Number(port) > 0x7fff_ffff)
    .reduce((sum, fields) => sum + Number(fields[8]), 0);
}

/** vrrpd misses thousands of changes, the loss of its address among them, reads everything anew and puts it back. */
async function flood(scene: Scene): Promise<void> {
  const { topology, control } = scene;
  const { first } = topology;
  const { pid: inside } = await control.service('vrrpd');
  const pid = await servingPid(first, control, 'vrrpd');
  const before = netlinkDrops(pid, inside);
  const changes = Array.from({ length: FLOOD }, (_, index) => `link set dev lo alias a${index}`);
  // The supervisor too, or on a busy machine it would find vrrpd hanging.
  const stopped = [first.pid, pid];
  for (const one of stopped) process.kill(one, 'SIGSTOP');
  const from = performance.now();
  try {
    await first.host.ipBatch([...changes, `address del ${VIP}/24 dev eth0`]);
  } finally {
    for (const one of stopped.reverse()) process.kill(one, 'SIGCONT');
    first.wake();
  }
  const stalled = performance.now() - from;
  await eventually('the address is put back', () => first.host.hasAddress('eth0', VIP));
  assert.ok(netlinkDrops(pid, inside) > before, 'the kernel dropped messages');
  // A machine too busy to make the flood in time made a long stall of it, which is another event.
  if (stalled < 2_000) await scene.goesOn();
  else await control.reaches('MASTER', 'VI_1', { within: 15_000 });
  assert.equal(await servingPid(first, control, 'vrrpd'), pid, 'the same process');
}

/** As networkd does when it is told to configure an interface anew: every address goes that it does not know. */
async function removed(scene: Scene, monitor: AddressMonitor): Promise<void> {
  const { first } = scene.topology;
  const before = monitor.changes(VIP);
  for (let time = 1; time <= 3; time++) {
    await first.host.ip('address', 'flush', 'dev', 'eth0', 'to', `${VIP}/32`);
    await eventually('it is put back', () => monitor.changes(VIP).added === before.added + time);
  }
  await scene.goesOn();
  assert.ok(first.log().includes(`address removed by another program put back: ${VIP}/24`), 'the log says so');
}

/** Stops processes for a while; the peer must not speak meanwhile. */
async function standStill(router: Router, pids: readonly number[], capture: Capture): Promise<void> {
  const from = Date.now();
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    const spoke = () =>
      capture.lastAdvert(({ source, at, priority }) => source === SECOND && at > from && priority > 0);
    await never('the peer speaks', () => spoke() !== undefined, { during: STALL_MS });
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    router.wake();
  }
}

async function supervisorStandsStill(scene: Scene, capture: Capture): Promise<void> {
  const { first } = scene.topology;
  const pids = () => Promise.all(SERVICES.map((service) => servingPid(first, scene.control, service)));
  const before = await pids();
  await standStill(first, [first.pid], capture);
  await scene.control.ready();
  await scene.flap();
  assert.deepEqual(await pids(), before, "nobody was killed for a silence that was the supervisor's own");
  await scene.goesOn();
}

async function servicesHang(scene: Scene): Promise<void> {
  const { first } = scene.topology;
  const services = ['notifierd', 'ipvsd', 'healthcheckerd'];
  const before = await Promise.all(services.map((service) => servingPid(first, scene.control, service)));
  for (const pid of before) process.kill(pid, 'SIGSTOP');
  for (const [index, service] of services.entries()) await scene.replaced(service, before[index] ?? 0);
  await scene.goesOn();
}

/** Found and replaced in good time; whether that is soon enough for the peer is the machine's speed (see spare.test.ts). */
async function vrrpdHangs(scene: Scene): Promise<void> {
  const { first } = scene.topology;
  const before = await servingPid(first, scene.control, 'vrrpd');
  process.kill(before, 'SIGSTOP');
  await scene.replaced('vrrpd', before);
  const found = /vrrpd has not been heard for ([\d.]+) s: killed/.exec(first.log())?.[1];
  assert.ok(Number(found) < 2.5, `found after ${found} s`);
  await scene.control.reaches('MASTER');
}

/** As a suspended machine: the peer takes over, and whoever wakes does not fight it. */
async function suspend(scene: Scene, capture: Capture): Promise<void> {
  const { first } = scene.topology;
  const everything = first.host.processes().map(({ pid }) => pid);
  const asleepAt = Date.now();
  for (const pid of everything) signalIfThere(pid, 'SIGSTOP');
  const took = await capture.advertOf(SECOND, asleepAt);
  await capture.advertOf(SECOND, asleepAt + STALL_MS);
  for (const pid of everything) signalIfThere(pid, 'SIGCONT');
  first.wake();
  // The higher priority gets it back, by election: it was backup in between, and the peer spoke until it heard better.
  const back = await capture.advertOf(FIRST, took.at, 15_000);
  const last = capture.lastAdvert(({ source, at }) => source === SECOND && at < back.at);
  assert.ok(last !== undefined && back.at - last.at < 2_000, 'it came back while the peer still advertised');
  await scene.control.reaches('MASTER');
  await eventually('the peer yields', async () => !(await scene.topology.second.host.hasAddress('eth0', VIP)));
}

describe('host events', { skip: await keepwatchSkip('keepalived', 'prlimit', 'dd') }, () => {
  test('none but a long stall is a reason to fail over', async (t) => {
    await withPair(
      wholeKeepwatch,
      keepalived,
      async (topology, capture) => {
        const { lab, first, second } = topology;
        const stage = await scene(topology, capture);
        const monitor = await AddressMonitor.start(lab, first.host);
        const prober = probe(topology);
        await prober.answered();
        /** The address does not move, and every ping is answered. */
        const unnoticed = (part: () => Promise<void>) => async (): Promise<void> => {
          const from = await prober.answered();
          const before = monitor.changes(VIP);
          await part();
          assert.deepEqual(monitor.changes(VIP), before, 'the address moved');
          assert.equal(prober.longestOutage(from).lost, 0, 'the client lost answers');
          const spoke = capture.lastAdvert(({ source, vrid, at }) => source === SECOND && vrid === 51 && at > from);
          assert.equal(spoke, undefined, `the peer became master at ${spoke?.at}`);
        };
        const failures: unknown[] = [];
        const event = async (name: string, part: () => Promise<void>, skip: string | false = false): Promise<void> => {
          await t.test(name, { skip }, async () => {
            try {
              await part();
            } catch (error) {
              failures.push(error);
              throw error;
            }
          });
          // What comes after would fail for the same reason.
          if (failures.length > 0) throw failures[0];
        };
        await event(
          'the disk of the state is full',
          unnoticed(() => fullDisk(stage)),
        );
        await event(
          'the state directory cannot be written',
          unnoticed(() => readOnlyState(stage)),
        );
        await event(
          'the run directory cannot be written',
          unnoticed(() => readOnlyRun(stage)),
        );
        await event(
          'no descriptor is left',
          unnoticed(() => noDescriptors(stage)),
        );
        const group = pidsGroup();
        await event(
          'no process is left',
          unnoticed(() => noProcesses(stage, group ?? '')),
          group === undefined && 'no pids control group that can be written',
        );
        await event(
          'the supervisor stands still for 5 s',
          unnoticed(() => supervisorStandsStill(stage, capture)),
        );
        await event(
          'services hang',
          unnoticed(() => servicesHang(stage)),
        );
        await event('netlink drops messages', () => flood(stage));
        await event('another program removes the address', () => removed(stage, monitor));
        await event('vrrpd hangs', () => vrrpdHangs(stage));
        await event('everything stands still for 5 s', () => suspend(stage, capture));
        await first.stop();
        await second.stop();
      },
      ['eth1'],
    );
  });
});
