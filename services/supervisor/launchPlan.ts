/** How a service is started: its command line, from the program outwards to what it is wrapped in. Pure. */
import { confinedCommand, type Situation } from './confinement.js';
import type { Rights } from './rights.js';
import type { ServiceUser } from './serviceHome.js';
import type { ServiceCommand } from './serviceProcess.js';

/** What is to be started, and as what. */
export interface LaunchRequest {
  /** What it needs. */
  readonly rights: Rights;
  /** Node.js as this process runs under it: `flags` come before the program. */
  readonly node: { readonly file: string; readonly flags: readonly string[] };
  /** The service's own program. */
  readonly main: string;
  readonly runDir: string;
  readonly stateDir: string;
  /** Arguments that say where the log goes. */
  readonly log: readonly string[];
  /** Further arguments of the service (`--standby`). */
  readonly more: readonly string[];
  /** Directory this process was started in. */
  readonly startedIn: string;
  readonly situation: Situation;
  /** Whom it runs as; absent: as this process. */
  readonly user?: ServiceUser;
}

/** The command line of a service: Node.js with the program, and around it what confines it. */
export function launchPlan(request: LaunchRequest): ServiceCommand {
  return confinedCommand(request.rights, programCommand(request), request.situation, request.user);
}

function programCommand({ node, main, runDir, stateDir, log, more, startedIn }: LaunchRequest): ServiceCommand {
  return {
    file: node.file,
    args: [...node.flags, main, '--run-dir', runDir, '--state-dir', stateDir, ...log, ...more],
    // A loader named on the command line is found from where we were started; else no directory is kept busy.
    cwd: node.flags.length > 0 ? startedIn : '/',
  };
}
