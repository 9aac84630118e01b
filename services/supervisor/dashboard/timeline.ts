/** The history as the page shows it. Pure. */
import type { HistoryEntry } from '../../shared/rpc/generated/keepwatch/v1/control.js';
import type { TimelineEntry, Tone } from './view.js';

/** `number`: its place among all entries. */
export const timelineEntry = (entry: HistoryEntry, number: number): TimelineEntry => ({
  number,
  at: entry.at?.getTime() ?? 0,
  subject: entry.subject,
  change: entry.change,
  cause: entry.cause,
  tone: toneOf(entry),
});

/** By the state a thing has come to, or by the event. */
function toneOf({ change, code }: HistoryEntry): Tone {
  for (const [pattern, tone] of TONES) if (pattern.test(change)) return tone;
  return TONE_OF_EVENT.get(code) ?? 'calm';
}

const TONES: readonly (readonly [RegExp, Tone])[] = [
  [/-> MASTER$/, 'master'],
  [/-> BACKUP$/, 'backup'],
  [/-> (?:FAULT|Down|bad)$|^(?:quorum )?DOWN$|failed$/, 'bad'],
  [/^(?:quorum )?UP$|-> (?:good|Up)$/, 'good'],
  [/-> (?:INIT|STOP|Init|AdminDown|pending|ignored)$|^priority /, 'busy'],
];

const TONE_OF_EVENT: ReadonlyMap<string, Tone> = new Map([
  ['service-died', 'bad'],
  ['service-hung', 'bad'],
  ['service-lost', 'bad'],
  ['service-refused', 'bad'],
  ['crash-loop', 'bad'],
  ['reload-refused', 'bad'],
  ['rollback-failed', 'bad'],
  ['upgrade-failed', 'bad'],
  ['spare-died', 'busy'],
  ['spare-hung', 'busy'],
  ['rolled-back', 'busy'],
  ['order-given', 'busy'],
  ['order-ended', 'busy'],
  ['stopping', 'busy'],
  ['ready', 'good'],
  ['service-ready', 'good'],
]);
