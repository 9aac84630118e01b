/** Runs configurations under both programs and holds what differs against what is explained. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { missingForGuests } from '../../lib/image.js';
import { compareFindings, type Difference } from './compareFindings.js';
import { type Configuration, groupRuns, linesOf } from './configuration.js';
import { runPlans } from './guestRun.js';
import { COMMON, makePlan } from './makePlan.js';

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

/** Writes a list anew; reasons that are known are kept, the others are empty. */
export function writeList(file: string, differences: readonly Difference[]): void {
  const known = readList(file);
  const same = (left: Difference, right: Difference): boolean =>
    left.configuration === right.configuration &&
    left.what === right.what &&
    isDeepStrictEqual([left.keepalived, left.keepwatch], [right.keepalived, right.keepwatch]);
  const explained = differences.map((one) => ({
    ...one,
    reason: known.find((other) => same(one, other))?.reason ?? '',
  }));
  writeFileSync(file, `${JSON.stringify(explained, null, 2)}\n`);
}

export interface DifferentialResult {
  /** By name of the configuration; undefined where the run came to nothing. */
  readonly differences: ReadonlyMap<string, readonly Difference[] | undefined>;
  /** What the guest said, with the reasons of failures. */
  readonly output: string;
}

/**
 * Runs all of them in one guest. Those that differ in another way than listed run once more, fewer at a time: on a slow machine
 * a check may take longer than its limit, and what does not come again says nothing about the programs.
 */
export async function compare(
  configurations: readonly Configuration[],
  listed: readonly Explained[],
): Promise<DifferentialResult> {
  const first = await runOnce(configurations, listed);
  const doubtful = configurations.filter(({ name }) => !isExplained(first.differences.get(name), name, listed));
  if (doubtful.length === 0) return first;
  const second = await runOnce(doubtful, listed);
  const again = doubtful.map(({ name }) => `${name} ran twice`);
  return {
    differences: new Map([...first.differences, ...second.differences]),
    output: [first.output, ...again, second.output].join('\n'),
  };
}

/** The differences of a configuration are those in the list. */
function isExplained(
  differences: readonly Difference[] | undefined,
  name: string,
  listed: readonly Explained[],
): boolean {
  const explained = listed.filter(({ configuration }) => configuration === name);
  return isDeepStrictEqual(
    differences,
    explained.map(({ reason: _, ...difference }) => difference),
  );
}

async function runOnce(
  configurations: readonly Configuration[],
  listed: readonly Explained[],
): Promise<DifferentialResult> {
  const knownToDiffer = listed
    .filter(({ what }) => what === 'table')
    .flatMap(({ keepalived, keepwatch }) => [...keepalived, ...keepwatch])
    .map((line) => `^${line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
  const runs = [...groupRuns(configurations)];
  const plans = runs.map(([name, those]) => {
    const alone = those.some(({ keywords }) => keywords.includes('global_defs')) && those.length < 3;
    return makePlan(name, those, { common: alone ? '' : COMMON, knownToDiffer });
  });
  const limitMs = BOOT_MS + RUN_MS * Math.ceil(plans.length / AT_ONCE);
  const { findings, output } = await runPlans(plans, AT_ONCE, limitMs);
  const differences = new Map<string, readonly Difference[] | undefined>();
  for (const [index, [, those]] of runs.entries()) {
    const found = findings[index];
    const owners = those.map(linesOf);
    for (const [number, one] of those.entries()) {
      // What names nobody is the first one's.
      const mine = (line: string): boolean =>
        owners[number]?.(line) === true || (number === 0 && !owners.some((owns) => owns(line)));
      differences.set(one.name, found?.complete ? compareFindings(one, found, mine) : undefined);
    }
  }
  return { differences, output };
}
