/** Which service a statement of the top level belongs to. */
import type { ConfigTree, Statement } from './tree.js';

/** Who gives meaning to a block; `common`: checked once for all, see `interpretCommon`. */
export type BlockOwner = 'common' | 'vrrpd' | 'healthcheckerd' | 'bfdd';

/** Keywords that open a block at the top level. */
export const TOP_LEVEL_BLOCKS: ReadonlyMap<string, BlockOwner> = new Map<string, BlockOwner>([
  ['global_defs', 'common'],
  ['linkbeat_interfaces', 'vrrpd'],
  ['interface_up_down_delays', 'vrrpd'],
  ['static_ipaddress', 'vrrpd'],
  ['static_routes', 'vrrpd'],
  ['static_rules', 'vrrpd'],
  ['track_group', 'vrrpd'],
  ['track_file', 'vrrpd'],
  ['vrrp_track_file', 'vrrpd'],
  ['vrrp_track_process', 'vrrpd'],
  ['bfd_instance', 'bfdd'],
  ['vrrp_script', 'vrrpd'],
  ['vrrp_sync_group', 'vrrpd'],
  ['garp_group', 'vrrpd'],
  ['vrrp_instance', 'vrrpd'],
  ['virtual_server_group', 'healthcheckerd'],
  ['virtual_server', 'healthcheckerd'],
  ['SSL', 'healthcheckerd'],
]);

/** Who gives meaning to a top-level statement; undefined: nobody knows the keyword. */
export function ownerOf(statement: Statement): BlockOwner | undefined {
  const [first] = statement.words;
  return first === undefined || first.quoted ? undefined : TOP_LEVEL_BLOCKS.get(first.text);
}

/** The top-level statements of one owner, in order. */
export function statementsOf(tree: ConfigTree, owner: BlockOwner): readonly Statement[] {
  return tree.statements.filter((statement) => ownerOf(statement) === owner);
}
