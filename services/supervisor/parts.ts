/** Which part of the configuration each service gets. Pure. */
import { TOP_LEVEL_BLOCKS } from '../shared/config/topLevel.js';
import type { Statement as PlainStatement, ConfigTree as PlainTree } from '../shared/config/tree.js';
import type { ConfigTree } from '../shared/rpc/generated/keepwatch/v1/common.js';
import { SERVICE_NAMES, type ServiceName } from '../shared/rpc/service.js';

export type ConfigParts = ReadonlyMap<ServiceName, ConfigTree>;

/**
 * Every service gets `global_defs`, and its own blocks. File names stay complete, so that positions keep their meaning.
 * Statements of no known block go to nobody: the language package has reported them.
 */
export function splitTree(tree: PlainTree): ConfigParts {
  const parts = new Map<ServiceName, ConfigTree>();
  for (const name of SERVICE_NAMES) {
    const statements = tree.statements.filter((statement) => {
      const owner = TOP_LEVEL_BLOCKS.get(statement.words[0]?.text ?? '');
      return owner === 'common' || owner === name;
    });
    // The wire type is the same shape with mutable lists; nobody changes them.
    parts.set(name, { files: [...tree.files], statements: statements as PlainStatement[] as ConfigTree['statements'] });
  }
  return parts;
}
