/** The configuration in force, kept in the run directory for a supervisor that has to take over running services. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Placement } from '../shared/config/placement.js';
import { SERVICE_NAMES } from '../shared/rpc/service.js';
import { type ConfigParts, partsFromJson } from './parts.js';
import { placementChanges } from './placement.js';

export interface AcceptedConfig {
  readonly generation: bigint;
  readonly configuredAt: Date;
  readonly parts: ConfigParts;
  /** Where the services run. */
  readonly placement: Placement;
  /** Where it came from when that is not the suite's own file as it was read; empty otherwise. A restart keeps it. */
  readonly appliedFrom: string;
}

const fileIn = (runDir: string): string => join(runDir, 'keepwatchd.accepted');

/** Writes the record whole or not at all, mode 0600: it holds what the configuration holds, passwords too. */
export function writeAccepted(runDir: string, accepted: AcceptedConfig): void {
  const { generation, configuredAt, parts, placement, appliedFrom } = accepted;
  const text = JSON.stringify({
    generation: String(generation),
    configuredAt: configuredAt.toISOString(),
    parts: Object.fromEntries(parts),
    placement,
    appliedFrom,
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
      parts: Parameters<typeof partsFromJson>[0];
      placement?: Placement;
      appliedFrom?: string;
    };
    return {
      generation: BigInt(record.generation),
      configuredAt: new Date(record.configuredAt),
      parts: partsFromJson(record.parts),
      placement: record.placement ?? {},
      appliedFrom: record.appliedFrom ?? '',
    };
  } catch {
    return undefined;
  }
}

/** Whether a configuration is the one in force to every service (positions count: diagnostics point at them). */
export const isInForce = ({ parts, placement }: AcceptedConfig, loaded: Partial<AcceptedConfig>): boolean =>
  loaded.parts !== undefined &&
  sameParts(parts, loaded.parts) &&
  placementChanges(placement, loaded.placement ?? placement).length === 0;

const sameParts = (one: ConfigParts, other: ConfigParts): boolean =>
  SERVICE_NAMES.every((name) => JSON.stringify(one.get(name)) === JSON.stringify(other.get(name)));
