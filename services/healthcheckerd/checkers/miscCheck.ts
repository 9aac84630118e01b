/** MISC_CHECK: a program says up or down by its exit status, and with `misc_dynamic` a weight. */
import type { Logger } from '../../shared/log/logger.js';
import { clearScript } from '../../shared/script/clearance.js';
import type { AccountDatabase } from '../../shared/script/identity.js';
import { describeOutcome, type ScriptOutcome } from '../../shared/script/outcome.js';
import { signalGroup } from '../../shared/script/processGroup.js';
import type { RunningScript, ScriptRunner } from '../../shared/script/run.js';
import { formatDuration, toMillis } from '../../shared/time/duration.js';
import type { CheckResult } from '../checker.js';
import type { MiscCheckConfig } from '../config/checkerModel.js';
import { SingleResult } from './singleResult.js';

/** What scripts are run with. */
export interface ScriptTools {
  readonly runner: ScriptRunner;
  readonly accounts: AccountDatabase;
  readonly logger: Logger;
}

/** Insecure scripts already told of. */
const warned = new Set<string>();

/** What an exit status means (keepalived.conf(5), MISC_CHECK). */
export function judgeOutcome(outcome: ScriptOutcome, dynamic: boolean): CheckResult {
  if (outcome.kind === 'cannot-start') return { kind: 'undecided', reason: outcome.reason };
  if (outcome.kind === 'exited') {
    if (outcome.code === 0) return { kind: 'success' };
    if (dynamic && outcome.code >= 2) return { kind: 'success', weight: { set: outcome.code - 2 } };
  }
  return { kind: 'failure', reason: describeOutcome(outcome) };
}

/** Runs one MISC_CHECK; see Prober.start. */
export function startMiscCheck(
  config: MiscCheckConfig,
  tools: ScriptTools,
  ended: (result: CheckResult) => void,
): () => void {
  let running: RunningScript | undefined;
  const result = new SingleResult(ended, () => {});
  result.after(toMillis(config.timeout), () => {
    result.tell({
      kind: 'failure',
      reason: `not finished within ${formatDuration(config.timeout)}`,
      mail: 'MISC CHECK timed out on service',
    });
    // SIGTERM, and after two seconds SIGKILL, to all its children too.
    running?.stop();
  });
  void launch(config, tools, result, (script) => {
    running = script;
  }).catch((error: unknown) => {
    result.tell({ kind: 'undecided', reason: error instanceof Error ? error.message : String(error) });
  });
  return () => {
    result.cancel();
    // Nobody waits for it any more, and soon nobody may be there to send a second signal.
    if (running?.pid !== undefined) signalGroup(running.pid, 'SIGKILL');
  };
}

async function launch(
  { script, defaultUser, security, dynamic }: MiscCheckConfig,
  { runner, accounts, logger }: ScriptTools,
  result: SingleResult,
  started: (running: RunningScript) => void,
): Promise<void> {
  const cleared = await clearScript(accounts, script, { ...defaultUser, security });
  if (!cleared.ok) return result.tell({ kind: 'undecided', reason: cleared.reason });
  const { argv, identity, risk } = cleared;
  if (risk !== undefined && !warned.has(risk)) {
    warned.add(risk);
    logger.warn(`MISC_CHECK ${script.argv[0]} runs as root, and ${risk}`);
  }
  if (result.over) return;
  const running = runner.run({ argv, identity, output: { to: 'nowhere' } });
  started(running);
  const { outcome } = await running.ended;
  result.tell(judgeOutcome(outcome, dynamic));
}
