/** What only this machine can tell about a configuration: does what it names exist? */
import type { Diagnostic } from '../shared/config/diagnostic.js';
import type { SourcePosition } from '../shared/config/position.js';
import { unusableScript } from '../shared/config/scriptCommand.js';
import { closest } from '../shared/config/suggest.js';
import type { InstanceConfig, SyncGroupConfig, VrrpConfig } from './config/model.js';
import { scriptsOf } from './config/scripts.js';
import { socketDevice } from './tracking.js';

/** The facts, injected. */
export interface MachineFacts {
  /** Names of the interfaces there are. */
  readonly interfaces: readonly string[];
  /** Instances that already run, or ran until a crash: an interface they lost is no reason to refuse them. */
  readonly knownInstances: ReadonlySet<string>;
}

/** Errors refuse the configuration, warnings do not. */
export function checkMachine(config: VrrpConfig, facts: MachineFacts): Diagnostic[] {
  return [
    ...config.instances.flatMap((instance) => checkInstance(instance, facts, config.global.dynamicInterfaces === true)),
    ...config.groups.flatMap((group) => checkGroup(group, facts)),
  ];
}

function checkInstance(instance: InstanceConfig, facts: MachineFacts, dynamic: boolean): Diagnostic[] {
  const found: Diagnostic[] = [];
  const about = `vrrp_instance ${instance.name}`;
  const severity = dynamic || facts.knownInstances.has(instance.name) ? 'warning' : 'error';
  const virtual = new Set(instance.virtualLinks?.map(({ name }) => name));
  for (const { base } of instance.virtualLinks ?? []) {
    if (base === instance.interface) continue;
    checkInterface(base, instance.position, `${about}: virtual_ipaddress`, severity, facts, found);
  }
  const device = socketDevice(instance);
  if (device !== '') checkInterface(device, instance.position, about, severity, facts, found);
  for (const track of instance.trackInterfaces) {
    checkInterface(track.interface, track.position, `${about}: track_interface`, 'warning', facts, found);
  }
  for (const vip of [...instance.vips, ...instance.excludedVips]) {
    if (vip.dev !== undefined && !virtual.has(vip.dev)) {
      checkInterface(vip.dev, vip.position, `${about}: virtual_ipaddress`, severity, facts, found);
    }
  }
  return found;
}

function checkGroup(group: SyncGroupConfig, facts: MachineFacts): Diagnostic[] {
  const found: Diagnostic[] = [];
  const about = `vrrp_sync_group ${group.name}`;
  for (const track of group.trackInterfaces) {
    checkInterface(track.interface, track.position, `${about}: track_interface`, 'warning', facts, found);
  }
  return found;
}

function checkInterface(
  name: string,
  position: SourcePosition,
  about: string,
  severity: Diagnostic['severity'],
  facts: MachineFacts,
  found: Diagnostic[],
): void {
  if (facts.interfaces.includes(name)) return;
  const close = closest(name, facts.interfaces);
  found.push({
    severity,
    position,
    code: 'unknown-interface',
    message: `${about}: interface ${name} does not exist`,
    hint: `${close === undefined ? '' : `Did you mean ${close}? `}This machine has: ${facts.interfaces.join(', ')}`,
  });
}

/** Why a program cannot be run; undefined: it can. */
export type ProgramProblem = (name: string) => Promise<string | undefined>;

/**
 * Which scripts cannot be run, each program told once. Apart from the rest, and asynchronous: a file system that does not
 * answer must not hold up the protocol.
 */
export async function checkScripts(config: VrrpConfig, programProblem: ProgramProblem): Promise<Diagnostic[]> {
  const byName = new Map([...scriptsOf(config)].reverse().map((script) => [script.argv[0] ?? '', script]));
  const found = await Promise.all(
    [...byName].reverse().map(async ([name, script]) => {
      const problem = await programProblem(name);
      return problem === undefined ? [] : [unusableScript(script, problem)];
    }),
  );
  return found.flat();
}
