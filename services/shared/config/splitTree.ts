import { type BlockOwner, ownerOf } from './topLevel.js';
import type { ConfigTree, Statement } from './tree.js';

/** The services that get a part of the configuration. */
export type ConfiguredService = 'vrrpd' | 'healthcheckerd' | 'ipvsd' | 'notifierd' | 'bfdd';

/** What each service gets: `global_defs` and its own blocks. Statements keep their order and places. */
export function splitTree(tree: ConfigTree): Readonly<Record<ConfiguredService, ConfigTree>> {
  const parts: Record<ConfiguredService, Statement[]> = {
    vrrpd: [],
    healthcheckerd: [],
    ipvsd: [],
    notifierd: [],
    bfdd: [],
  };
  for (const statement of tree.statements) {
    const owner = ownerOf(statement);
    for (const service of receivers(statement, owner)) parts[service].push(statement);
    const daemon = owner === 'vrrpd' ? syncDaemonOf(statement) : undefined;
    if (daemon !== undefined) parts.ipvsd.push(daemon);
  }
  const part = (statements: readonly Statement[]): ConfigTree => ({ ...tree, statements });
  return {
    vrrpd: part(parts.vrrpd),
    healthcheckerd: part(parts.healthcheckerd),
    ipvsd: part(parts.ipvsd),
    notifierd: part(parts.notifierd),
    bfdd: part(parts.bfdd),
  };
}

const EVERYONE: readonly ConfiguredService[] = ['vrrpd', 'healthcheckerd', 'ipvsd', 'notifierd', 'bfdd'];

function receivers(statement: Statement, owner: BlockOwner | undefined): readonly ConfiguredService[] {
  const name = statement.words[0]?.text ?? '';
  // FILE_CHECK looks at the same files.
  if (name === 'track_file' || name === 'vrrp_track_file') return ['vrrpd', 'healthcheckerd'];
  // The weight of those who track a session stands in its block.
  if (owner === 'bfdd') return ['bfdd', 'vrrpd'];
  if (owner === 'vrrpd' || owner === 'healthcheckerd') return [owner];
  return name === 'global_defs' && owner === 'common' ? EVERYONE : [];
}

/**
 * `lvs_sync_daemon_interface` stands in a vrrp_instance but is the business of ipvsd, which gets that line of the instance
 * and no other: its password, for one, is none of its business.
 */
function syncDaemonOf(statement: Statement): Statement | undefined {
  const children = statement.children.filter(({ words: [first] }) => first?.text === 'lvs_sync_daemon_interface');
  return children.length === 0 ? undefined : { ...statement, children };
}
