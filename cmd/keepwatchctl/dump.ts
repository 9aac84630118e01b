/** `keepwatchctl dump`: everything known about a suite, for programs. */
import { SuiteStatus } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { problemsOf } from '../../services/shared/rpc/problems.js';
import { connectTo } from './connection.js';
import { EXIT_DEGRADED, EXIT_FAILED, EXIT_GOOD } from './exitCode.js';
import { keepalivedJson } from './keepalivedJson.js';
import { Failure, type Target } from './target.js';

type DumpFormat = 'json' | 'keepalived-json';

/** Prints it; the exit code is that of `status`. */
export async function dump(target: Target, format: DumpFormat): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const { status } = await control.getStatus({});
    if (status === undefined) throw new Failure(EXIT_FAILED, 'the answer carries no status');
    const content = format === 'json' ? SuiteStatus.toJSON(status) : keepalivedJson(status);
    process.stdout.write(`${JSON.stringify(content, undefined, 2)}\n`);
    return problemsOf(status).length > 0 ? EXIT_DEGRADED : EXIT_GOOD;
  } finally {
    channel.close();
  }
}
