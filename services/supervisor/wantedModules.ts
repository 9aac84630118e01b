/** Which optional processes a configuration asks for. Pure. */
import { readGlobals } from '../shared/config/globals.js';
import { readDbusSettings, readSnmpSettings, servesSnmp } from '../shared/config/modules.js';
import type { ModuleName } from '../shared/rpc/moduleMain.js';
import type { ConfigParts } from './parts.js';

/** `snmp`: whatever the configuration says (-x). */
export function wantedModules(parts: ConfigParts, { snmp }: { readonly snmp: boolean }): ReadonlySet<ModuleName> {
  // Every part holds `global_defs`.
  const [tree] = parts.values();
  const wanted = new Set<ModuleName>();
  if (tree === undefined) return wanted;
  const globals = readGlobals(tree);
  if (servesSnmp(readSnmpSettings(globals, snmp))) wanted.add('snmp');
  if (readDbusSettings(globals).enabled) wanted.add('dbus');
  return wanted;
}
