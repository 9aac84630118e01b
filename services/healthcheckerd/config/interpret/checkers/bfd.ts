import type { Occurrence } from '../../../../shared/config/readBlock.js';
import type { Reporter } from '../../../../shared/config/reporter.js';
import { seconds } from '../../../../shared/time/duration.js';
import type { BfdCheckConfig } from '../../checkerModel.js';
import * as C from '../../keywords/checkers.js';
import type { CheckerDefaults } from '../surroundings.js';
import { resolveTiming } from '../timing.js';

/** Reads a BFD_CHECK; undefined when it names no session, which is reported elsewhere. */
export function readBfdCheck(
  { block, keyword }: Occurrence,
  defaults: CheckerDefaults,
  report: Reporter,
): BfdCheckConfig | undefined {
  const name = block.last(C.CHECK_SESSION)?.values[0];
  if (name === undefined) return undefined;
  return {
    kind: 'bfd',
    name,
    // It has no timing of its own: bfdd tells when the session changes. Only alpha comes from above.
    timing: { ...resolveTiming(defaults.timing), retry: 0, warmup: seconds(0) },
    position: report.position(keyword),
  };
}
