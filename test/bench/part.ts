/** What all parts of the bench share: how they run the programs, and how their numbers read and are judged. */
import { keepalived, keepwatch, type Software } from '../topology/lib/software.js';
import { type Summary, summarize } from './statistics.js';
import type { Row } from './table.js';

/** How much to measure. */
export interface Effort {
  readonly rounds: number;
  readonly adverts: number;
  /** Length of an observation that has no end of its own, in seconds. */
  readonly seconds: number;
  /** Upgrades in a row, where another number than the usual one is asked for. */
  readonly upgrades?: number;
}

/** What a part found: raw samples for a program to read, and rows for a human. */
export interface PartResult {
  readonly samples: Readonly<Record<string, unknown>>;
  readonly rows: readonly Row[];
}

export type Part = (programs: readonly Software[], effort: Effort) => Promise<PartResult>;

/** By the name of the program. */
export type PerProgram<T> = Record<string, T>;

export const ms = (value: number, digits = 2): string => `${value.toFixed(digits)} ms`;
export const megabytes = (kilobytes: number): string => `${(kilobytes / 1024).toFixed(1)} MB`;

/** The cells of a row. */
export function cells<T>(found: PerProgram<T>, text: (value: T) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(found).map(([program, value]) => [program, text(value)]));
}

/** Judges ours beside theirs; without one of the two there is no verdict. */
export function judge<T>(found: PerProgram<T>, verdict: (ours: T, theirs: T) => boolean): boolean | undefined {
  const ours = found[keepwatch.name];
  const theirs = found[keepalived.name];
  return ours === undefined || theirs === undefined ? undefined : verdict(ours, theirs);
}

/** Judges ours alone. */
export function judgeOurs<T>(found: PerProgram<T>, verdict: (ours: T) => boolean): boolean | undefined {
  const ours = found[keepwatch.name];
  return ours === undefined ? undefined : verdict(ours);
}

/** One after the other: what needs the processor must not disturb the other's timing. */
export async function inTurn<T>(
  programs: readonly Software[],
  measure: (program: Software) => Promise<T>,
): Promise<PerProgram<T>> {
  const found: PerProgram<T> = {};
  for (const program of programs) found[program.name] = await measure(program);
  return found;
}

/** Round after round, each with every program: what else the machine does meanwhile hits both alike. */
export async function alternately<T>(
  programs: readonly Software[],
  rounds: number,
  measure: (program: Software) => Promise<T>,
): Promise<PerProgram<T[]>> {
  const found: PerProgram<T[]> = Object.fromEntries(programs.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const program of programs) found[program.name]?.push(await measure(program));
  }
  return found;
}

/** Side by side: quiet measurements that only take time, under the same load of the machine. */
export async function together<T>(
  programs: readonly Software[],
  measure: (program: Software) => Promise<T>,
): Promise<PerProgram<T>> {
  const found = await Promise.all(programs.map(async (program) => [program.name, await measure(program)] as const));
  return Object.fromEntries(found) as PerProgram<T>;
}

/** Another value for each program. */
export function mapValues<T, U>(found: PerProgram<T>, change: (value: T) => U): PerProgram<U> {
  return Object.fromEntries(Object.entries(found).map(([program, value]) => [program, change(value)]));
}

export const summaries = (samples: PerProgram<number[]>): PerProgram<Summary> => mapValues(samples, summarize);

/** The medians of one number of each sample. */
export const mediansOf = <T>(samples: PerProgram<T[]>, pick: (sample: T) => number): PerProgram<number> =>
  mapValues(samples, (list) => summarize(list.map(pick)).p50);
