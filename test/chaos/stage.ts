/** Where chaos happens: two routers of ours, a keepalived and a bridge; and how each act is done and undone. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { tryRun } from '../topology/lib/command.js';
import { block, configuration, instance } from '../topology/lib/config.js';
import { Control } from '../topology/lib/control.js';
import { Lab } from '../topology/lib/lab.js';
import { addRouter } from '../topology/lib/pair.js';
import { privateDirtyKb, signalIfThere } from '../topology/lib/processes.js';
import { Recorder } from '../topology/lib/recorder.js';
import type { Router } from '../topology/lib/router.js';
import { processOf } from '../topology/lib/serviceProcesses.js';
import { builtCommand, keepalived, wholeKeepwatch } from '../topology/lib/software.js';
import type { Excuse, Watched } from './judge.js';
import type { Act, Victim } from './plan.js';

/** Present in every variant of the configuration, with the index of the router that is to be master. */
export const INSTANCES: readonly (Watched & { readonly home: number })[] = [
  { name: 'VI_1', vrid: 51, address: '10.9.0.101', home: 0 },
  { name: 'VI_2', vrid: 52, address: '10.9.0.102', home: 1 },
];
/** After a partition both masters may speak until one heard the other, and keepalived answers late on a busy machine. */
const HEALING_MS = 4_000;

/** RestartSec of the unit. */
const RESTART_MS = 200;

/** A router of ours. */
export interface Ours {
  readonly router: Router;
  readonly control: Control;
  readonly told: Recorder;
  /** File that the tracking script reads. */
  readonly health: string;
  variant: number;
}

export class Stage {
  private readonly disturbances: { readonly from: number; to: number }[] = [];
  private readonly underway = new Set<Promise<void>>();
  private keeping: Promise<void> | undefined;
  private ended = false;

  private constructor(
    readonly lab: Lab,
    readonly ours: readonly Ours[],
    readonly peer: Router,
    readonly capture: Capture,
  ) {}

  static async start(): Promise<Stage> {
    const lab = await Lab.start();
    try {
      const peer = await addRouter(lab, 'r3', keepalived, { eth0: '10.9.0.3/24' });
      const ours: Ours[] = [];
      for (const name of ['r1', 'r2']) {
        const router = await addRouter(lab, name, wholeKeepwatch, { eth0: `10.9.0.${ours.length + 1}/24` });
        const told = Recorder.create(join(lab.directory, `${name}.told.sh`));
        const health = join(lab.directory, `${name}.health`);
        writeFileSync(health, 'up\n');
        ours.push({ router, control: Control.of(lab, router), told, health, variant: 0 });
      }
      const stage = new Stage(lab, ours, peer, await Capture.start(lab));
      await bringUp(lab, peer, configuration(...INSTANCES.map((watched) => stage.block(watched, 100))));
      await Promise.all(ours.map(({ router }, index) => bringUp(lab, router, stage.config(index))));
      stage.keeping = stage.keepAlive();
      // Told by release().
      stage.keeping.catch(() => undefined);
      return stage;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** When the routers could not all hear each other. */
  get excuses(): readonly Excuse[] {
    return this.disturbances;
  }

  /** All three. */
  get routers(): readonly Router[] {
    return [...this.ours.map(({ router }) => router), this.peer];
  }

  /** Begins an act; what it does afterwards goes on by itself. */
  begin(act: Act): void {
    const doing = this.perform(act).finally(() => this.underway.delete(doing));
    this.underway.add(doing);
  }

  /** Ends whatever is still going on and puts everything right that only we can put right. */
  async calm(): Promise<void> {
    while (this.underway.size > 0) await Promise.all(this.underway);
    for (const router of this.routers) {
      await router.cable('eth0').plug();
      await router.cable('eth0').isolate(false);
    }
    for (const [index, one] of this.ours.entries()) {
      writeFileSync(one.health, 'up\n');
      one.router.writeConfig(this.config(index));
    }
  }

  /** Ends in good order: what stays behind is an error. */
  async stop(): Promise<void> {
    await this.release();
    for (const router of this.routers) await router.stop();
  }

  /** Nobody starts supervisors any more. */
  async release(): Promise<void> {
    this.ended = true;
    await this.keeping;
  }

  private block({ name, vrid, address }: Watched, priority: number, more: readonly string[] = []): string {
    return instance({ name, vrid, priority, addresses: [`${address}/24`], more });
  }

  /** Variants differ in an address that is not advertised and in a whole instance. */
  private config(index: number): string {
    const one = this.ours[index];
    if (one === undefined) throw new Error(`no router ${index}`);
    const excluded = one.variant & 1 ? [block('virtual_ipaddress_excluded', ['10.9.0.111/24'])] : [];
    const more = (name: string) => [
      `notify ${one.told.script}`,
      block('track_script', ['healthy']),
      ...(name === 'VI_1' ? excluded : []),
    ];
    return configuration(
      block('vrrp_script healthy', [`script "/bin/grep -q up ${one.health}"`, 'interval 1', 'weight -60', 'user root']),
      ...INSTANCES.map((watched) => this.block(watched, watched.home === index ? 150 : 120, more(watched.name))),
      ...(one.variant & 2 ? [this.block({ name: 'VI_3', vrid: 53, address: '10.9.0.103' }, 150 - 30 * index)] : []),
    );
  }

  private at(index: number): Ours {
    const one = this.ours[index];
    if (one === undefined) throw new Error(`no router ${index}`);
    return one;
  }

  private async perform(act: Act): Promise<void> {
    switch (act.kind) {
      case 'kill':
        return this.kill(this.at(act.router), act.victim);
      case 'stop':
        return this.standStill(this.at(act.router), act.victim, act.forMs);
      case 'reload': {
        const one = this.at(act.router);
        one.variant = act.variant;
        one.router.writeConfig(this.config(act.router));
        return hangUp(one.router);
      }
      case 'faulty-reload': {
        const { router } = this.at(act.router);
        router.writeConfig(`${this.config(act.router)}\nvrrp_instance VI_9 {\n    no_such_keyword\n}\n`);
        hangUp(router);
        await pause(500);
        return router.writeConfig(this.config(act.router));
      }
      case 'upgrade':
        return this.order(this.at(act.router), ['upgrade'], 120_000);
      case 'order':
        return this.order(this.at(act.router), act.argv, 30_000);
      case 'address-removed': {
        const { host } = this.at(act.router).router;
        for (const { address } of INSTANCES) {
          await tryRun(host.networkCommand(['ip', 'address', 'del', `${address}/24`, 'dev', 'eth0']));
        }
        return;
      }
      case 'link': {
        const cable = this.at(act.router).router.cable('eth0');
        await this.excused(async () => {
          await cable.cut();
          await pause(act.forMs);
          await cable.plug();
        });
        return;
      }
      case 'partition':
        await this.excused(async () => {
          for (const router of this.routers) await router.cable('eth0').isolate(true);
          await pause(act.forMs);
          for (const router of this.routers) await router.cable('eth0').isolate(false);
        });
        return;
      case 'script': {
        const { health } = this.at(act.router);
        writeFileSync(health, 'down\n');
        await pause(act.forMs);
        return writeFileSync(health, 'up\n');
      }
    }
  }

  private async excused(part: () => Promise<void>): Promise<void> {
    const disturbance = { from: Date.now(), to: Number.POSITIVE_INFINITY };
    this.disturbances.push(disturbance);
    await part();
    disturbance.to = Date.now() + HEALING_MS;
  }

  private async kill({ router }: Ours, victim: Victim): Promise<void> {
    const pid = processOf(router, victim);
    if (pid === undefined) return;
    signalIfThere(pid, 'SIGKILL');
    if (victim === 'keepwatchd') router.wake();
  }

  /** What a service manager does: a supervisor that is gone is started again. */
  private async keepAlive(): Promise<void> {
    while (!this.ended) {
      for (const { router } of this.ours) {
        if (router.running || this.ended) continue;
        await pause(RESTART_MS);
        await router.start();
      }
      await pause(20);
    }
  }

  private async standStill({ router }: Ours, victim: Victim, forMs: number): Promise<void> {
    const pid = processOf(router, victim);
    if (pid === undefined) return;
    signalIfThere(pid, 'SIGSTOP');
    await pause(forMs);
    signalIfThere(pid, 'SIGCONT');
    router.wake();
  }

  /** Refusals and broken connections are part of chaos. */
  private async order({ router }: Ours, argv: readonly string[], timeoutMs: number): Promise<void> {
    const command = [process.execPath, builtCommand('keepwatchctl'), '--run-dir', router.paths.runDirectory, ...argv];
    await router.host.tryInside(command, timeoutMs);
  }
}

/** The supervisor reads its file anew, if there is one now. */
function hangUp(router: Router): void {
  const pid = processOf(router, 'keepwatchd');
  if (pid !== undefined) signalIfThere(pid, 'SIGHUP');
}

/** Open descriptors and private memory of a process; undefined when it is gone. */
export function weigh(pid: number): { readonly descriptors: number; readonly dirtyKb: number } | undefined {
  try {
    return { descriptors: readdirSync(`/proc/${pid}/fd`).length, dirtyKb: privateDirtyKb(pid) };
  } catch {
    return undefined;
  }
}
