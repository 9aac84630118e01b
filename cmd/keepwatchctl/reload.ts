/** `keepwatchctl reload`. */
import { ReloadResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { changeText } from './changeText.js';
import { connectTo } from './connection.js';
import { printDiagnostics } from './diagnosticText.js';
import { EXIT_GOOD, EXIT_REFUSED } from './exitCode.js';
import type { Target } from './target.js';

/** All services may have to open thousands of sockets. */
const RELOAD_DEADLINE_MS = 120_000;

/** Asks for a reload and prints what came of it. */
export async function reload(target: Target, json: boolean): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const response = await control.reload({}, { deadlineMs: RELOAD_DEADLINE_MS });
    if (json) process.stdout.write(`${JSON.stringify(ReloadResponse.toJSON(response), undefined, 2)}\n`);
    else {
      printDiagnostics(response.diagnostics, target);
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
