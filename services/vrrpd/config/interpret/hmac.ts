import type { Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { type Micros, seconds } from '../../../shared/time/duration.js';
import * as K from '../keywords/authentication.js';
import type { HmacConfig, HmacKey } from '../model.js';

/** Length of a key in bytes: keepalived.conf(5) of 2.4, `auth_hmac`. */
export const HMAC_KEY_BYTES = { min: 32, max: 64 } as const;
const LEAST_WINDOW_S = 5;
const MOST_WINDOW_S = 300;

/** Reads `auth_hmac`; undefined: not configured, or wrong, which is reported. */
export function readHmac(
  found: Occurrence | undefined,
  instance: { readonly name: string; readonly advertInterval: Micros; readonly authentication: Word | undefined },
  report: Reporter,
): HmacConfig | undefined {
  if (found === undefined) return undefined;
  const { block, keyword } = found;
  const { name, advertInterval } = instance;
  if (instance.authentication !== undefined) {
    const message = `${name}: authentication and auth_hmac exclude each other`;
    report.error(
      instance.authentication,
      'contradiction',
      message,
      'auth_hmac is the better one: remove authentication',
    );
  }
  const keys = readKeys(found, name, report);
  const [first] = keys;
  if (first === undefined) {
    report.error(keyword, 'missing-keyword', `${name}: auth_hmac has no valid key`, "add 'key <id> <32 to 64 bytes>'");
    return undefined;
  }
  const active = block.last(K.HMAC_ACTIVE_KEY);
  const activeKey = active?.values[0] ?? first.id;
  if (active === undefined && keys.length > 1) {
    const message = `${name}: auth_hmac has several keys and no active_key; it signs with key ${first.id}, the first`;
    report.warning(keyword, 'no-active-key', message, 'add active_key');
  }
  if (!keys.some(({ id }) => id === activeKey)) {
    const message = `${name}: auth_hmac has no key ${activeKey}, which active_key names`;
    report.error(active?.statement.words[1] ?? keyword, 'unknown-key', message, `add 'key ${activeKey} …'`);
  }
  const window = block.last(K.HMAC_TIME_WINDOW);
  const monotonic = block.last(K.HMAC_ANTI_REPLAY)?.values[0] === 'monotonic';
  if (monotonic && window !== undefined) {
    report.warning(window.keyword, 'ignored', `${name}: time_window does not work with anti_replay monotonic`);
  }
  const usual = Math.max(Math.ceil((3 * Number(advertInterval)) / Number(seconds(1))), LEAST_WINDOW_S);
  return {
    keys,
    activeKey,
    ...(monotonic ? {} : { windowSeconds: window?.values[0] ?? Math.min(usual, MOST_WINDOW_S) }),
    mode: block.last(K.HMAC_MODE)?.values[0] ?? 'enforce',
  };
}

function readKeys({ block }: Occurrence, name: string, report: Reporter): readonly HmacKey[] {
  const keys = new Map<number, HmacKey>();
  for (const { values, statement, keyword } of block.all(K.HMAC_KEY)) {
    const [id, text] = values;
    const word = statement.words[2] ?? keyword;
    if (keys.has(id)) {
      report.error(statement.words[1] ?? keyword, 'duplicate-key', `${name}: auth_hmac has key ${id} twice`);
      continue;
    }
    const position = report.position(keyword);
    if (text.startsWith('file:') && !text.startsWith('file:/')) {
      const message = `${name}: key ${id} of auth_hmac needs the whole path of its file`;
      report.error(word, 'bad-key', message, 'file:/etc/…');
      continue;
    }
    if (text.startsWith('file:')) {
      keys.set(id, { id, secret: { file: text.slice('file:'.length) }, position });
      continue;
    }
    const secret = keyBytes(text);
    // The text of a key is nobody's business, so it does not stand in the message.
    if (typeof secret === 'string') report.error(word, 'bad-key', `${name}: key ${id} of auth_hmac ${secret}`);
    else keys.set(id, { id, secret: { bytes: secret }, position });
  }
  return [...keys.values()];
}

/** The bytes of a key as written in the configuration or in a file, or what is wrong with it. */
export function keyBytes(text: string): Uint8Array | string {
  const bytes = text.startsWith('hex:') ? hexBytes(text.slice('hex:'.length)) : new TextEncoder().encode(text);
  if (bytes === undefined) return 'has other characters than pairs of hexadecimal digits after hex:';
  const { min, max } = HMAC_KEY_BYTES;
  if (bytes.length < min || bytes.length > max) return `has ${bytes.length} bytes; ${min} to ${max} are needed`;
  return bytes;
}

function hexBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
