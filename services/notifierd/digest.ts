/**
 * Which mails are collected because what they are about flaps, and the mail they become. Pure.
 *
 * A lane (one instance, group or virtual server) that had more than so many mails within the interval flaps: its further
 * mails wait until the interval since the first that waits is over, and go as one. It is calm again when fewer came.
 */
import type { Mail } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import { elapsed, formatDuration, type Instant } from '../shared/time/duration.js';
import type { DigestConfig } from './config/model.js';

/** Lines of a digest; of more mails the first are counted only. */
export const DIGEST_LINES = 100;
/** Lanes remembered; the one that was quiet longest is forgotten first. */
const LANES = 1000;

/** Remembers when the mails of each lane came. */
export class FlapWatch {
  /** In the order of the last mail. */
  readonly #lanes = new Map<string, Instant[]>();

  /** Notes a mail and tells whether its lane flaps. */
  flaps(lane: string, now: Instant, config: DigestConfig): boolean {
    const times = (this.#lanes.get(lane) ?? []).filter((at) => elapsed(at, now) < config.interval);
    times.push(now);
    // One more than allowed says all there is to know.
    const kept = times.slice(-(config.mails + 1));
    this.#lanes.delete(lane);
    this.#lanes.set(lane, kept);
    const [quietest] = this.#lanes.keys();
    if (this.#lanes.size > LANES && quietest !== undefined) this.#lanes.delete(quietest);
    return kept.length > config.mails;
  }
}

/** One mail of a digest. */
export interface DigestItem {
  readonly mail: Mail;
  readonly at: Date;
}

/** The mail that says what the collected ones say; `dropped` more did not fit into memory. */
export function digestMail(
  lane: string,
  items: readonly DigestItem[],
  dropped: number,
  config: DigestConfig | undefined,
): Mail {
  const last = items.at(-1);
  const count = items.length + dropped;
  const shown = items.slice(-DIGEST_LINES);
  const hidden = count - shown.length;
  const pace = config === undefined ? '' : ` (more than ${config.mails} in ${formatDuration(config.interval)})`;
  return {
    subject: `${last?.mail.subject ?? lane} (and ${count - 1} more: it flaps)`,
    body: [
      `${count} alerts about ${lane} were collected because it flaps${pace}.`,
      '',
      ...(hidden > 0 ? [`${hidden} earlier ones are not listed.`] : []),
      ...shown.map(({ mail, at }) => `${at.toISOString()} ${mail.subject}`),
      '',
      'The last one:',
      last?.mail.body ?? '',
    ].join('\n'),
  };
}
