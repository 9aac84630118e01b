/** Runs in the guest: `node lab.cjs PLAN FINDINGS`. Carries out a plan on both sides in lockstep and writes down what they show. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Findings, Plan, SideName } from './plan.js';
import { Side } from './side.js';

const POLL_MS = 500;
/** Neither table moves for so long: a round is over. */
const STILL_MS = 2_500;
/** So much longer it is waited for sides that are not the same. */
const PATIENCE_MS = 60_000;
/** The same where they differ in nothing but what they differed in before. */
const PATIENCE_AGAIN_MS = 5_000;
const START_LIMIT_MS = 240_000;
const STOP_LIMIT_MS = 30_000;
/** Names the plan whose daemons start. */
const STARTING = '/run/lab/starting';

const [, , planFile = '', findingsFile = ''] = process.argv;
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan;
const known = plan.knownToDiffer.map((pattern) => new RegExp(pattern));

/** All that both sides shall have in common at the end of a round; daemons only where VRRP moves them. */
const shown = (side: Side): string[] => [
  ...side.table().filter((line) => !known.some((pattern) => pattern.test(line))),
  ...(plan.checkersOnly ? [] : side.daemons()),
];

/** Lines that only one of them has. */
function apart([left, right]: readonly [Side, Side]): string[] {
  const [ours, theirs] = [shown(left), shown(right)];
  const only = (lines: string[], others: string[], of: Side): string[] =>
    lines.filter((line) => !others.includes(line)).map((line) => `${of.name} ${line}`);
  return [...only(ours, theirs, left), ...only(theirs, ours, right)];
}

/** Differences that waiting did not end. */
const lasting = new Set<string>();
/** What the plan is doing, for when it is given up. */
let doing = 'begin';

/** Waits until both have come to rest; the same if they can be. Tables with fewer than `leastLines` are not complete yet. */
async function rest(sides: readonly [Side, Side], leastLines: number): Promise<void> {
  const started = performance.now();
  let last = '';
  let changedAt = started;
  let completeAt: number | undefined;
  for (;;) {
    await pause(POLL_MS);
    for (const side of sides) {
      const ended = side.ended();
      if (ended !== undefined) throw new Error(ended);
    }
    const tables = sides.map((side) => side.glance());
    const now = performance.now();
    const all = JSON.stringify([tables, sides.map((side) => side.told())]);
    if (all !== last) changedAt = now;
    last = all;
    if (now - started > START_LIMIT_MS) return;
    if (tables.some((table) => table.length < leastLines)) continue;
    completeAt ??= now;
    if (now - completeAt < plan.restAfterMs || now - changedAt < STILL_MS) {
      if (now - completeAt > plan.restAfterMs + PATIENCE_MS) return;
      continue;
    }
    const differences = apart(sides);
    if (differences.length === 0) return;
    const patience = differences.every((line) => lasting.has(line)) ? PATIENCE_AGAIN_MS : PATIENCE_MS;
    if (now - completeAt > plan.restAfterMs + patience) {
      for (const line of differences) lasting.add(line);
      return;
    }
    // Known by now to differ; the next look is not due at once.
    changedAt = now;
  }
}

/** One plan starts its daemons at a time: in an emulated machine that takes all there is. */
async function alone(): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(STARTING, plan.name, { flag: 'wx' });
      return () => rmSync(STARTING);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      await pause(POLL_MS);
    }
  }
}

function prepare(): void {
  if (existsSync('/run/lab/cert.pem')) return;
  // A scheduler that is not there yet is loaded while a program waits for the kernel, which takes seconds each in an emulated machine.
  const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'mh', 'sed', 'nq', 'fo', 'ovf', 'pe_sip'];
  const modules = ['ip_vs', 'veth', 'dummy', ...schedulers.map((name) => `ip_vs_${name}`)];
  execFileSync('modprobe', ['-a', ...modules]);
  execFileSync('hostname', ['director.example']);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '/run/lab/key.pem'];
  const certificate = ['-x509', '-subj', '/CN=backend.example', '-days', '2', '-out', '/run/lab/cert.pem'];
  execFileSync('openssl', ['req', ...key, ...certificate], { stdio: 'ignore' });
}

async function carryOut(): Promise<void> {
  const sides = [new Side('keepalived', plan), new Side('keepwatch', plan)] as const;
  const [keepalived, keepwatch] = sides;
  const rounds: Findings['rounds'][number][] = [];
  const stopMs: Record<SideName, number> = { keepalived: 0, keepwatch: 0 };
  const of = <T>(pick: (side: Side) => T): Record<SideName, T> => ({
    keepalived: pick(keepalived),
    keepwatch: pick(keepwatch),
  });
  const save = (complete: boolean): void => {
    const wire = of(({ records }) => records);
    const findings: Findings = { complete, rounds, wire, logs: of((side) => side.log()), stopMs };
    writeFileSync(findingsFile, JSON.stringify(findings));
  };
  const finish = async (name: string, began: number): Promise<void> => {
    const shown = { keepalived: await keepalived.snapshot(), keepwatch: await keepwatch.snapshot() };
    rounds.push({ name, tookMs: Math.round(performance.now() - began), ...shown });
    // Part of a result is better than none when the guest is ended from outside.
    save(false);
    process.stdout.write(`${plan.name}: ${name} took ${Math.round(performance.now() - began)} ms\n`);
  };
  let done: (() => void) | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    process.once('SIGTERM', () => {
      const at = `given up in ${doing}: it took too long`;
      const differ = [...lasting].map((line) => `\n  ${line}`).join('');
      reject(new Error(differ === '' ? at : `${at}. What did not become the same:${differ}`));
    });
  });
  const work = async (): Promise<void> => {
    doing = 'waiting for the start of others';
    done = await alone();
    doing = 'start';
    prepare();
    for (const side of sides) await side.build();
    const foreign = keepalived.table().length;
    let began = performance.now();
    // In an emulated machine ours takes long to start, and keepalived's checks would only be in its way.
    keepwatch.start();
    while (keepwatch.glance().length <= foreign) {
      const ended = keepwatch.ended();
      if (ended !== undefined) throw new Error(ended);
      if (performance.now() - began > START_LIMIT_MS) throw new Error(`no virtual server came:\n${keepwatch.log()}`);
      await pause(POLL_MS);
    }
    keepalived.start();
    await rest(sides, foreign + 1);
    await finish('start', began);
    done();
    done = undefined;
    for (const [index, { name, events, reload }] of plan.rounds.entries()) {
      doing = name;
      began = performance.now();
      for (const side of sides) await side.beginRound(index + 1);
      for (const event of events) for (const side of sides) await side.happen(event);
      if (reload !== undefined) for (const side of sides) side.reload(reload);
      await rest(sides, 0);
      await finish(name, began);
    }
    doing = 'stop';
    began = performance.now();
    await Promise.all(
      sides.map(async (side) => {
        stopMs[side.name] = Math.round(await side.stop(STOP_LIMIT_MS));
      }),
    );
    await finish('stop', began);
    save(true);
  };
  try {
    await Promise.race([work(), givenUp]);
  } finally {
    done?.();
    for (const side of sides) await side.close();
  }
}

carryOut().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stdout.write(`${plan.name}: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
