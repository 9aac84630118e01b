/** Whether a process is one of those that are looked for. Pure. */
import type { TrackProcessConfig } from '../config/model.js';

/** The kernel's name of a process holds this many bytes (TASK_COMM_LEN without the NUL). */
const COMM_BYTES = 15;

/** What /proc says of a process. */
export interface ProcessFacts {
  /** /proc/PID/comm, without the newline. */
  readonly comm: string;
  /** /proc/PID/cmdline: words, each followed by a NUL; read only when asked for. */
  cmdline(): string;
}

/** The command line has to be looked at. */
export const needsCommandLine = (config: TrackProcessConfig): boolean =>
  config.fullCommand || config.parameters !== undefined;

/** Decides for one definition. */
export function matchesProcess(config: TrackProcessConfig, facts: ProcessFacts): boolean {
  if (!needsCommandLine(config)) return sameComm(config.command, facts.comm);
  const cmdline = facts.cmdline();
  const end = cmdline.indexOf('\0');
  if (end < 0) return false;
  const command = cmdline.slice(0, end);
  // A name without a path means the process, with which parameters ever; `full_command` means the word as it is.
  if (command !== config.command && (config.fullCommand || !sameComm(config.command, facts.comm))) return false;
  const { parameters, match } = config;
  if (parameters === undefined) return true;
  const found = cmdline.slice(end + 1);
  const wanted = parameters.map((parameter) => `${parameter}\0`).join('');
  switch (match) {
    case 'exact':
      return found === wanted;
    case 'partial':
      return found.startsWith(wanted);
    case 'initial':
      return found.startsWith(wanted.slice(0, -1));
  }
}

const sameComm = (wanted: string, comm: string): boolean =>
  comm === (Buffer.byteLength(wanted) > COMM_BYTES ? Buffer.from(wanted).subarray(0, COMM_BYTES).toString() : wanted);
