/** `keepwatchctl explain`. */
import { connectTo } from './connection.js';
import { EXIT_FAILED, EXIT_GOOD, EXIT_USAGE } from './exitCode.js';
import { explainInstance } from './explainInstance.js';
import { Failure, type Target } from './target.js';

/** Prints in plain words why an instance is what it is, and what would change it. */
export async function explain(target: Target, name: string): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const { status } = await control.getStatus({});
    if (status === undefined) throw new Failure(EXIT_FAILED, 'the answer carries no status');
    const { entries } = await control.getHistory({ limit: 0, subject: '', since: undefined });
    const lines = explainInstance(status, entries, name, new Date());
    if (lines === undefined) {
      const names = (status.vrrp?.instances ?? []).map((instance) => instance.name);
      const known = names.length === 0 ? 'there are none' : `there are ${names.slice(0, 20).join(', ')}`;
      throw new Failure(EXIT_USAGE, `no VRRP instance ${name}; ${known}`);
    }
    process.stdout.write(`${lines.join('\n')}\n`);
    return EXIT_GOOD;
  } finally {
    channel.close();
  }
}
