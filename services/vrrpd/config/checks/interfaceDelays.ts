import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { type Micros, seconds } from '../../../shared/time/duration.js';
import { INTERFACE_UP_DOWN_DELAYS } from '../keywords.js';

/** keepalived.conf(5), "Interface up/down status change debouncing". */
const MAXIMUM_S = 255;

/** One line of `interface_up_down_delays`. */
export interface InterfaceDelay {
  readonly word: Word;
  readonly down: Micros;
  readonly up: Micros;
}

/** Reads `interface_up_down_delays`, by interface; what is wrong is reported. */
export function readInterfaceDelays(block: Block, report: Reporter): ReadonlyMap<string, InterfaceDelay> {
  const delays = new Map<string, InterfaceDelay>();
  for (const { words } of block.lines(INTERFACE_UP_DOWN_DELAYS)) {
    const [word, downWord, upWord, extra] = words;
    if (word === undefined) continue;
    if (downWord === undefined) {
      report.tolerable(word, 'missing-argument', `'${word.text}' needs a delay: interface down_delay [up_delay]`);
      continue;
    }
    const down = readDelay(downWord, report);
    const up = upWord === undefined ? down : readDelay(upWord, report);
    if (extra !== undefined) report.warning(extra, 'extra-words', `'${extra.text}' after the delays is ignored`);
    if (down === undefined || up === undefined) continue;
    if (delays.has(word.text)) {
      report.warning(word, 'repeated-interface', `'${word.text}' stands here a second time; the last one counts`);
    }
    delays.set(word.text, { word, down, up });
  }
  return delays;
}

function readDelay(word: Word, report: Reporter): Micros | undefined {
  const value = Number(word.text);
  if (/^[0-9]*\.?[0-9]+$/.test(word.text) && value <= MAXIMUM_S) return seconds(value);
  report.tolerable(word, 'out-of-range', `a delay is 0..${MAXIMUM_S} s, not '${word.text}'`);
  return undefined;
}
