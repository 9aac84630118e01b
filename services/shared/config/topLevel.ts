/** Which service a statement of the top level belongs to. */

/** Who gives meaning to a block; `common`: checked once for all, see `interpretCommon`. */
export type BlockOwner = 'common' | 'vrrpd' | 'healthcheckerd';

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
  ['track_process', 'vrrpd'],
  ['bfd_instance', 'common'],
  ['vrrp_script', 'vrrpd'],
  ['vrrp_sync_group', 'vrrpd'],
  ['garp_group', 'vrrpd'],
  ['vrrp_instance', 'vrrpd'],
  ['virtual_server_group', 'healthcheckerd'],
  ['virtual_server', 'healthcheckerd'],
  ['SSL', 'healthcheckerd'],
]);
