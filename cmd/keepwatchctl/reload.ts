/** `keepwatchctl reload`. */
import { ReloadResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import type { PlannedChange } from '../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { ChangeKind } from '../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { connectTo, type Target } from './connection.js';
import { formatWireDiagnostic } from './diagnosticText.js';
import { EXIT_GOOD, EXIT_REFUSED } from './exitCode.js';

/** All services may have to open thousands of sockets. */
const RELOAD_DEADLINE_MS = 120_000;

const WORDS: Readonly<Record<number, string>> = {
  [ChangeKind.CHANGE_KIND_ADD]: 'add',
  [ChangeKind.CHANGE_KIND_REMOVE]: 'remove',
  [ChangeKind.CHANGE_KIND_UPDATE]: 'change',
  [ChangeKind.CHANGE_KIND_RESTART]: 'replace',
};

/** Asks for a reload and prints what came of it. */
export async function reload(target: Target, json: boolean): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const response = await control.reload({}, { deadlineMs: RELOAD_DEADLINE_MS });
    if (json) process.stdout.write(`${JSON.stringify(ReloadResponse.toJSON(response), undefined, 2)}\n`);
    else {
      for (const diagnostic of response.diagnostics) process.stderr.write(`${formatWireDiagnostic(diagnostic)}\n`);
      process.stdout.write(summary(response));
    }
    return response.accepted ? EXIT_GOOD : EXIT_REFUSED;
  } finally {
    channel.close();
  }
}

function summary({ accepted, generation, changes }: ReloadResponse): string {
  if (!accepted) {
    return generation === 0n ? 'Refused.\n' : `Refused: nothing was changed, generation ${generation} runs on.\n`;
  }
  return [`Generation ${generation} is in force.`, ...changes.map(changeText), ''].join('\n');
}

const changeText = ({ kind, subject, details }: PlannedChange): string =>
  `  ${WORDS[kind] ?? 'change'} ${subject}${details.length === 0 ? '' : `: ${details.join(', ')}`}`;
