import type { Reporter } from '../../../shared/config/reporter.js';
import type { Statement, Word } from '../../../shared/config/tree.js';
import type { TrackInterface } from '../model.js';

/** Weights move a priority of 1..254, so more than this cannot matter (keepalived.conf(5)). */
const MAXIMUM_WEIGHT = 253;

/** Reads the lines of `track_interface`. Of an interface that stands twice the first line counts. */
export function readTrackInterfaces(lines: readonly Statement[], report: Reporter): readonly TrackInterface[] {
  const found = new Map<string, TrackInterface>();
  for (const { words } of lines) {
    const tracked = readLine(words, report);
    if (tracked === undefined) continue;
    if (found.has(tracked.interface)) {
      const message = `'${tracked.interface}' is tracked twice; the first line counts`;
      report.warning(words[0], 'repeated-interface', message);
    } else {
      found.set(tracked.interface, tracked);
    }
  }
  return [...found.values()];
}

function readLine(words: readonly Word[], report: Reporter): TrackInterface | undefined {
  const [name, ...options] = words;
  if (name === undefined) return undefined;
  let weight = 0;
  let reverse = false;
  for (let index = 0; index < options.length; index++) {
    const option = options[index];
    if (option === undefined) break;
    if (option.text === 'reverse' || option.text === 'noreverse' || option.text === 'no_reverse') {
      reverse = option.text === 'reverse';
    } else if (option.text === 'weight') {
      const value = readWeight(option, options[++index], report);
      if (value === undefined) return undefined;
      weight = value;
    } else {
      const hint = `${name.text} weight <-${MAXIMUM_WEIGHT}..${MAXIMUM_WEIGHT}> [reverse]; one interface per line`;
      report.error(option, 'unknown-option', `unknown option '${option.text}' of a tracked interface`, hint);
      return undefined;
    }
  }
  return { interface: name.text, weight, reverse, position: report.position(name) };
}

function readWeight(option: Word, value: Word | undefined, report: Reporter): number | undefined {
  if (value === undefined) {
    report.error(option, 'missing-argument', "'weight' needs a number");
    return undefined;
  }
  if (!/^[+-]?[0-9]+$/.test(value.text)) {
    report.error(value, 'not-a-number', `'weight' needs a whole number, not '${value.text}'`);
    return undefined;
  }
  const weight = Number(value.text);
  if (Math.abs(weight) === MAXIMUM_WEIGHT + 1) {
    const limited = Math.sign(weight) * MAXIMUM_WEIGHT;
    report.warning(value, 'out-of-range', `'weight' ${value.text} is taken as ${limited}`);
    return limited;
  }
  if (Math.abs(weight) <= MAXIMUM_WEIGHT) return weight;
  report.error(value, 'out-of-range', `'weight' must be -${MAXIMUM_WEIGHT}..${MAXIMUM_WEIGHT}, not ${value.text}`);
  return undefined;
}
