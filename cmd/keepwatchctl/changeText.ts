/** Planned changes and moves as lines. Pure. */
import {
  ChangeKind,
  type PlannedChange,
  type PlannedMove,
} from '../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';

const WORDS: Readonly<Record<number, string>> = {
  [ChangeKind.CHANGE_KIND_ADD]: 'add',
  [ChangeKind.CHANGE_KIND_REMOVE]: 'remove',
  [ChangeKind.CHANGE_KIND_UPDATE]: 'change',
  [ChangeKind.CHANGE_KIND_RESTART]: 'replace',
};

/** `  change vrrp_instance VI_1: priority 100 -> 150` */
export const changeText = ({ kind, subject, details }: PlannedChange): string =>
  `  ${WORDS[kind] ?? 'change'} ${subject}${details.length === 0 ? '' : `: ${details.join(', ')}`}`;

/** `  vrrp_instance VI_1 BACKUP -> MASTER: its priority …` */
export const moveText = ({ subject, from, to, reason }: PlannedMove): string =>
  `  ${subject} ${from === '' ? '(none)' : from} -> ${to === '' ? '(none)' : to}: ${reason}`;
