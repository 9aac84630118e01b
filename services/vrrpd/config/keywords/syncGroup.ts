/** Keywords of `vrrp_sync_group`. */
import { KeywordTable, keyword, pending } from '../../../shared/config/keyword.js';
import { NOTIFY_KEYWORDS } from './notify.js';
import { TRACK_KEYWORDS } from './tracking.js';

export const GROUP = keyword('group', [], 'Names of the instances that move together.', {
  block: { kind: 'lines', line: 'instance' },
  repeat: 'list',
});

export const SYNC_GROUP_TABLE = new KeywordTable('vrrp_sync_group', [
  GROUP,
  ...TRACK_KEYWORDS,
  ...NOTIFY_KEYWORDS,
  pending('global_tracking', [], 'Members track what any of them tracks.', {
    deprecated: 'use the track blocks of the sync group',
  }),
  pending('sync_group_tracking_weight', [], 'Lets weights of members count.'),
]);
