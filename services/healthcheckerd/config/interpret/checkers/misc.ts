import type { Occurrence } from '../../../../shared/config/readBlock.js';
import type { Reporter } from '../../../../shared/config/reporter.js';
import { readScript } from '../../../../shared/config/scriptWords.js';
import type { MiscCheckConfig } from '../../checkerModel.js';
import * as C from '../../keywords/checkers.js';
import type { CheckerDefaults } from '../surroundings.js';
import { readTiming, resolveTiming } from '../timing.js';

/** Reads a MISC_CHECK; undefined without a script, which is reported. */
export function readMiscCheck(
  { block, keyword }: Occurrence,
  defaults: CheckerDefaults,
  report: Reporter,
): MiscCheckConfig | undefined {
  const path = block.last(C.MISC_PATH);
  const script = path === undefined ? undefined : readScript(path.statement.words, report);
  if (script === undefined) return undefined;
  const [user, group] = block.last(C.MISC_USER)?.values ?? [];
  const timing = resolveTiming(readTiming(block, defaults.timing), { retry: 0 });
  const { security, ...defaultUser } = defaults.surroundings.scripts;
  const timeout = block.last(C.MISC_TIMEOUT)?.values[0] ?? 0;
  return {
    kind: 'misc',
    script: { ...script, ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }) },
    defaultUser,
    security,
    timeout: timeout === 0 ? timing.delayLoop : timeout,
    dynamic: block.has(C.MISC_DYNAMIC),
    timing,
    position: report.position(keyword),
  };
}
