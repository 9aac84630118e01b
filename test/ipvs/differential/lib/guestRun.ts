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

/** `atOnce`: how many plans run side by side. */
export async function runPlans(plans: readonly Plan[], atOnce: number, timeoutMs: number): Promise<GuestRun> {
  const given: Record<string, string> = { 'lab.cjs': await bundle('lab'), 'world.cjs': await bundle('world') };
  for (const plan of plans) given[`${plan.name}.plan`] = JSON.stringify(plan);
  const each = `"$NODE" /.guest/lab.cjs "/.guest/$0.plan" "/.guest/$0.findings"`;
  const script = `mkdir -p /run/here /run/lab; printf '%s\\n' "$@" | NODE='${process.execPath}' xargs -n 1 -P ${atOnce} sh -c '${each}'`;
  const names = plans.map(({ name }) => name);
  const command = ['sh', '-c', script, 'sh', ...names];
  const exchanged = { given, wanted: names.map((name) => `${name}.findings`) };
  const { output, console, files } = await runInGuest(ensureImage(), command, timeoutMs, undefined, exchanged);
  const findings = names.map((name) => {
    const text = files[`${name}.findings`];
    return text === undefined || text === '' ? undefined : (JSON.parse(text) as Findings);
  });
  return { findings, output: findings.includes(undefined) ? `${output}\n${console}` : output };
}
