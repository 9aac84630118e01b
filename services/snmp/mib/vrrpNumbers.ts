/** Numbers that KEEPALIVED-MIB gives instances and groups, and their states. Pure. */
import { type VrrpInstance, VrrpStateName, type VrrpSyncGroup } from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { integer, type SnmpValue } from '../agentx/value.js';
import { ConfigBlock, configBlock } from '../configBlock.js';
import type { Served } from './served.js';

/** VrrpState of KEEPALIVED-MIB. What is silent is unknown(4). */
const STATES: ReadonlyMap<VrrpStateName, number> = new Map([
  [VrrpStateName.VRRP_STATE_NAME_INIT, 0],
  [VrrpStateName.VRRP_STATE_NAME_BACKUP, 1],
  [VrrpStateName.VRRP_STATE_NAME_MASTER, 2],
  [VrrpStateName.VRRP_STATE_NAME_FAULT, 3],
  [VrrpStateName.VRRP_STATE_NAME_STOP, 5],
]);
const UNKNOWN = 4;

export const stateValue = (state: VrrpStateName): SnmpValue => integer(STATES.get(state) ?? UNKNOWN);

/** Something with its number, and what its block in the configuration says. */
export interface Numbered<T> {
  readonly number: number;
  readonly item: T;
  readonly block: ConfigBlock;
}

/** Instances and groups, numbered from 1 as they stand in the configuration. */
export interface VrrpNumbers {
  readonly instances: readonly Numbered<VrrpInstance>[];
  readonly groups: readonly Numbered<VrrpSyncGroup>[];
}

export function numberVrrp({ status, configuration }: Pick<Served, 'status' | 'configuration'>): VrrpNumbers {
  const tree = configBlock(configuration.trees.get('vrrpd'));
  return {
    instances: numbered(status.vrrp?.instances ?? [], tree.blocks('vrrp_instance')),
    groups: numbered(status.vrrp?.groups ?? [], tree.blocks('vrrp_sync_group')),
  };
}

/** What is not in the configuration (any more) comes last. */
function numbered<T extends { readonly name: string }>(
  items: readonly T[],
  blocks: ReturnType<ConfigBlock['blocks']>,
): Numbered<T>[] {
  const places = new Map(blocks.map(({ words, block }, place) => [words[0] ?? '', { place, block }]));
  return items
    .map((item) => ({ item, ...(places.get(item.name) ?? { place: places.size, block: new ConfigBlock() }) }))
    .sort((a, b) => a.place - b.place)
    .map(({ item, block }, index) => ({ number: index + 1, item, block }));
}
