/** The configuration in force, kept in the run directory for a supervisor that has to take over running services. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigTree } from '../shared/rpc/generated/keepwatch/v1/common.js';
import { SERVICE_NAMES, type ServiceName } from '../shared/rpc/service.js';
import type { ConfigParts } from './parts.js';

export interface AcceptedConfig {
  readonly generation: bigint;
  readonly configuredAt: Date;
  readonly parts: ConfigParts;
}

const fileIn = (runDir: string): string => join(runDir, 'keepwatchd.accepted');

/** Writes the record whole or not at all, mode 0600: it holds what the configuration holds, passwords too. */
export function writeAccepted(runDir: string, { generation, configuredAt, parts }: AcceptedConfig): void {
  const text = JSON.stringify({
    generation: String(generation),
    configuredAt: configuredAt.toISOString(),
    parts: Object.fromEntries(parts),
  });
  const file = fileIn(runDir);
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The record; undefined when there is none or it is damaged, which costs a push of the configuration, nothing more. */
export function readAccepted(runDir: string): AcceptedConfig | undefined {
  try {
    const record = JSON.parse(readFileSync(fileIn(runDir), 'utf8')) as {
      generation: string;
      configuredAt: string;
      parts: Partial<Record<ServiceName, ConfigTree>>;
    };
    const parts = new Map<ServiceName, ConfigTree>();
    for (const name of SERVICE_NAMES) {
      const tree = record.parts[name];
      if (tree !== undefined) parts.set(name, tree);
    }
    return { generation: BigInt(record.generation), configuredAt: new Date(record.configuredAt), parts };
  } catch {
    return undefined;
  }
}

/** Whether two configurations say the same to every service (positions count: diagnostics point at them). */
export const sameParts = (one: ConfigParts, other: ConfigParts): boolean =>
  SERVICE_NAMES.every((name) => JSON.stringify(one.get(name)) === JSON.stringify(other.get(name)));
