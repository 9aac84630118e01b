/** BFD sessions as text. Pure. */
import { sessionStateText } from '../../services/shared/rpc/bfdText.js';
import { type BfdSession, type BfdState, BfdStateName } from '../../services/shared/rpc/generated/keepwatch/v1/bfd.js';
import type { Colours } from './colours.js';
import { table } from './table.js';
import { formatMoment } from './time.js';

/** One line for each session. */
export function sessionLines(bfd: BfdState | undefined, now: Date, colours: Colours): string[] {
  if (bfd === undefined || bfd.sessions.length === 0) return [];
  const rows = bfd.sessions.map((session) => [
    session.name,
    colouredState(session, colours),
    session.peerAddress,
    paceText(session),
    formatMoment(session.since, now),
    whyText(session),
  ]);
  const [header = '', ...lines] = table(['BFD', 'STATE', 'PEER', 'DETECTS', 'SINCE', 'WHY'], rows);
  return [colours.dim(header), ...lines];
}

function colouredState({ state, settled }: BfdSession, colours: Colours): string {
  const text = sessionStateText(state);
  if (state === BfdStateName.BFD_STATE_NAME_UP) return colours.green(text);
  return settled ? colours.red(text) : colours.yellow(text);
}

const paceText = ({ detectionTimeUs }: BfdSession): string =>
  detectionTimeUs === 0n ? '' : `${Number((Number(detectionTimeUs) / 1_000).toFixed(1))} ms`;

function whyText(session: BfdSession): string {
  if (session.state === BfdStateName.BFD_STATE_NAME_UP) return session.lastTransition?.text ?? '';
  const dropped = session.drops.map(({ reason, count }) => `${count} ${reason}`).join(', ');
  return `${session.detail}${dropped === '' ? '' : `; packets dropped: ${dropped}`}`;
}
