/** `keepwatchctl log-level`. */
import { connectTo } from './connection.js';
import { EXIT_GOOD } from './exitCode.js';
import type { Target } from './target.js';

/** Has one service, or all of the suite, log from a level on until it ends. */
export async function setLogLevel(target: Target, service: string, level: string): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const { changes } = await control.setServiceLogLevel({ service, level });
    process.stdout.write(changes.map((change) => `${change}\n`).join(''));
    return EXIT_GOOD;
  } finally {
    channel.close();
  }
}
