/** `keepwatchctl plan`: asks the suite what a reload would do. */
import type { ConfigTree } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { exitCodeFor } from '../keepwatchd/exitCode.js';
import { findingsWithSource } from '../keepwatchd/findings.js';
import { type ConfigPlace, loadFile } from '../keepwatchd/loadFile.js';
import { connectTo } from './connection.js';
import { printDiagnostics } from './diagnosticText.js';
import { printPlan } from './planText.js';
import type { Target } from './target.js';

const PLAN_DEADLINE_MS = 60_000;

/** Plans a file read here, or the suite's own; prints what the suite answers. */
export async function planReload(target: Target, place: ConfigPlace | undefined, json: boolean): Promise<number> {
  const loaded = place === undefined ? undefined : loadFile(place);
  if (loaded?.diagnostics.some(({ severity }) => severity === 'error')) {
    process.stderr.write(findingsWithSource(loaded.diagnostics));
    return exitCodeFor(loaded.diagnostics);
  }
  const { channel, control } = connectTo(target);
  try {
    if (!json && loaded !== undefined) process.stderr.write(findingsWithSource(loaded.diagnostics));
    // The wire type has the same shape with mutable lists; nobody changes them.
    const tree = loaded?.tree as ConfigTree | undefined;
    const plan = await control.planReload({ tree }, { deadlineMs: PLAN_DEADLINE_MS });
    if (!json) printDiagnostics(plan.diagnostics, target);
    return printPlan(plan, { json, movesKnown: true });
  } finally {
    channel.close();
  }
}
