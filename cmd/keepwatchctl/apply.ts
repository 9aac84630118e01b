/** `keepwatchctl apply`, `confirm` and `rollback`: a configuration for good, or on trial. */
import { realpathSync } from 'node:fs';
import type { ConfigTree } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { ApplyConfigResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { formatDuration, type Micros, seconds, toMillis } from '../../services/shared/time/duration.js';
import { exitCodeFor } from '../keepwatchd/exitCode.js';
import { findingsWithSource } from '../keepwatchd/findings.js';
import { type ConfigPlace, loadFile } from '../keepwatchd/loadFile.js';
import { changeText } from './changeText.js';
import { connectTo } from './connection.js';
import { printDiagnostics } from './diagnosticText.js';
import { EXIT_FAILED, EXIT_GOOD, EXIT_REFUSED } from './exitCode.js';
import { Failure, type Target } from './target.js';

const APPLY_DEADLINE_MS = 120_000;
const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };

/** `60s`, `1.5m`, `500ms`, `90` (seconds); undefined for anything else and for nothing at all. */
export function parseTrialTime(text: string): Micros | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|min|m|h)?$/.exec(text) ?? [];
  const value = Number(number) * (UNITS[unit === '' ? 's' : unit] ?? Number.NaN);
  return number !== '' && value > 0 && Number.isFinite(value) ? seconds(value) : undefined;
}

/** Puts a file in force; with `confirmWithin` only until that time is over, unless it is confirmed. */
export async function apply(
  target: Target,
  place: ConfigPlace & { readonly configFile: string },
  confirmWithin: Micros | undefined,
  json: boolean,
): Promise<number> {
  const { tree, diagnostics } = loadFile(place);
  if (diagnostics.some(({ severity }) => severity === 'error')) {
    process.stderr.write(findingsWithSource(diagnostics));
    return exitCodeFor(diagnostics);
  }
  const { channel, control } = connectTo(target);
  try {
    const response = await control.applyConfig(
      {
        // The wire type has the same shape with mutable lists; nobody changes them.
        tree: tree as ConfigTree,
        source: realpathSync(place.configFile),
        confirmWithinMs: BigInt(confirmWithin === undefined ? 0 : Math.round(toMillis(confirmWithin))),
      },
      { deadlineMs: APPLY_DEADLINE_MS },
    );
    if (json) process.stdout.write(`${JSON.stringify(ApplyConfigResponse.toJSON(response), undefined, 2)}\n`);
    else {
      process.stderr.write(findingsWithSource(diagnostics));
      printDiagnostics(response.diagnostics, target);
      process.stdout.write(summary(response, confirmWithin));
    }
    return response.accepted ? EXIT_GOOD : EXIT_REFUSED;
  } finally {
    channel.close();
  }
}

/** Keeps what is on trial. */
export async function confirm(target: Target): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const { confirmed, generation } = await control.confirm({});
    if (!confirmed)
      throw new Failure(EXIT_FAILED, 'no configuration is on trial; it may have been rolled back already');
    process.stdout.write(`Generation ${generation} stays in force.\n`);
    return EXIT_GOOD;
  } finally {
    channel.close();
  }
}

/** Ends a trial. */
export async function rollback(target: Target): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const { rolledBack, generation } = await control.rollback({}, { deadlineMs: APPLY_DEADLINE_MS });
    if (!rolledBack)
      throw new Failure(EXIT_FAILED, 'nothing was rolled back: no configuration is on trial, or see the log');
    process.stdout.write(`The configuration before the trial is in force again, as generation ${generation}.\n`);
    return EXIT_GOOD;
  } finally {
    channel.close();
  }
}

function summary({ accepted, generation, changes }: ApplyConfigResponse, confirmWithin: Micros | undefined): string {
  if (!accepted) return `Refused: nothing was changed, generation ${generation} runs on.\n`;
  const trial =
    confirmWithin === undefined
      ? []
      : [`On trial: without keepwatchctl confirm it goes in ${formatDuration(confirmWithin)}.`];
  return [`Generation ${generation} is in force.`, ...changes.map(changeText), ...trial, ''].join('\n');
}
