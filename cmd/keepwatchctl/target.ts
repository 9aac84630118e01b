/** Which suite is meant, and how a command ends that cannot do its work. Without gRPC: most commands need none of it. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DEFAULT_RUN_DIR } from '../../services/shared/rpc/paths.js';

/** Where the suite is, from flags and environment. */
export interface Target {
  readonly runDir: string;
  /** --address: another way than the socket in the run directory. */
  readonly address: string | undefined;
  /** --cert, --key and --ca: files for an address that is reached by TLS. */
  readonly tls: TlsFiles;
}

export interface TlsFiles {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
}

/** The flags that say where the suite is. */
export interface TargetFlags {
  readonly runDir?: string;
  readonly address?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

/**
 * The target the flags name; without them that of KEEPWATCH_ADDRESS or KEEPWATCH_RUN_DIR, else the default, or the only suite
 * below it.
 */
export function targetOf(flags: TargetFlags, environment: NodeJS.ProcessEnv = process.env): Target {
  const runDir = flags.runDir ?? (environment.KEEPWATCH_RUN_DIR || undefined);
  // A run directory on the command line means the suite there, whatever the environment says.
  const fallback = flags.runDir === undefined ? environment.KEEPWATCH_ADDRESS || undefined : undefined;
  return {
    runDir: resolve(runDir ?? onlySuite(DEFAULT_RUN_DIR)),
    address: flags.address ?? fallback,
    tls: {
      cert: flags.cert ?? (environment.KEEPWATCH_CERT || undefined),
      key: flags.key ?? (environment.KEEPWATCH_KEY || undefined),
      ca: flags.ca ?? (environment.KEEPWATCH_CA || undefined),
    },
  };
}

/** A suite with a name (`instance`, `net_namespace`) has a directory below the default one. */
function onlySuite(runDir: string): string {
  const named = hasSuite(runDir) ? [] : suitesBelow(runDir);
  return (named.length === 1 ? named[0] : undefined) ?? runDir;
}

/** Directories of suites with names below a run directory, in order. */
export function suitesBelow(runDir: string): string[] {
  try {
    return readdirSync(runDir)
      .map((name) => join(runDir, name))
      .filter(hasSuite)
      .sort();
  } catch {
    // No directory, or none that this user may read: no suites that could be told of.
    return [];
  }
}

const hasSuite = (runDir: string): boolean => existsSync(join(runDir, 'keepwatchd.sock'));

/** Ends the command: message on stderr, exit code. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
