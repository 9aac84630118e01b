import type { Occurrence } from '../../../../shared/config/readBlock.js';
import type { Reporter } from '../../../../shared/config/reporter.js';
import { seconds } from '../../../../shared/time/duration.js';
import type { FileCheckConfig } from '../../checkerModel.js';
import * as C from '../../keywords/checkers.js';
import type { CheckerDefaults } from '../surroundings.js';
import { resolveTiming } from '../timing.js';

/** Reads a FILE_CHECK; undefined when there is no such `track_file`, which is reported elsewhere. */
export function readFileCheck(
  { block, keyword }: Occurrence,
  defaults: CheckerDefaults,
  report: Reporter,
): FileCheckConfig | undefined {
  const name = block.last(C.CHECK_FILE)?.values[0];
  const file = name === undefined ? undefined : defaults.surroundings.trackFiles.get(name);
  if (name === undefined || file === undefined) return undefined;
  const own = block.last(C.FILE_WEIGHT)?.values;
  const [weight, direction] = own ?? [file.weight, file.reverse ? 'reverse' : undefined];
  return {
    kind: 'file',
    name,
    path: file.path,
    weight,
    reverse: direction === 'reverse',
    ...(file.init === undefined ? {} : { init: file.init }),
    // It has no timing of its own: the file is read at once and with every change. Only alpha comes from above.
    timing: { ...resolveTiming(defaults.timing), retry: 0, warmup: seconds(0) },
    position: report.position(keyword),
  };
}
