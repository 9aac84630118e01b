/** What only this machine can tell about a configuration: does what it names exist? */
import type { Diagnostic } from '../shared/config/diagnostic.js';
import type { SourcePosition } from '../shared/config/position.js';
import { closest } from '../shared/config/suggest.js';
import type { InstanceConfig, NotifyConfig, ScriptCommand, SyncGroupConfig, VrrpConfig } from './config/model.js';
import { socketDevice } from './tracking.js';

/** The facts, injected. */
export interface MachineFacts {
  /** Names of the interfaces there are. */
  readonly interfaces: readonly string[];
  /** Instances that already run, or ran until a crash: an interface they lost is no reason to refuse them. */
  readonly knownInstances: ReadonlySet<string>;
  /** Why a program cannot be started, or undefined. */
  readonly programProblem: (path: string) => string | undefined;
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
  checkNotify(instance.notify, about, facts, found);
  return found;
}

function checkGroup(group: SyncGroupConfig, facts: MachineFacts): Diagnostic[] {
  const found: Diagnostic[] = [];
  const about = `vrrp_sync_group ${group.name}`;
  for (const track of group.trackInterfaces) {
    checkInterface(track.interface, track.position, `${about}: track_interface`, 'warning', facts, found);
  }
  checkNotify(group.notify, about, facts, found);
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

function checkNotify(notify: NotifyConfig, about: string, facts: MachineFacts, found: Diagnostic[]): void {
  const scripts: readonly (readonly [string, ScriptCommand | undefined])[] = [
    ['notify_master', notify.master],
    ['notify_backup', notify.backup],
    ['notify_fault', notify.fault],
    ['notify_stop', notify.stop],
    ['notify', notify.any],
    ['notify_deleted', notify.deleted?.script],
    ['notify_master_rx_lower_pri', notify.lowerPriority],
  ];
  for (const [keyword, script] of scripts) {
    const path = script?.argv[0];
    if (script === undefined || path === undefined) continue;
    const problem = facts.programProblem(path);
    if (problem === undefined) continue;
    found.push({
      severity: 'warning',
      position: script.position,
      code: 'script-unusable',
      message: `${about}: ${keyword} ${path}: ${problem}`,
      hint: 'The transition goes on without it; make it an executable file to have it run',
    });
  }
}
