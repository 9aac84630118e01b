/** The part of the configuration each service gets, as it crosses gRPC. Pure. */
import { splitTree } from '../shared/config/splitTree.js';
import type { ConfigTree as PlainTree } from '../shared/config/tree.js';
import type { ConfigTree } from '../shared/rpc/generated/keepwatch/v1/common.js';
import { SERVICE_NAMES, type ServiceName } from '../shared/rpc/service.js';

export type ConfigParts = ReadonlyMap<ServiceName, ConfigTree>;

/** Whether a configuration has work for a service: bfdd runs only where there are sessions. */
export const hasWork = (parts: ConfigParts, name: ServiceName): boolean =>
  name !== 'bfdd' || parts.get(name)?.statements.some(({ words: [first] }) => first?.text === 'bfd_instance') === true;

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
