/** False take-overs at advert_int 0.01: a busy machine must not make a backup believe that its master is gone. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { block, configuration, instance } from '../topology/lib/config.js';
import { Control } from '../topology/lib/control.js';
import type { Closable, Lab } from '../topology/lib/lab.js';
import { FIRST, pair, SECOND, VIP } from '../topology/lib/pair.js';
import type { Router } from '../topology/lib/router.js';
import { keepwatch, type Software } from '../topology/lib/software.js';
import { cells, inTurn, judgeOurs, type Part } from './part.js';
import type { Row } from './table.js';

const STATUS_CALLS_EVERY_MS = 20;
const SCRIPTS = 20;

interface Load {
  readonly busyLoops: boolean;
  /** `vrrp_rt_priority` in the configuration. */
  readonly realtime: boolean;
  /** Status calls, where there are any, and tracking scripts. */
  readonly working: boolean;
}

const CASES: Readonly<Record<string, Load>> = {
  idle: { busyLoops: false, realtime: false, working: false },
  'idle, vrrp_rt_priority 50': { busyLoops: false, realtime: true, working: false },
  'a busy loop on each processor': { busyLoops: true, realtime: false, working: false },
  'a busy loop on each processor, vrrp_rt_priority 50': { busyLoops: true, realtime: true, working: false },
  'busy loops, 20 tracking scripts, 50 status calls a second': { busyLoops: true, realtime: false, working: true },
};

/** Programs that do nothing but use a processor each. */
class BusyLoops implements Closable {
  private readonly children: readonly ChildProcess[];

  constructor(lab: Lab) {
    const host = lab.network.host;
    this.children = cpus().map(() => host.spawnInNetwork(['sh', '-c', 'while :; do :; done']));
  }

  async close(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }),
    );
  }
}

function config(priority: number, { realtime, working }: Load): string {
  const scripts = working ? Array.from({ length: SCRIPTS }, (_, index) => `check_${index}`) : [];
  const own = instance({
    priority,
    advertInt: 0.01,
    addresses: [`${VIP}/24`],
    more: ['version 3', ...(working ? [block('track_script', scripts)] : [])],
  });
  const blocks = scripts.map((name) => block(`vrrp_script ${name}`, ['script "/bin/true"', 'interval 1', 'user root']));
  const text = configuration(...blocks, own);
  return realtime ? text.replace('global_defs {', 'global_defs {\n    vrrp_rt_priority 50') : text;
}

/** Asks for the status again and again until `until`; gives how often it was answered. */
async function askForStatus(lab: Lab, router: Router, until: number): Promise<number> {
  const control = Control.of(lab, router);
  const open = new Set<Promise<unknown>>();
  let answered = 0;
  while (performance.now() < until) {
    const call = control.status().then(
      () => answered++,
      () => undefined,
    );
    open.add(call);
    void call.finally(() => open.delete(call));
    await new Promise((done) => setTimeout(done, STATUS_CALLS_EVERY_MS));
  }
  await Promise.all(open);
  control.close();
  return answered;
}

interface Stall {
  readonly takeovers: number;
  readonly statusAnswers: number;
}

async function measure(software: Software, load: Load, seconds: number): Promise<Stall> {
  const { lab, first, second } = await pair(software, software);
  try {
    const capture = await Capture.start(lab);
    await bringUp(lab, first, config(150, load));
    await capture.advertOf(FIRST);
    await bringUp(lab, second, config(100, load));
    await capture.advertOf(FIRST, Date.now() + 2_000);
    if (load.busyLoops) lab.own(new BusyLoops(lab));
    const from = Date.now();
    const until = performance.now() + seconds * 1_000;
    const statusAnswers = load.working && software.name === keepwatch.name ? await askForStatus(lab, first, until) : 0;
    await new Promise((done) => setTimeout(done, Math.max(0, until - performance.now())));
    const watched = capture.adverts.filter(({ at }) => at >= from);
    const takeovers = watched.filter(({ source }, index) => {
      return source === SECOND && (index === 0 || watched[index - 1]?.source === FIRST);
    }).length;
    return { takeovers, statusAnswers };
  } finally {
    await lab.close();
  }
}

/** See the head of the file. */
export const stallPart: Part = async (programs, { seconds }) => {
  const samples: Record<string, unknown> = {};
  const rows: Row[] = [];
  for (const [name, load] of Object.entries(CASES)) {
    const found = await inTurn(programs, (program) => measure(program, load, seconds));
    samples[name] = found;
    rows.push({
      part: 'stall',
      quantity: `false take-overs at 10 ms in ${seconds} s: ${name}`,
      values: cells(found, ({ takeovers }) => `${takeovers}`),
      aim: '0',
      met: judgeOurs(found, ({ takeovers }) => takeovers === 0),
    });
  }
  return { samples, rows };
};
