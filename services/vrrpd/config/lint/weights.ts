/** Lint: weights that cannot cause a failover. keepalived says nothing about them. */
import type { Block } from '../../../shared/config/readBlock.js';
import { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { readTrackedNames, type TrackedName } from '../checks/tracked.js';
import * as T from '../keywords/tracking.js';

/** What the configured priority may become: an owner's 255 is out of reach (keepalived.conf(5), "Track files"). */
const LOWEST = 1;
const HIGHEST = 254;
const OWNER = 255;

/** One tracker with a weight, and what it adds in both of its states. */
export interface Weighted {
  readonly word: Word;
  readonly weight: number;
  readonly reverse: boolean;
}

/** The weight a definition gives, by name. */
export type DefaultWeights = ReadonlyMap<string, { readonly weight: number; readonly reverse: boolean }>;

/** The trackers of an instance that have a weight; undefined when one of them is a file, whose number nobody knows. */
export function weightedTrackers(
  instance: Block,
  root: Block,
  sessions: DefaultWeights,
): readonly Weighted[] | undefined {
  const silent = new Reporter([]);
  const read = (spec: (typeof T)['TRACK_SCRIPT'], defaults: DefaultWeights): readonly Weighted[] =>
    readTrackedNames(instance, spec, silent).map((name) => withDefault(name, defaults));
  const files = readTrackedNames(instance, T.TRACK_FILE, silent);
  if (files.some(({ weight }) => weight !== 0)) return undefined;
  const all = [
    ...read(T.TRACK_INTERFACE, new Map()),
    ...read(T.TRACK_SCRIPT, defaultsOf(root, T.VRRP_SCRIPT, T.SCRIPT_WEIGHT, 0)),
    ...read(T.TRACK_PROCESS, defaultsOf(root, T.VRRP_TRACK_PROCESS, T.PROCESS_WEIGHT, 1)),
    ...read(T.TRACK_BFD, sessions),
  ];
  return all.filter(({ weight }) => weight !== 0);
}

function withDefault({ word, weight, reverse }: TrackedName, defaults: DefaultWeights): Weighted {
  const given = defaults.get(word.text);
  return { word, weight: weight ?? given?.weight ?? 0, reverse: reverse ?? given?.reverse ?? false };
}

function defaultsOf(
  root: Block,
  definition: typeof T.VRRP_SCRIPT | typeof T.VRRP_TRACK_PROCESS,
  keyword: typeof T.SCRIPT_WEIGHT,
  otherwise: number,
): DefaultWeights {
  return new Map(
    root.all(definition).map((found) => {
      const [weight = otherwise, direction] = found.block.last(keyword)?.values ?? [];
      return [found.values[0], { weight, reverse: direction === 'reverse' }];
    }),
  );
}

/** What a tracker adds while it is good and while it has failed (keepalived.conf(5), `track_interface`). */
export function effectOf({ weight, reverse }: Weighted): { readonly good: number; readonly failed: number } {
  const signed = reverse ? -weight : weight;
  return weight > 0 ? { good: signed, failed: 0 } : { good: 0, failed: signed };
}

const limited = (priority: number): number => Math.min(HIGHEST, Math.max(LOWEST, priority));

/**
 * Reports each tracker whose failure alone leaves the priority as it is, because the priority is at the end of its range
 * with or without it. `priority`: as configured; an owner's does not move and is not looked at.
 */
export function lintWeights(name: string, priority: number, trackers: readonly Weighted[], report: Reporter): void {
  if (priority === OWNER) return;
  const allGood = trackers.reduce((sum, tracker) => sum + effectOf(tracker).good, priority);
  for (const tracker of trackers) {
    const { good, failed } = effectOf(tracker);
    const before = limited(allGood);
    const after = limited(allGood - good + failed);
    if (before !== after) continue;
    const end = before === HIGHEST ? `at most ${HIGHEST}` : `at least ${LOWEST}`;
    const message = `${name}: the failure of ${tracker.word.text} does not change the priority, which stays ${before}`;
    const wanted = before === HIGHEST ? 'lower' : 'raise';
    const hint = `priority and weights together are ${allGood - good + failed}, and a priority is ${end}: ${wanted} them, or use weight 0`;
    report.warning(tracker.word, 'weight-without-effect', message, hint);
  }
}

/**
 * Reports weights beside `nopreempt`: a backup with nopreempt does not take over from a master whose priority fell, so
 * the weight moves nothing but numbers where all routers have it.
 */
export function lintWeightsWithoutPreemption(name: string, trackers: readonly Weighted[], report: Reporter): void {
  for (const { word } of trackers) {
    const message = `${name}: the weight of ${word.text} causes no failover where the backup has nopreempt, like this one`;
    const hint = 'use weight 0, so that a failure means FAULT, or remove nopreempt';
    report.warning(word, 'weight-without-effect', message, hint);
  }
}
