/** vrrpSyncGroupTable and vrrpSyncGroupMemberTable of KEEPALIVED-MIB. Pure. */
import type { Block } from '../../shared/config/readBlock.js';
import { text, truth, type Varbind } from '../agentx/value.js';
import { entryOf, VRRP } from './keepalived.js';
import { scriptColumn } from './scripts.js';
import { table } from './table.js';
import { mailsByDefault } from './vrrpInstances.js';
import { stateValue, type VrrpNumbers } from './vrrpNumbers.js';

export const SYNC_GROUP_ENTRY = entryOf(VRRP, 1);
export const GROUP_NAME = 2;
export const GROUP_STATE = 3;
const MEMBER_ENTRY = entryOf(VRRP, 2);

const NOTIFY_KEYWORDS = ['notify', 'notify_master', 'notify_backup', 'notify_fault', 'notify_stop'];

export function groupObjects({ groups, instances }: VrrpNumbers, globals: Block): Varbind[] {
  const rows = groups.map(({ number, item, block }) => ({
    index: [number],
    cells: {
      2: text(item.name),
      3: stateValue(item.state),
      4: truth(block.flag('smtp_alert') ?? mailsByDefault(globals)),
      5: truth(NOTIFY_KEYWORDS.some((name) => block.has(name))),
      6: scriptColumn(block, 'notify_master'),
      7: scriptColumn(block, 'notify_backup'),
      8: scriptColumn(block, 'notify_fault'),
      9: scriptColumn(block, 'notify'),
      10: truth(block.has('sync_group_tracking_weight') || block.has('global_tracking')),
      11: scriptColumn(block, 'notify_stop'),
    },
  }));
  const numbers = new Map(instances.map(({ number, item }) => [item.name, number]));
  const members = groups.flatMap(({ number, item }) =>
    item.members.flatMap((name, place) => {
      const instance = numbers.get(name);
      return instance === undefined ? [] : [{ index: [number, place + 1], cells: { 2: text(name) } }];
    }),
  );
  return [...table(SYNC_GROUP_ENTRY, rows), ...table(MEMBER_ENTRY, members)];
}
