/** What one reading means for priority and participation, by keepalived's rules. Pure. */
import type { TrackLine } from '../config/model.js';
import type { FaultReason } from '../fsm/events.js';
import type { Reading } from './reading.js';

/** A number beyond this, times its weight, is a fault (below) or is taken as this (above): keepalived.conf(5), "Track files". */
const MOST = 253;

/** The effect of one tracker. At most one of the fields is set; none: it changes nothing. */
export interface Effect {
  /** What it adds to the priority, not 0. */
  readonly adds?: number;
  /** The instance cannot take part, because… */
  readonly fault?: FaultReason;
  /** An instance that has not begun waits, because… */
  readonly wait?: FaultReason;
}

const NOTHING: Effect = {};

/** What `reading` means to an instance or group that tracks it by `line`; undefined = not known yet. */
export function weigh(line: TrackLine, reading: Reading | undefined): Effect {
  const condition = reading?.condition ?? 'pending';
  if (reading === undefined || condition === 'pending') return pending(line, reading?.assumed === 'bad');
  if (condition === 'ignored') return NOTHING;
  if (reading.value !== undefined) return weighNumber(line, reading.value, reading);
  const good = (condition === 'good') !== line.reverse;
  if (line.weight === 0) return good ? NOTHING : { fault: faultOf(line, reading) };
  const counts = line.weight > 0 ? condition === 'good' : condition === 'bad';
  return counts ? adding(line.reverse ? -line.weight : line.weight) : NOTHING;
}

/** A file's number: without weight anything but 0 has failed, with one it is multiplied. */
function weighNumber(line: TrackLine, value: number, reading: Reading): Effect {
  if (line.weight === 0) return (value !== 0) !== line.reverse ? { fault: faultOf(line, reading) } : NOTHING;
  const product = value * line.weight * (line.reverse ? -1 : 1);
  return product < -MOST ? { fault: faultOf(line, reading) } : adding(Math.min(MOST, product));
}

/** Files and processes are known within moments, whatever they weigh; the first run of a script may take long. */
function pending(line: TrackLine, failed: boolean): Effect {
  if (failed && line.weight < 0) return adding(line.reverse ? -line.weight : line.weight);
  const isAtOnce = line.kind === 'file' || line.kind === 'process';
  if (line.weight !== 0 && !isAtOnce) return NOTHING;
  return { wait: { code: 'tracker-pending', text: `waits for the first result of ${line.kind} ${line.name}` } };
}

// Never -0: it would show in the terms.
const adding = (adds: number): Effect => (adds === 0 ? NOTHING : { adds });

const faultOf = (line: TrackLine, reading: Reading): FaultReason => ({
  code: `tracked-${line.kind}`,
  text: `tracked ${line.kind} ${line.name}${line.reverse ? ' (reverse)' : ''}: ${reading.detail}`,
});
