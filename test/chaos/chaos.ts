/** Plays chapters of chaos and holds the routers to what must be true in and after each. */
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../topology/lib/eventually.js';
import { processOf } from '../topology/lib/serviceProcesses.js';
import { done, tells, told } from '../topology/lib/toldStates.js';
import { duels, faults, heldTwice, lies, type Sample } from './judge.js';
import { actText, type PlannedAct, planChapter, SERVICES } from './plan.js';
import { INSTANCES, type Ours, Stage, weigh } from './stage.js';

/** How much chaos. */
export interface Amount {
  /** Of the first chapter; each further one has the next. */
  readonly seed: number;
  readonly chapters: number;
  readonly chapterMs: number;
  /** Looks at memory and descriptors too: needs some chapters to know what is usual. */
  readonly weighs: boolean;
  readonly report: (line: string) => void;
}

/** Time after a chapter until there is exactly one master of everything, on a busy machine. */
const CALM_MS = 45_000;
/** Time in which a process that hangs or died is replaced, its supervisor too. */
const REPLACED_MS = 10_000;
/** Time a status may lag behind the kernel: it says UNKNOWN after 2 s of silence. */
const STATUS_MS = 4_000;
const SAMPLE_MS = 250;
/** What a process may grow by between one calm and another. */
const MORE_DESCRIPTORS = 12;
const MORE_DIRTY_KB = 32 * 1024;

/** Plays all chapters; throws with the seed of the first that fails. */
export async function playChaos({ seed, chapters, chapterMs, weighs, report }: Amount): Promise<void> {
  const stage = await Stage.start();
  const watch = new Watch(stage);
  const weights = new Map<string, { readonly descriptors: number; readonly dirtyKb: number }>();
  let acts: readonly PlannedAct[] = [];
  let chapter = 0;
  try {
    await calmDown(stage);
    for (; chapter < chapters; chapter++) {
      acts = planChapter(seed + chapter, chapterMs);
      watch.begin();
      const begun = Date.now();
      for (const act of acts) {
        await pause(Math.max(0, begun + act.at - Date.now()));
        stage.begin(act);
      }
      await pause(Math.max(0, begun + chapterMs - Date.now()));
      await stage.calm();
      const calmAt = Date.now();
      await calmDown(stage);
      const calmed = Date.now() - calmAt;
      await watch.end();
      const wrong = [...watch.judge(begun), ...(weighs ? heavier(stage, weights) : [])];
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
      report(`seed ${seed + chapter}: ${acts.length} acts, calm ${(calmed / 1000).toFixed(1)} s after the last`);
    }
    await stage.stop();
  } catch (error) {
    const story = acts.map(actText).join('\n');
    for (const router of stage.routers) console.error(`--- log of ${router.name}\n${router.log()}`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `seed ${seed + chapter}: ${reason}\nacts:\n${story}\nagain: npm run soak -- --seed ${seed + chapter} --chapters 1`,
      { cause: error },
    );
  } finally {
    await watch.end();
    await stage.release();
    await stage.lab.close();
  }
}

/** Waits for what has to come by itself: every service there, each instance at home, addresses and stories to match. */
async function calmDown(stage: Stage): Promise<void> {
  const within = CALM_MS;
  for (const { control } of stage.ours) await control.ready({ within });
  for (const { name, address, home } of INSTANCES) {
    for (const [index, { control, router }] of stage.ours.entries()) {
      const state = index === home ? 'MASTER' : 'BACKUP';
      await eventually(
        `${name} is ${state} on ${router.name}`,
        async () => {
          const now = await control.state(name);
          if (now !== state) throw new Error(`it is ${now}`);
          return true;
        },
        { within, every: 100 },
      );
    }
    const wanted = stage.ours[home]?.router.name;
    await eventually(
      `${address} is on ${wanted} alone`,
      async () => {
        const holders = await holdersOf(stage, address);
        if (holders.length !== 1 || holders[0] !== wanted) throw new Error(`it is on ${holders.join(' and ')}`);
        return true;
      },
      { within, every: 100 },
    );
  }
  for (const one of stage.ours)
    await eventually(`${one.router.name}: all is told`, () => complete(one), { within, every: 200 });
}

/** What the notify script was told is what vrrpd did: in order, none lost, none twice. */
function complete({ router, told: recorder }: Ours): boolean {
  const did = done(router.log());
  const said = told(
    recorder
      .lines()
      .map((line) => `${line}\n`)
      .join(''),
  );
  for (const { name } of INSTANCES) {
    const lane = `INSTANCE ${name}`;
    const states = did.get(lane) ?? [];
    if (tells(said.get(lane) ?? [], states)) continue;
    const story = states.map(({ state, perhaps }) => (perhaps ? `(${state})` : state)).join(' ');
    throw new Error(`${lane} did\n${story}\nand said\n${said.get(lane)?.join(' ')}`);
  }
  return true;
}

async function holdersOf(stage: Stage, address: string): Promise<string[]> {
  const found = await Promise.all(
    stage.routers.map(async (router) => ((await router.host.hasAddress('eth0', address)) ? [router.name] : [])),
  );
  return found.flat();
}

/** Compares every process that lived on with what it weighed first. */
function heavier(
  stage: Stage,
  known: Map<string, { readonly descriptors: number; readonly dirtyKb: number }>,
): string[] {
  return stage.ours.flatMap(({ router }) =>
    SERVICES.flatMap((service) => {
      const pid = processOf(router, service);
      const now = pid === undefined ? undefined : weigh(pid);
      if (now === undefined) return [];
      // With itself at an earlier calm: processes of a kind differ by what they went through.
      const life = `${router.name} ${service} ${pid}`;
      const before = known.get(life);
      if (before === undefined) {
        known.set(life, now);
        return [];
      }
      const text = `${service} on ${router.name} has ${now.descriptors} descriptors and ${now.dirtyKb} kB, at first ${before.descriptors} and ${before.dirtyKb}`;
      const grew =
        now.descriptors > before.descriptors + MORE_DESCRIPTORS || now.dirtyKb > before.dirtyKb * 2 + MORE_DIRTY_KB;
      return grew ? [text] : [];
    }),
  );
}

/** Looks again and again at who holds what and what the suites say. */
class Watch {
  private samples: Sample[] = [];
  private watching: Promise<void> | undefined;
  private ended = false;

  constructor(private readonly stage: Stage) {}

  begin(): void {
    this.samples = [];
    this.ended = false;
    this.watching = this.look();
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.watching;
  }

  /** What was wrong since a moment. */
  judge(since: number): string[] {
    const { excuses, capture, ours } = this.stage;
    const adverts = capture.adverts.filter(({ at }) => at >= since);
    return [
      ...INSTANCES.flatMap((watched) => [
        ...duels(adverts, watched.vrid, excuses),
        ...heldTwice(this.samples, watched.address, REPLACED_MS, excuses),
        ...ours.flatMap(({ router }) => lies(this.samples, router.name, watched, STATUS_MS)),
      ]),
      ...ours.flatMap(({ router }) => faults(router.log()).map((line) => `${router.name}: ${line}`)),
    ];
  }

  private async look(): Promise<void> {
    while (!this.ended) {
      const at = Date.now();
      const holders = new Map<string, readonly string[]>();
      const addresses = await Promise.all(
        this.stage.routers.map(async (router) => ({ router, list: await router.host.addresses('eth0') })),
      );
      for (const { address } of INSTANCES) {
        const on = addresses.filter(({ list }) => list.some((entry) => entry.address === address));
        holders.set(
          address,
          on.map(({ router }) => router.name),
        );
      }
      const states = new Map<string, string>();
      await Promise.all(
        this.stage.ours.map(async ({ router, control }) => {
          for (const { name } of INSTANCES) {
            const state = await control.state(name).catch(() => undefined);
            if (state !== undefined) states.set(`${router.name} ${name}`, state);
          }
        }),
      );
      this.samples.push({ at, holders, states });
      await pause(Math.max(0, at + SAMPLE_MS - Date.now()));
    }
  }
}
