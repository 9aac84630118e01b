/** Which suite is meant, and how a command ends that cannot do its work. Without gRPC: most commands need none of it. */
import { resolve } from 'node:path';
import { DEFAULT_RUN_DIR } from '../../services/shared/rpc/paths.js';

/** Where the suite is, from flags and environment. */
export interface Target {
  readonly runDir: string;
  /** --address: another way than the socket in the run directory. */
  readonly address: string | undefined;
}

/** The target the flags name; without them KEEPWATCH_RUN_DIR, else the default. */
export const targetOf = (options: { readonly runDir?: string; readonly address?: string }): Target => ({
  runDir: resolve(options.runDir ?? process.env.KEEPWATCH_RUN_DIR ?? DEFAULT_RUN_DIR),
  address: options.address,
});

/** Ends the command: message on stderr, exit code. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
