/** What instances and groups track beside interfaces: lines, with what their definitions say. */
import type { KeywordSpec } from '../../../shared/config/keyword.js';
import type { Block } from '../../../shared/config/readBlock.js';
import { Reporter } from '../../../shared/config/reporter.js';
import { readTrackedNames } from '../checks/tracked.js';
import * as T from '../keywords/tracking.js';
import type { TrackerKind, TrackLine } from '../model.js';

/** Beyond this a weight means nothing more (keepalived.conf(5)); keepalived takes 254 of a script as 253. */
const MAXIMUM_WEIGHT = 253;
const PRIORITY_OWNER = 255;

/** What the definition of a tracker says about its weight. */
export interface DefaultWeight {
  readonly weight: number;
  readonly reverse: boolean;
}

/** What can be tracked, by kind and name. */
export type Trackable = ReadonlyMap<TrackerKind, ReadonlyMap<string, DefaultWeight>>;

const KINDS: readonly { readonly kind: TrackerKind; readonly spec: KeywordSpec }[] = [
  { kind: 'script', spec: T.TRACK_SCRIPT },
  { kind: 'file', spec: T.TRACK_FILE },
  { kind: 'process', spec: T.TRACK_PROCESS },
  { kind: 'bfd', spec: T.TRACK_BFD },
];

/** Reads the lines of an instance or group. What is wrong in them is reported by `checkBlocks`. */
export function readTrackers(block: Block, trackable: Trackable, report: Reporter): readonly TrackLine[] {
  const silent = new Reporter([]);
  return KINDS.flatMap(({ kind, spec }) =>
    readTrackedNames(block, spec, silent).flatMap(({ word, weight, reverse }) => {
      const given = trackable.get(kind)?.get(word.text);
      if (given === undefined) return [];
      const wanted = weight ?? given.weight;
      const limit = kind === 'script' ? MAXIMUM_WEIGHT : Number.POSITIVE_INFINITY;
      return {
        kind,
        name: word.text,
        weight: Math.max(-limit, Math.min(limit, wanted)),
        reverse: reverse ?? given.reverse,
        position: report.position(word),
      };
    }),
  );
}

/** An owner's priority does not move, so only what has weight 0 is tracked (keepalived.conf(5), `priority`). */
export function trackersOfOwner(
  name: string,
  priority: number,
  lines: readonly TrackLine[],
  report: Reporter,
): readonly TrackLine[] {
  if (priority !== PRIORITY_OWNER) return lines;
  return lines.filter((line) => {
    if (line.weight === 0) return true;
    const message = `${name}: the weight of ${line.kind} ${line.name} cannot move priority ${PRIORITY_OWNER}; it is not tracked`;
    report.warningAt(line.position, 'ignored', message);
    return false;
  });
}
