/** What was told to scripts, FIFOs and people, as text. Pure. */
import type { NotifyResult, NotifyState } from '../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import type { Colours } from './colours.js';
import { table } from './table.js';
import { formatAge, formatMoment } from './time.js';

/** The queue in a line, then the latest results, oldest first, each with the last lines its script wrote. */
export function renderNotifications(
  { queued, running, oldestAgeMs, scriptsOk, scriptsFailed, mailsOk, mailsFailed, fifoLines, recent }: NotifyState,
  results: readonly NotifyResult[],
  now: Date,
  colours: Colours,
): string {
  const waiting = queued + running;
  const oldest = waiting === 0 ? '' : `, the oldest for ${formatAge(Number(oldestAgeMs))}`;
  const lines = [
    `${queued} waiting, ${running} running${oldest}`,
    `since notifierd started: scripts ${scriptsOk} good ${scriptsFailed} failed, mails ${mailsOk} good ${mailsFailed} failed, ${fifoLines} FIFO lines`,
  ];
  if (results.length === 0) {
    lines.push(recent.length === 0 ? 'nothing was told yet' : 'nothing failed lately');
    return `${lines.join('\n')}\n`;
  }
  const rows = results.map(({ at, lane, kind, ok, detail, durationMs, attempts, what }) => [
    formatMoment(at, now),
    lane,
    kind,
    ok ? colours.green(detail) : colours.red(detail),
    `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 3 : 1)} s`,
    attempts > 1 ? `${what} (attempt ${attempts})` : what,
  ]);
  const [header = '', ...body] = table(['AT', 'ABOUT', 'KIND', 'RESULT', 'TOOK', 'WHAT'], rows);
  lines.push('', colours.dim(header));
  for (const [index, line] of body.entries()) {
    lines.push(line);
    const output = results[index]?.outputTail.trimEnd() ?? '';
    if (output !== '') lines.push(...output.split('\n').map((text) => colours.dim(`    | ${text}`)));
  }
  return `${lines.join('\n')}\n`;
}
