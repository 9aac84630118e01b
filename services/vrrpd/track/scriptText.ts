/** Results of tracking scripts in words. Pure. */
import { describeOutcome, type ScriptOutcome } from '../../shared/script/outcome.js';
import { formatDuration } from '../../shared/time/duration.js';

/** `exit 1`, `timed out after 2 s and was killed`, `killed by SIGSEGV`, `cannot be started: …`: each is told apart. */
export function resultText(outcome: ScriptOutcome): string {
  switch (outcome.kind) {
    case 'timed-out':
      return `timed out after ${formatDuration(outcome.limit)} and was killed`;
    case 'cannot-start':
      return `cannot be started: ${outcome.reason}`;
    default:
      return describeOutcome(outcome);
  }
}

/** The last line a script wrote, short enough for a log line; empty when it wrote nothing. */
export function lastLine(outputTail: string): string {
  const line = outputTail.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : ` (${line.length > 120 ? `${line.slice(0, 120)}…` : line})`;
}
