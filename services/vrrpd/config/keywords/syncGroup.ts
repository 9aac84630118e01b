/** Keywords of `vrrp_sync_group`. */
import { KeywordTable, keyword } from '../../../shared/config/keyword.js';
import { NOTIFY_KEYWORDS } from './notify.js';
import { TRACK_KEYWORDS } from './tracking.js';

export const GROUP = keyword('group', [], 'Names of the instances that move together.', {
  block: { kind: 'lines', line: 'instance' },
  repeat: 'list',
});

export const GLOBAL_TRACKING = keyword('global_tracking', [], 'Lets weights of members count.', {
  deprecated: 'use the track blocks of the sync group',
});
export const SYNC_GROUP_TRACKING_WEIGHT = keyword(
  'sync_group_tracking_weight',
  [],
  'Lets weights of members count, which otherwise are taken as 0.',
);

export const SYNC_GROUP_TABLE = new KeywordTable('vrrp_sync_group', [
  GROUP,
  ...TRACK_KEYWORDS,
  ...NOTIFY_KEYWORDS,
  GLOBAL_TRACKING,
  SYNC_GROUP_TRACKING_WEIGHT,
]);
