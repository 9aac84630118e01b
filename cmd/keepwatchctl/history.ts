/** `keepwatchctl history`. */
import { GetHistoryResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { connectTo } from './connection.js';
import { EXIT_GOOD } from './exitCode.js';
import { historyLine } from './historyText.js';
import type { Target } from './target.js';

export interface HistoryOptions {
  /** Empty: everything. */
  readonly subject: string;
  readonly limit: number;
  readonly sinceMs: number | undefined;
  readonly json: boolean;
}

/** Prints what changed, oldest first. */
export async function showHistory(target: Target, { subject, limit, sinceMs, json }: HistoryOptions): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const since = sinceMs === undefined ? undefined : new Date(Date.now() - sinceMs);
    const response = await control.getHistory({ subject, limit, since });
    process.stdout.write(
      json
        ? `${JSON.stringify(GetHistoryResponse.toJSON(response), undefined, 2)}\n`
        : response.entries.map((entry) => `${historyLine(entry)}\n`).join(''),
    );
    return EXIT_GOOD;
  } finally {
    channel.close();
  }
}
