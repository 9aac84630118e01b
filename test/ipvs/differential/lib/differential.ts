/** Runs configurations under both programs and holds what differs against what is explained. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { missingForGuests } from '../../lib/image.js';
import { compareFindings, type Difference } from './compareFindings.js';
import { alone, type Configuration, groupRuns, linesOf } from './configuration.js';
import { runPlans } from './guestRun.js';
import { COMMON, makePlan } from './makePlan.js';
import type { Findings } from './plan.js';

/** A difference and why it is there. */
export type Explained = Difference & { readonly reason: string };

/** More at once would only be in each other's way: the guest has two processors. */
const AT_ONCE = 2;
const BOOT_MS = 120_000;
const RUN_MS = 600_000;

/** Why nothing can be compared here; undefined when it can. */
export function missingForDifferential(): string | undefined {
  const missing = missingForGuests();
  if (missing !== undefined) return missing;
  if (!existsSync('dist/cmd/keepwatchd/main.js')) return 'not built: npm run build';
  const keepalived = ['/usr/sbin/keepalived', '/sbin/keepalived'];
  return keepalived.some((path) => existsSync(path)) ? undefined : 'needs the Debian package keepalived';
}

export const readList = (file: string): readonly Explained[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly Explained[]) : [];

/** What is new and what is gone, beside the list. */
export interface Judgement {
  readonly news: readonly Difference[];
  readonly gone: readonly Explained[];
}

/** Holds what a configuration showed against the list. */
export function judge(differences: readonly Difference[], name: string, listed: readonly Explained[]): Judgement {
  const known = listed.filter(({ configuration }) => configuration === name);
  const plain = ({ reason: _, ...difference }: Explained): Difference => difference;
  return {
    news: differences.filter((one) => !known.some((other) => isDeepStrictEqual(plain(other), one))),
    gone: known.filter((one) => !differences.some((other) => isDeepStrictEqual(plain(one), other))),
  };
}

/** Writes the part of a list that is about some configurations anew; reasons that are known are kept, the others are empty. */
export function writeList(file: string, names: readonly string[], differences: readonly Difference[]): void {
  const known = readList(file);
  const same = (left: Difference, right: Difference): boolean =>
    left.configuration === right.configuration &&
    left.what === right.what &&
    isDeepStrictEqual([left.keepalived, left.keepwatch], [right.keepalived, right.keepwatch]);
  const explained = differences.map((one) => ({
    ...one,
    reason: known.find((other) => same(one, other))?.reason ?? '',
  }));
  const others = known.filter(({ configuration }) => !names.includes(configuration));
  const sorted = [...explained, ...others].sort((left, right) => left.configuration.localeCompare(right.configuration));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}

export interface DifferentialResult {
  /** By name of the configuration; undefined where the run came to nothing. */
  readonly differences: ReadonlyMap<string, readonly Difference[] | undefined>;
  /** What the guest said, with the reasons of failures. */
  readonly output: string;
}

/** Who hears what happens while it does. */
export interface Listener {
  /** A line of the guest. */
  progress?(line: string): void;
  /** What is known of a configuration; `again`: it counts for nothing yet, it runs once more. */
  found?(name: string, differences: readonly Difference[] | undefined, again: boolean): void;
}

/**
 * Runs all of them in one guest. Those that differ in another way than listed run once more, fewer at a time: on a slow machine
 * a check may take longer than its limit, and what does not come again says nothing about the programs. Where several that
 * ran together came to nothing each runs by itself then: one may have been the ruin of all.
 */
export async function compare(
  configurations: readonly Configuration[],
  listed: readonly Explained[],
  listener: Listener = {},
): Promise<DifferentialResult> {
  const runs = groupRuns(configurations);
  const first = await runOnce(runs, listed, {
    ...listener,
    found: (name, differences) => listener.found?.(name, differences, !isExplained(differences, name, listed)),
  });
  const doubtful = configurations.filter(({ name }) => !isExplained(first.differences.get(name), name, listed));
  if (doubtful.length === 0) return first;
  const second = await runOnce(runsAgain(runs, doubtful, first.differences), listed, {
    ...listener,
    // One that was fine only ran again because those of its run did.
    found: (name, differences, again) => {
      if (doubtful.some((one) => one.name === name)) listener.found?.(name, differences, again);
    },
  });
  const again = doubtful.map(({ name }) => `${name} ran twice`);
  const last = doubtful.map(({ name }) => [name, second.differences.get(name)] as const);
  return {
    differences: new Map([...first.differences, ...last]),
    output: [first.output, ...again, second.output].join('\n'),
  };
}

/** Those that say that they belong together do so in the second try too; others of a run that came to nothing are alone. */
function runsAgain(
  runs: ReadonlyMap<string, readonly Configuration[]>,
  doubtful: readonly Configuration[],
  differences: DifferentialResult['differences'],
): ReadonlyMap<string, readonly Configuration[]> {
  const again = new Map<string, readonly Configuration[]>();
  for (const [name, those] of runs) {
    const wanted = those.filter((one) => doubtful.includes(one));
    if (wanted.length === 0) continue;
    if (those.some(({ run }) => run !== undefined)) again.set(name, those);
    else if (wanted.some((one) => differences.get(one.name) !== undefined)) again.set(name, wanted);
    else for (const one of wanted) again.set(alone(one), [one]);
  }
  return again;
}

/** The differences of a configuration are those in the list. */
function isExplained(
  differences: readonly Difference[] | undefined,
  name: string,
  listed: readonly Explained[],
): boolean {
  const { news, gone } = judge(differences ?? [], name, listed);
  return differences !== undefined && news.length + gone.length === 0;
}

async function runOnce(
  groups: ReadonlyMap<string, readonly Configuration[]>,
  listed: readonly Explained[],
  { progress, found }: Listener,
): Promise<DifferentialResult> {
  const knownToDiffer = listed
    .filter(({ what }) => what === 'table')
    .flatMap(({ keepalived, keepwatch }) => [...keepalived, ...keepwatch])
    .map((line) => `^${line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
  const runs = [...groups];
  const plans = runs.map(([name, those]) => {
    const single = those.some(({ keywords }) => keywords.includes('global_defs')) && those.length < 3;
    return makePlan(name, those, { common: single ? '' : COMMON, knownToDiffer });
  });
  const differences = new Map<string, readonly Difference[] | undefined>();
  const take = (index: number, findings: Findings | undefined): void => {
    const those = runs[index]?.[1] ?? [];
    const owners = those.map(linesOf);
    for (const [number, one] of those.entries()) {
      if (differences.has(one.name)) continue;
      // What names nobody is the first one's.
      const mine = (line: string): boolean =>
        owners[number]?.(line) === true || (number === 0 && !owners.some((owns) => owns(line)));
      differences.set(one.name, findings?.complete ? compareFindings(one, findings, mine) : undefined);
      found?.(one.name, differences.get(one.name), false);
    }
  };
  const { findings, output } = await runPlans(plans, {
    atOnce: AT_ONCE,
    planMs: RUN_MS,
    timeoutMs: BOOT_MS + RUN_MS * Math.ceil(plans.length / AT_ONCE),
    found: take,
    ...(progress ? { progress } : {}),
  });
  for (const index of runs.keys()) take(index, findings[index]);
  return { differences, output };
}
