/** Takes from a service, before its first instruction, what it never needs. Loads fast: no native code in here. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { ServiceName } from '../shared/rpc/service.js';
import { findSetpriv } from '../shared/script/launch.js';
import type { ServiceCommand } from './serviceProcess.js';

/**
 * Capabilities (capabilities(7), in setpriv's spelling) of the services that start no script of anybody. The others hand
 * scripts the rights of the user they run as, which a process without capabilities cannot.
 */
function capabilitiesOf(name: ServiceName, { ipvsLoaded }: Situation): readonly string[] | undefined {
  // For real-time scheduling; its sockets need nothing.
  if (name === 'bfdd') return ['sys_nice'];
  if (name !== 'ipvsd') return undefined;
  // It loads the module when there is something to balance; once that is there, nothing of it may load another.
  return ipvsLoaded ? ['net_admin'] : ['net_admin', 'sys_module'];
}

/** Bit of CAP_SETPCAP in linux/capability.h: without it the bounding set cannot be made smaller. */
const CAP_SETPCAP = 8n;

/** What this machine and process allow. */
export interface Situation {
  readonly uid: number;
  /** Effective capabilities of this process, one bit each. */
  readonly effective: bigint;
  readonly setpriv: string | undefined;
  /** The kernel has IPVS now. */
  readonly ipvsLoaded: boolean;
  /** Files and directories of the service that somebody else owns: without CAP_DAC_OVERRIDE they may be closed to it. */
  readonly foreign: readonly string[];
}

/** Finds out; `paths` are what the service has to write to. */
export function situationOf(paths: readonly string[]): Situation {
  const uid = process.getuid?.() ?? 0;
  const status = readFileSync('/proc/self/status', 'latin1');
  return {
    uid,
    effective: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`),
    setpriv: findSetpriv(),
    ipvsLoaded: existsSync('/proc/net/ip_vs'),
    foreign: paths.filter((path) => (statSync(path, { throwIfNoEntry: false })?.uid ?? uid) !== uid),
  };
}

/**
 * The command that starts a service with its capabilities alone and no way to get more (no_new_privs): by setpriv(1),
 * which becomes the service, so that every thread of it is confined and the process is the one that was started. Pure.
 */
export function confinedCommand(name: ServiceName, command: ServiceCommand, situation: Situation): ServiceCommand {
  const capabilities = capabilitiesOf(name, situation);
  const { uid, effective, setpriv, foreign } = situation;
  if (capabilities === undefined || setpriv === undefined || uid !== 0 || foreign.length > 0) return command;
  if ((effective & (1n << CAP_SETPCAP)) === 0n) return command;
  const set = ['-all', ...capabilities.map((capability) => `+${capability}`)].join(',');
  const flags = ['--no-new-privs', `--inh-caps=${set}`, `--bounding-set=${set}`];
  return { ...command, file: setpriv, args: [...flags, '--', command.file, ...command.args] };
}
