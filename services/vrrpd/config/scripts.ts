import type { ScriptCommand } from '../../shared/config/scriptCommand.js';
import type { NotifyConfig, VrrpConfig } from './model.js';

/** All scripts of a configuration: of instances, groups and `vrrp_script`s. */
export function* scriptsOf(config: Pick<VrrpConfig, 'instances' | 'groups' | 'trackScripts'>): Iterable<ScriptCommand> {
  for (const { notify } of [...config.instances, ...config.groups]) yield* notifyScripts(notify);
  for (const { command } of config.trackScripts) yield command;
}

function notifyScripts(notify: NotifyConfig): ScriptCommand[] {
  const { master, backup, fault, stop, any, deleted, lowerPriority } = notify;
  return [master, backup, fault, stop, any, deleted?.script, lowerPriority].filter((script) => script !== undefined);
}
