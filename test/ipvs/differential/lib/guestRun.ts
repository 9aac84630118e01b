/** Carries out plans in one guest, all at the same time. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { runInGuest } from '../../lib/guest.js';
import { ensureImage } from '../../lib/image.js';
import type { Findings, Plan } from './plan.js';

/** What came of the plans, in their order; undefined for one that failed. */
export interface GuestRun {
  readonly findings: readonly (Findings | undefined)[];
  /** What the guest wrote, with the reason of a failure. */
  readonly output: string;
}

/** Starting node with a loader takes an emulated machine many seconds, so the programs go there in one piece. */
async function bundle(name: string): Promise<string> {
  const result = await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    write: false,
  });
  return result.outputFiles[0]?.text ?? '';
}

/** How plans are carried out, and who hears of it. */
export interface GuestRunOptions {
  /** How many plans run side by side. */
  readonly atOnce: number;
  /** A plan that takes longer is given up, and the others go on. */
  readonly planMs: number;
  /** The guest is ended after so long. */
  readonly timeoutMs: number;
  /** Each line of the guest as it is written. */
  readonly progress?: (line: string) => void;
  /** A plan, by its index, has been carried out. */
  readonly found?: (index: number, findings: Findings) => void;
}

/** An unfinished plan has this long to say what it was waiting for. */
const LAST_WORDS_S = 20;

const parse = (text: string | undefined): Findings | undefined =>
  text === undefined || text === '' ? undefined : (JSON.parse(text) as Findings);

/** Carries them out, so many at a time. */
export async function runPlans(plans: readonly Plan[], options: GuestRunOptions): Promise<GuestRun> {
  const { atOnce, planMs, timeoutMs, progress, found } = options;
  const given: Record<string, string> = { 'lab.cjs': await bundle('lab'), 'world.cjs': await bundle('world') };
  for (const plan of plans) given[`${plan.name}.plan`] = JSON.stringify(plan);
  const limit = `timeout --foreground --kill-after=${LAST_WORDS_S} ${Math.round(planMs / 1000)}`;
  // One that had to be killed cannot say that the next may start.
  const after = `[ "$(cat /run/lab/starting 2>/dev/null)" != "$0" ] || rm /run/lab/starting`;
  const each = `${limit} "$NODE" /.guest/lab.cjs "/.guest/$0.plan" "/.guest/$0.findings"; ${after}; echo "$0: ended"`;
  const script = `mkdir -p /run/here /run/lab; printf '%s\\n' "$@" | NODE='${process.execPath}' xargs -n 1 -P ${atOnce} sh -c '${each}'`;
  const names = plans.map(({ name }) => name);
  const command = ['sh', '-c', script, 'sh', ...names];
  const heard = (line: string, read: (name: string) => string): void => {
    progress?.(line);
    const index = names.findIndex((name) => line === `${name}: ended`);
    const findings = index < 0 ? undefined : parse(read(`${names[index]}.findings`));
    if (findings !== undefined) found?.(index, findings);
  };
  const exchanged = { given, wanted: names.map((name) => `${name}.findings`), heard };
  const { output, console, files } = await runInGuest(ensureImage(), command, timeoutMs, undefined, exchanged);
  const findings = names.map((name) => parse(files[`${name}.findings`]));
  return { findings, output: findings.every((one) => one?.complete) ? output : `${output}\n${console}` };
}
