/**
 * The text of the journal. Pure.
 *
 * One record is one line: eight hexadecimal digits of CRC-32, a space, JSON. A line that does not fit its sum is damage
 * and is skipped; a last line without its newline was being written when the process died. So every prefix of a journal
 * is a journal: it tells everything that was written whole.
 */
import {
  type NotificationId,
  NotificationId as NotificationIdMessage,
  Notification as NotificationMessage,
  type NotifyResult,
  NotifyResult as NotifyResultMessage,
} from '../shared/rpc/generated/keepwatch/v1/notify.js';
import { crc32 } from './crc32.js';
import { type IdentifiedNotification, notificationKey } from './job.js';

/** Version of the format, in the first record. A journal of another version is kept aside, not guessed at. */
export const JOURNAL_VERSION = 1;

export type JournalRecord =
  /** First of every file. */
  | { readonly kind: 'begin'; readonly version: number }
  /** Taken over: will be told. */
  | { readonly kind: 'taken'; readonly notification: IdentifiedNotification }
  /** One job of it ended, well or not; `result` is what is shown to people. */
  | { readonly kind: 'done'; readonly id: NotificationId; readonly job: string; readonly result?: NotifyResult }
  /** Everything up to this id was taken, however little of it is still in the file. */
  | { readonly kind: 'mark'; readonly id: NotificationId }
  /** A result of the past, kept for show when the file was written anew. */
  | { readonly kind: 'result'; readonly result: NotifyResult };

/** Writes a record as its line, newline included. */
export function encodeRecord(record: JournalRecord): string {
  const json = JSON.stringify(recordToJson(record));
  return `${crc32(Buffer.from(json)).toString(16).padStart(8, '0')} ${json}\n`;
}

function recordToJson(record: JournalRecord): unknown {
  switch (record.kind) {
    case 'begin':
      return { begin: record.version };
    case 'taken':
      return { taken: NotificationMessage.toJSON(record.notification) };
    case 'done':
      return {
        done: NotificationIdMessage.toJSON(record.id),
        job: record.job,
        ...(record.result === undefined ? {} : { result: NotifyResultMessage.toJSON(record.result) }),
      };
    case 'mark':
      return { mark: NotificationIdMessage.toJSON(record.id) };
    case 'result':
      return { result: NotifyResultMessage.toJSON(record.result) };
  }
}

/** Reads one line without its newline; undefined when it is damaged. */
export function decodeRecord(line: string): JournalRecord | undefined {
  const sum = /^([0-9a-f]{8}) /.exec(line)?.[1];
  const json = line.slice(9);
  if (sum === undefined || crc32(Buffer.from(json)) !== Number.parseInt(sum, 16)) return undefined;
  try {
    return jsonToRecord(JSON.parse(json));
  } catch {
    return undefined;
  }
}

function jsonToRecord(json: unknown): JournalRecord | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const fields = json as { readonly [Field in 'begin' | 'taken' | 'done' | 'job' | 'mark' | 'result']?: unknown };
  if (typeof fields.begin === 'number') return { kind: 'begin', version: fields.begin };
  if (fields.taken !== undefined) {
    const notification = NotificationMessage.fromJSON(fields.taken);
    const { id } = notification;
    return id === undefined ? undefined : { kind: 'taken', notification: { ...notification, id } };
  }
  if (fields.done !== undefined && typeof fields.job === 'string') {
    const id = NotificationIdMessage.fromJSON(fields.done);
    const result = fields.result === undefined ? {} : { result: NotifyResultMessage.fromJSON(fields.result) };
    return { kind: 'done', id, job: fields.job, ...result };
  }
  if (fields.mark !== undefined) return { kind: 'mark', id: NotificationIdMessage.fromJSON(fields.mark) };
  if (fields.result !== undefined) return { kind: 'result', result: NotifyResultMessage.fromJSON(fields.result) };
  return undefined;
}

/** What a journal tells. */
export interface Replay {
  /** Not told completely, in the order in which it was taken, each with the names of its finished jobs. */
  readonly open: readonly { readonly notification: IdentifiedNotification; readonly done: ReadonlySet<string> }[];
  /** Marks and ids, in the order of the file: raise them all. */
  readonly taken: readonly NotificationId[];
  /** Results for show, oldest first. */
  readonly results: readonly NotifyResult[];
  /** Damaged lines, counted from 1. */
  readonly damagedLines: readonly number[];
  /** Bytes after the last newline: a record that was being written. */
  readonly tornBytes: number;
  /** Set when the file is of a version we do not know. */
  readonly foreignVersion?: number;
}

/** How many results of the past are read back. */
export const RESULTS_KEPT = 100;

/** Reads a journal, or any prefix of one. `jobsOf` names the jobs of a notification. */
export function replayJournal(
  text: string,
  jobNames: (notification: IdentifiedNotification) => readonly string[],
): Replay {
  const open = new Map<string, { notification: IdentifiedNotification; done: Set<string> }>();
  const taken: NotificationId[] = [];
  const results: NotifyResult[] = [];
  const damagedLines: number[] = [];
  let foreignVersion: number | undefined;
  const lines = text.split('\n');
  const torn = lines.pop() ?? '';
  for (const [index, line] of lines.entries()) {
    const record = decodeRecord(line);
    if (record === undefined) {
      damagedLines.push(index + 1);
      continue;
    }
    switch (record.kind) {
      case 'begin':
        if (record.version !== JOURNAL_VERSION) foreignVersion = record.version;
        break;
      case 'taken':
        taken.push(record.notification.id);
        open.set(notificationKey(record.notification.id), { notification: record.notification, done: new Set() });
        break;
      case 'done': {
        const key = notificationKey(record.id);
        const entry = open.get(key);
        entry?.done.add(record.job);
        if (entry !== undefined && jobNames(entry.notification).every((name) => entry.done.has(name))) open.delete(key);
        if (record.result !== undefined) results.push(record.result);
        break;
      }
      case 'mark':
        taken.push(record.id);
        break;
      case 'result':
        results.push(record.result);
        break;
    }
  }
  return {
    // A notification without jobs was told by being taken.
    open: [...open.values()].filter((entry) => jobNames(entry.notification).length > 0),
    taken,
    results: results.slice(-RESULTS_KEPT),
    damagedLines,
    tornBytes: Buffer.byteLength(torn),
    ...(foreignVersion === undefined ? {} : { foreignVersion }),
  };
}

/** The records of a fresh file that tells the same as an old one. */
export function snapshotRecords(state: {
  readonly marks: readonly NotificationId[];
  readonly results: readonly NotifyResult[];
  readonly pending: readonly { readonly notification: IdentifiedNotification; readonly done: readonly string[] }[];
}): JournalRecord[] {
  return [
    { kind: 'begin', version: JOURNAL_VERSION },
    ...state.marks.map((id): JournalRecord => ({ kind: 'mark', id })),
    ...state.results.map((result): JournalRecord => ({ kind: 'result', result })),
    ...state.pending.flatMap(({ notification, done }): JournalRecord[] => [
      { kind: 'taken', notification },
      ...done.map((job): JournalRecord => ({ kind: 'done', id: notification.id, job })),
    ]),
  ];
}
