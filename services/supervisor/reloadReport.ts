/** What a reload leaves for others while it reads, and of what it found. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDiagnostic } from '../shared/config/formatDiagnostic.js';
import type { ReloadSettings } from '../shared/config/reloadSettings.js';
import type { Logger } from '../shared/log/logger.js';
import { removeIfThere } from '../shared/rpc/pidFile.js';
import type { LoadedParts } from './configuration.js';

/** `reload_file` without a name (keepalived.conf(5)). */
const DEFAULT_MARKER = 'keepalived.reload';

/**
 * Reads a configuration with `reload_file` in place, made or emptied before and removed after, and writes the findings
 * where `reload_check_config` says. Neither keeps a reload from going on.
 */
export function loadReported(
  { markerFile, findingsFile }: ReloadSettings,
  runDir: string,
  logger: Logger,
  load: () => LoadedParts,
): LoadedParts {
  const marker = markerFile === '' ? join(runDir, DEFAULT_MARKER) : markerFile;
  const tried = (file: string, what: () => void): void => {
    try {
      what();
    } catch (error) {
      logger.warn({ err: error, file }, 'cannot be written for those who wait for a reload');
    }
  };
  if (marker !== undefined) tried(marker, () => closeSync(openSync(marker, 'w', 0o644)));
  try {
    const loaded = load();
    if (findingsFile !== undefined) {
      const text = loaded.diagnostics.map((finding) => `${formatDiagnostic(finding)}\n`).join('');
      tried(findingsFile, () => writeFileSync(findingsFile, text, { mode: 0o600 }));
    }
    return loaded;
  } finally {
    if (marker !== undefined) tried(marker, () => removeIfThere(marker));
  }
}
