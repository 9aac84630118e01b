/** A notification split into jobs: one script call, the lines for one FIFO, one mail. Pure. */
import type { Mail, Notification, NotificationId, ScriptCall } from '../shared/rpc/generated/keepwatch/v1/notify.js';

/** A notification whose id is known. */
export type IdentifiedNotification = Notification & { readonly id: NotificationId };

/** The FIFOs: one for VRRP lines, one for LVS lines, one for both. */
export const FIFO_KINDS = ['vrrp', 'lvs', 'common'] as const;
export type FifoKind = (typeof FIFO_KINDS)[number];

/** What has to be done for one job. */
export type Task =
  | { readonly kind: 'script'; readonly call: ScriptCall }
  | { readonly kind: 'fifo'; readonly fifo: FifoKind; readonly lines: readonly string[] }
  | { readonly kind: 'mail'; readonly mail: Mail };

/** One thing to do because of a notification. */
export interface Job {
  /** Within its notification: `script 0`, `fifo common`, `mail 1`. */
  readonly name: string;
  /** Names the job for ever: `<notification key> <name>`. */
  readonly key: string;
  /** Jobs of one lane run one after the other; mails share one lane in which the mailer decides. */
  readonly lane: string;
  readonly task: Task;
  readonly notification: IdentifiedNotification;
}

/** The lane of all mails. A mail never holds up anything else. */
export const MAIL_LANE = 'mail';

/** Writes an id as text, unique: `vrrpd/5f0c…/17.0`. */
export const notificationKey = (id: NotificationId): string =>
  `${id.service}/${id.incarnation}/${id.sequence}.${id.index}`;

/** The jobs of a notification, in the order in which they are begun: scripts, FIFO lines, mails. */
export function jobsOf(notification: IdentifiedNotification): Job[] {
  const key = notificationKey(notification.id);
  const job = (name: string, lane: string, task: Task): Job => ({
    name,
    key: `${key} ${name}`,
    lane,
    task,
    notification,
  });
  const { scripts, vrrpFifoLines, lvsFifoLines, mails } = notification;
  const fifo = (kind: FifoKind, lines: readonly string[]): Job[] =>
    lines.length === 0 ? [] : [job(`fifo ${kind}`, `fifo ${kind}`, { kind: 'fifo', fifo: kind, lines })];
  return [
    ...scripts.map((call, index) => job(`script ${index}`, `script ${notification.lane}`, { kind: 'script', call })),
    ...fifo('vrrp', vrrpFifoLines),
    ...fifo('lvs', lvsFifoLines),
    ...fifo('common', [...vrrpFifoLines, ...lvsFifoLines]),
    ...mails.map((mail, index) => job(`mail ${index}`, MAIL_LANE, { kind: 'mail', mail })),
  ];
}
