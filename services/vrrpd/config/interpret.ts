/** From the statement tree to what vrrpd runs on. */
import { bfdWeights } from '../../shared/config/bfd.js';
import type { Interpretation } from '../../shared/config/diagnostic.js';
import { PROCESS_MONITOR_RCV_BUFS } from '../../shared/config/globals/process.js';
import {
  FIFO_WRITE_VRRP_STATES_ON_RELOAD,
  NOTIFY_FIFO,
  VRRP_NOTIFY_FIFO,
} from '../../shared/config/globals/scripts.js';
import {
  DEFAULT_INTERFACE,
  DISABLE_LOCAL_IGMP,
  DYNAMIC_INTERFACES,
  LOG_UNKNOWN_VRIDS,
  VRRP_DELAY_AFTER_BOOT,
  VRRP_MCAST_GROUP4,
  VRRP_MCAST_GROUP6,
  VRRP_STARTUP_DELAY,
  VRRP_VERSION,
} from '../../shared/config/globals/vrrp.js';
import {
  type InterpretEnvironment,
  isMailConfigured,
  readGlobals,
  routerId,
  scriptDefaults,
} from '../../shared/config/globals.js';
import { type Block, type Occurrence, readBlock } from '../../shared/config/readBlock.js';
import { Reporter } from '../../shared/config/reporter.js';
import { RoutingNames } from '../../shared/config/routingNames.js';
import { readAutomaticPriority, readScheduling } from '../../shared/config/scheduling.js';
import { statementsOf } from '../../shared/config/topLevel.js';
import type { ConfigTree, Word } from '../../shared/config/tree.js';
import { seconds } from '../../shared/time/duration.js';
import { checkBlocks } from './checks/blocks.js';
import { readFirewall } from './interpret/firewall.js';
import { readGlobalGarp, readPacing } from './interpret/garp.js';
import { type InstanceDefaults, readInstance } from './interpret/instance.js';
import { readLinkbeat } from './interpret/linkbeat.js';
import { RoutingReader, readStatics } from './interpret/routing.js';
import { type GroupContext, readSyncGroup, withoutWeights } from './interpret/syncGroup.js';
import { readTrackDefinitions, watchedConfig } from './interpret/trackDefinitions.js';
import type { Trackable } from './interpret/trackers.js';
import { type ReadInstance, resolveVirtualLinks } from './interpret/virtualLink.js';
import { VRRP_INSTANCE, VRRP_SYNC_GROUP, VRRP_TABLE } from './keywords.js';
import { lintVrrp } from './lint/lint.js';
import type { InstanceConfig, SyncGroupConfig, VrrpConfig, VrrpGlobalConfig } from './model.js';
import { shareNumber } from './sharedNumber.js';

/** IANA: 224.0.0.18 and ff02::12 (RFC 9568 11). */
const MULTICAST_GROUP4 = { family: 4, bytes: Uint8Array.of(224, 0, 0, 18) } as const;
const MULTICAST_GROUP6 = {
  family: 6,
  bytes: Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12),
} as const;

/** Gives meaning to vrrpd's part of a tree: `global_defs` and its own top-level blocks. Others are passed over. */
export function interpretVrrpConfig(tree: ConfigTree, environment: InterpretEnvironment): Interpretation<VrrpConfig> {
  const report = new Reporter(tree.files, tree.lenient);
  const globals = readGlobals(tree);
  const statements = statementsOf(tree, 'vrrpd');
  const block = readBlock(statements, VRRP_TABLE, report);
  const sessions = bfdWeights(tree);
  const definitions = readTrackDefinitions(block, sessions, report);
  const routing = new RoutingReader(environment.routingNames ?? new RoutingNames(), statements);
  const defaults = instanceDefaults(globals, definitions.trackable, routing, report);
  const instances = readInstances(block, defaults, report);
  const { groups, memberOf } = readGroups(block, globals, definitions.trackable, report);
  const statics = readStatics(block, globals, routing, report);
  checkBlocks(block, report);
  lintVrrp(block, instances, groups, sessions, report);
  const global: VrrpGlobalConfig = {
    routerId: routerId(globals, environment),
    delayAfterBoot: globals.last(VRRP_DELAY_AFTER_BOOT)?.values[0] ?? seconds(0),
    logUnknownVrids: globals.has(LOG_UNKNOWN_VRIDS),
    scheduling: readScheduling(globals, 'vrrp'),
    automaticPriority: readAutomaticPriority(globals),
    startupDelay: globals.last(VRRP_STARTUP_DELAY)?.values[0] ?? seconds(0),
    mailConfigured: isMailConfigured(globals),
    fifoConfigured: globals.has(NOTIFY_FIFO) || globals.has(VRRP_NOTIFY_FIFO),
    statesOnReload: globals.has(FIFO_WRITE_VRRP_STATES_ON_RELOAD),
    scriptRules: readScriptRules(globals),
    firewall: readFirewall(globals, report),
    ...(globals.has(DYNAMIC_INTERFACES) ? { dynamicInterfaces: true as const } : {}),
    ...(globals.has(DISABLE_LOCAL_IGMP) ? { disableLocalIgmp: true as const } : {}),
    linkbeat: readLinkbeat(tree, block, instances, report),
  };
  const grouped = instances.map((one) => inGroup(one, memberOf, report));
  // The lint has reported what is wrong with the delays.
  const watched = watchedConfig(block, definitions, [...grouped, ...groups], new Reporter(tree.files, tree.lenient));
  const pacing = readPacing(globals, block, report);
  const model: VrrpConfig = { global, instances: grouped, groups, pacing, statics, ...watched };
  return report.hasErrors ? { diagnostics: report.diagnostics } : { model, diagnostics: report.diagnostics };
}

function readScriptRules(globals: Block): VrrpGlobalConfig['scriptRules'] {
  const receiveBuffer = globals.last(PROCESS_MONITOR_RCV_BUFS)?.values[0];
  return {
    ...scriptDefaults(globals),
    ...(receiveBuffer === undefined ? {} : { receiveBuffer }),
  };
}

function instanceDefaults(
  globals: Block,
  trackable: Trackable,
  routing: RoutingReader,
  report: Reporter,
): InstanceDefaults {
  return {
    globals,
    trackable,
    garp: readGlobalGarp(globals, report),
    version: globals.last(VRRP_VERSION)?.values[0] === '3' ? 3 : 2,
    multicastGroup4: globals.last(VRRP_MCAST_GROUP4)?.values[0] ?? MULTICAST_GROUP4,
    multicastGroup6: globals.last(VRRP_MCAST_GROUP6)?.values[0] ?? MULTICAST_GROUP6,
    defaultInterface: globals.last(DEFAULT_INTERFACE)?.values[0] ?? 'eth0',
    routing,
  };
}

function readInstances(block: Block, defaults: InstanceDefaults, report: Reporter): readonly InstanceConfig[] {
  const read: ReadInstance[] = [];
  // Only those of one network and number are compared: each with all others would take time with the square of their number.
  const byNumber = new Map<string, InstanceConfig[]>();
  for (const found of uniqueNames(block.all(VRRP_INSTANCE), 'vrrp_instance', report)) {
    const instance = readInstance(found, found.values[0], defaults, report);
    if (instance === undefined) continue;
    const key = `${instance.family} ${instance.vrid} ${instance.interface}`;
    const alike = byNumber.get(key) ?? [];
    reportSharedVrid(instance, alike, found.keyword, report);
    alike.push(instance);
    byNumber.set(key, alike);
    read.push({ block: found.block, keyword: found.keyword, config: instance });
  }
  return resolveVirtualLinks(read, defaults.globals, report);
}

function reportSharedVrid(
  instance: InstanceConfig,
  /** Of the same family, interface and number. */
  others: readonly InstanceConfig[],
  place: Word,
  report: Reporter,
): void {
  const { family, interface: own, vrid } = instance;
  const other = others.find((one) => shareNumber(one, instance));
  if (other === undefined) return;
  const where = own === '' ? 'without interface' : `on interface ${own}`;
  const message = `${other.name} and ${instance.name} both use VRID ${vrid} with IPv${family} ${where}`;
  report.error(place, 'duplicate-vrid', message, 'give each its own virtual_router_id');
}

function uniqueNames<O extends Occurrence & { readonly values: readonly [string] }>(
  all: readonly O[],
  what: string,
  report: Reporter,
): readonly O[] {
  const first = new Map<string, Word>();
  return all.filter((found) => {
    const [name] = found.values;
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, found.keyword);
      return true;
    }
    report.error(found.keyword, 'duplicate-name', `${what} ${name} already exists`, `first on line ${earlier.line}`);
    return false;
  });
}

function readGroups(
  block: Block,
  globals: Block,
  trackable: Trackable,
  report: Reporter,
): {
  readonly groups: readonly SyncGroupConfig[];
  /** Group of each instance whose weights do not count. */
  readonly memberOf: ReadonlyMap<string, string>;
} {
  const context: GroupContext = {
    globals,
    instanceNames: new Set(block.all(VRRP_INSTANCE).map(({ values: [name] }) => name)),
    memberOf: new Map(),
    keepsWeights: new Set(),
    trackable,
  };
  const groups: SyncGroupConfig[] = [];
  for (const found of uniqueNames(block.all(VRRP_SYNC_GROUP), 'vrrp_sync_group', report)) {
    const group = readSyncGroup(found, found.values[0], context, report);
    if (group !== undefined) groups.push(group);
  }
  const { memberOf, keepsWeights } = context;
  return { groups, memberOf: new Map([...memberOf].filter(([, group]) => !keepsWeights.has(group))) };
}

function inGroup(instance: InstanceConfig, memberOf: ReadonlyMap<string, string>, report: Reporter): InstanceConfig {
  const group = memberOf.get(instance.name);
  if (group === undefined) return instance;
  return withoutWeights(instance, group, (tracked, message) => report.warningAt(tracked.position, 'ignored', message));
}
