/** `keepwatchctl audit`. */
import { GetAuditResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { auditLine } from './auditText.js';
import { connectTo } from './connection.js';
import { EXIT_GOOD } from './exitCode.js';
import type { Target } from './target.js';

export interface AuditOptions {
  readonly limit: number;
  readonly sinceMs: number | undefined;
  readonly json: boolean;
}

/** Prints who changed what, oldest first. */
export async function showAudit(target: Target, { limit, sinceMs, json }: AuditOptions): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const since = sinceMs === undefined ? undefined : new Date(Date.now() - sinceMs);
    const response = await control.getAudit({ limit, since });
    process.stdout.write(
      json
        ? `${JSON.stringify(GetAuditResponse.toJSON(response), undefined, 2)}\n`
        : response.entries.map((entry) => `${auditLine(entry)}\n`).join(''),
    );
    return EXIT_GOOD;
  } finally {
    channel.close();
  }
}
