/** The part of the configuration each service gets, as it crosses gRPC. Pure. */
import { splitTree } from '../shared/config/splitTree.js';
import type { ConfigTree as PlainTree } from '../shared/config/tree.js';
import type { ConfigTree } from '../shared/rpc/generated/keepwatch/v1/common.js';
import { SERVICE_NAMES, type ServiceName } from '../shared/rpc/service.js';

export type ConfigParts = ReadonlyMap<ServiceName, ConfigTree>;

/** Answers whether a configuration has work for a service. */
export type HasWork = (parts: ConfigParts, name: ServiceName) => boolean;

/**
 * As keepalived starts a process only where the configuration has something for it to do. vrrpd and notifierd always run: they are what
 * a suite is for, and what tells people.
 */
export const hasWork: HasWork = (parts, name) => {
  const has = (service: ServiceName, keyword: string): boolean =>
    parts.get(service)?.statements.some(({ words: [first] }) => first?.text === keyword) === true;
  switch (name) {
    case 'bfdd':
      return has('bfdd', 'bfd_instance');
    case 'healthcheckerd':
      return has('healthcheckerd', 'virtual_server');
    case 'ipvsd':
      // Of an instance it gets no more than the line of its synchronisation daemon.
      return has('healthcheckerd', 'virtual_server') || has('ipvsd', 'vrrp_instance') || hasTableSettings(parts);
    default:
      return true;
  }
};

/** `lvs_flush`, `lvs_timeouts`, `lvs_sync_daemon` …: settings of the table, whether there are servers for it or not. */
const hasTableSettings = (parts: ConfigParts): boolean =>
  parts
    .get('ipvsd')
    ?.statements.some(({ children }) => children.some(({ words: [first] }) => first?.text.startsWith('lvs_'))) === true;

/** Parts that were written as JSON. */
export const partsFromJson = (json: Partial<Record<ServiceName, ConfigTree>>): ConfigParts =>
  new Map(
    SERVICE_NAMES.flatMap((name) => {
      const tree = json[name];
      return tree === undefined ? [] : [[name, tree] as const];
    }),
  );

/** Splits a tree. The wire type has the same shape with mutable lists; nobody changes them. */
export function configParts(tree: PlainTree): ConfigParts {
  const parts = splitTree(tree);
  return new Map(SERVICE_NAMES.map((name) => [name, parts[name] as ConfigTree]));
}
