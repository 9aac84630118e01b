/** What `global_defs` says of reloads: when, and how others are told that files are being read. Pure. */
import { RELOAD_CHECK_CONFIG, RELOAD_FILE, RELOAD_REPEAT, RELOAD_TIME_FILE } from './globals/reload.js';
import type { Block } from './readBlock.js';

export interface ReloadSettings {
  /** `reload_time_file`: its first line says when to reload. */
  readonly timeFile?: string;
  /** `reload_repeat`: the file stays, so that a time without a date holds every day. */
  readonly repeat: boolean;
  /** `reload_file`: there while the configuration is read; empty: the default name. */
  readonly markerFile?: string;
  /** The log file of `reload_check_config`: gets the findings of every reload. */
  readonly findingsFile?: string;
}

/** Reads the settings of reloads. */
export function readReloadSettings(globals: Block): ReloadSettings {
  const timeFile = globals.last(RELOAD_TIME_FILE)?.values[0];
  const marker = globals.last(RELOAD_FILE);
  const findingsFile = globals.last(RELOAD_CHECK_CONFIG)?.values[0];
  return {
    ...(timeFile === undefined ? {} : { timeFile }),
    repeat: globals.has(RELOAD_REPEAT),
    ...(marker === undefined ? {} : { markerFile: marker.values[0] ?? '' }),
    ...(findingsFile === undefined ? {} : { findingsFile }),
  };
}
