/** The text of an alert mail, in the form keepalived gives it. Pure. */
import type { Mail } from '../shared/rpc/generated/keepwatch/v1/notify.js';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** Writes a date as RFC 5322 3.3 wants it, in the zone `offsetMinutes` east of UTC: `Sun, 22 Nov 2026 21:45:02 +0000`. */
export function mailDate(date: Date, offsetMinutes = -date.getTimezoneOffset()): string {
  const local = new Date(date.getTime() + offsetMinutes * 60_000);
  const offset = Math.abs(offsetMinutes);
  const zone = `${offsetMinutes < 0 ? '-' : '+'}${twoDigits(Math.floor(offset / 60))}${twoDigits(offset % 60)}`;
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(twoDigits).join(':');
  const day = `${DAYS[local.getUTCDay()]}, ${twoDigits(local.getUTCDate())} ${MONTHS[local.getUTCMonth()]}`;
  return `${day} ${local.getUTCFullYear()} ${time} ${zone}`;
}

const isAscii = (text: string): boolean => /^[\x20-\x7e\t\r\n]*$/.test(text);

/** A header value on one line: what names in a configuration contain must not begin a header of its own. */
const oneLine = (text: string): string => text.replace(/[\r\n\0]+\s*/g, ' ').trim();

/** Longest piece of UTF-8 in one encoded word: 75 characters less `=?UTF-8?B?` and `?=`, in base64 (RFC 2047 2). */
const ENCODED_BYTES = 45;

/** A header text as RFC 2047 encodes it; ASCII stays as it is. */
export function encodeHeader(text: string): string {
  const line = oneLine(text);
  if (isAscii(line)) return line;
  const words: string[] = [];
  let word = '';
  for (const character of line) {
    if (Buffer.byteLength(word + character) > ENCODED_BYTES) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  words.push(word);
  return words.map((piece) => `=?UTF-8?B?${Buffer.from(piece).toString('base64')}?=`).join('\r\n ');
}

/**
 * The whole message: Date, From, Subject, X-Mailer, To, then the body and an empty line. Only a text beyond ASCII gets
 * the MIME headers it needs.
 */
export function composeMail(mail: Mail, from: string, to: readonly string[], date: Date): string {
  const mime = isAscii(mail.body)
    ? []
    : ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'];
  const headers = [
    `Date: ${mailDate(date)}`,
    `From: ${oneLine(from)}`,
    `Subject: ${encodeHeader(mail.subject)}`,
    'X-Mailer: Keepwatch',
    `To: ${to.map(oneLine).join(', ')}`,
    ...mime,
  ];
  return `${headers.join('\r\n')}\r\n\r\n${mail.body.replace(/\r?\n/g, '\r\n')}\r\n\r\n`;
}
