/** `keepwatchctl status`. */
import { SuiteStatus } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { problemsOf } from '../../services/shared/rpc/problems.js';
import { coloursFor } from './colours.js';
import { connectTo } from './connection.js';
import { EXIT_DEGRADED, EXIT_FAILED, EXIT_GOOD } from './exitCode.js';
import { renderStatus } from './renderStatus.js';
import { Failure, type Target } from './target.js';

/** Prints the status once; the exit code tells whether something needs attention. */
export async function showStatus(target: Target, json: boolean): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const { status } = await control.getStatus({});
    if (status === undefined) throw new Failure(EXIT_FAILED, 'the answer carries no status');
    const text = json
      ? `${JSON.stringify(SuiteStatus.toJSON(status), undefined, 2)}\n`
      : renderStatus(status, new Date(), coloursFor(process.stdout));
    process.stdout.write(text);
    return problemsOf(status).length > 0 ? EXIT_DEGRADED : EXIT_GOOD;
  } finally {
    channel.close();
  }
}
