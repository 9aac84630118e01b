/** What vrrpd and its watcher process say to each other: one JSON message each. */
import type { ScriptOutcome } from '../../shared/script/outcome.js';
import type { Instant, Micros } from '../../shared/time/duration.js';
import type { TrackFileConfig, TrackProcessConfig, TrackScriptConfig } from '../config/model.js';

/** Everything that has to be watched from now on, and as whom scripts run. */
export interface WatchRequest {
  readonly scripts: readonly TrackScriptConfig[];
  readonly files: readonly TrackFileConfig[];
  readonly processes: readonly TrackProcessConfig[];
  /** `script_user`. */
  readonly user?: string;
  readonly group?: string;
  /** `enable_script_security`. */
  readonly security: boolean;
  /** `process_monitor_rcv_bufs`, bytes. */
  readonly receiveBuffer?: number;
}

/** How one run of a script ended. */
export interface ScriptResult {
  readonly kind: 'script';
  readonly name: string;
  /** Monotonic time of its end; the clock is the same in all processes of a machine. */
  readonly at: Instant;
  readonly outcome: ScriptOutcome;
  readonly duration: Micros;
  /** The last it wrote, when it failed. */
  readonly outputTail: string;
}

/** What is in a file; a file that is not there, or holds nothing, counts as 0. */
export interface FileResult {
  readonly kind: 'file';
  readonly name: string;
  readonly at: Instant;
  /** Absent: what it holds is no number, the last one stays. */
  readonly value?: number;
  readonly detail: string;
}

/** How many processes run, and whether that is what was asked for. */
export interface ProcessResult {
  readonly kind: 'process';
  readonly name: string;
  readonly at: Instant;
  readonly good: boolean;
  readonly detail: string;
}

export type WatchMessage =
  | ScriptResult
  | FileResult
  | ProcessResult
  /** What cannot be watched as it should, all of it. */
  | { readonly kind: 'impairments'; readonly texts: readonly string[] }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly text: string };
