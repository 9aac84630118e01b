/** VRRP's states and priorities in words. Pure. */
import { type VrrpInstance, VrrpStateName } from './generated/keepwatch/v1/vrrp.js';

const PREFIX = 'VRRP_STATE_NAME_';
const TEXTS = new Map<number, string>(
  Object.entries(VrrpStateName)
    .filter(([name, value]) => name.startsWith(PREFIX) && typeof value === 'number' && value > 0)
    .map(([name, value]) => [Number(value), name.slice(PREFIX.length)]),
);

/** `MASTER`, `BACKUP`, …; `UNKNOWN` for the state of a silent service. */
export const vrrpStateText = (state: VrrpStateName): string => TEXTS.get(state) ?? 'UNKNOWN';

/** `90 = 150 (configured) - 60 (script chk)`: the effective priority with the terms it is the sum of. */
export function priorityText({
  effectivePriority,
  priorityTerms,
}: Pick<VrrpInstance, 'effectivePriority' | 'priorityTerms'>): string {
  const [first, ...more] = priorityTerms;
  if (first === undefined) return String(effectivePriority);
  const terms = more.map(({ reason, value }) => ` ${value < 0 ? '-' : '+'} ${Math.abs(value)} (${reason})`);
  return `${effectivePriority} = ${first.value} (${first.reason})${terms.join('')}`;
}
