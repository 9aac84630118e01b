/** Checks of the checkers: complete, and free of contradictions, as keepalived wants them. */
import type { KeywordSpec } from '../../../shared/config/keyword.js';
import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { CHECKERS } from '../keywords/checkers.js';

/** MD5 in hexadecimal. */
export const DIGEST = /^[0-9a-fA-F]{32}$/;
const DNS_TYPES = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'];
export const STATUS = /^([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?$/;

/** Reports what is wrong in the checkers of one real server. */
export function checkCheckers(server: Block, report: Reporter): void {
  for (const spec of CHECKERS) {
    const check = CHECKS.get(spec.name);
    if (check === undefined) continue;
    for (const found of server.all(spec)) check(new Contents(spec, found), report);
  }
}

/** The keywords in the block of a checker, by name. */
class Contents {
  readonly place: Word;
  readonly #spec: KeywordSpec;
  readonly #block: Block;

  constructor(spec: KeywordSpec, found: Occurrence) {
    this.place = found.keyword;
    this.#spec = spec;
    this.#block = found.block;
  }

  /** All occurrences of a keyword, as contents of their own. */
  all(name: string): readonly Contents[] {
    const spec = this.#find(name);
    return spec === undefined ? [] : this.#block.all(spec).map((found) => new Contents(spec, found));
  }

  /** The words after a keyword; undefined when it is not there. */
  words(name: string): readonly Word[] | undefined {
    const spec = this.#find(name);
    return spec === undefined ? undefined : this.#block.last(spec)?.statement.words.slice(1);
  }

  #find(name: string): KeywordSpec | undefined {
    return this.#spec.block?.kind === 'keywords' ? this.#spec.block.table.find(name) : undefined;
  }
}

type Check = (checker: Contents, report: Reporter) => void;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['HTTP_GET', checkUrls],
  ['SSL_GET', checkUrls],
  ['DNS_CHECK', checkDns],
  ['MISC_CHECK', (checker, report) => need(checker, 'MISC_CHECK', 'misc_path', report)],
  ['BFD_CHECK', (checker, report) => need(checker, 'BFD_CHECK', 'name', report)],
  ['FILE_CHECK', (checker, report) => need(checker, 'FILE_CHECK', 'track_file', report)],
  ['UDP_CHECK', checkUdp],
]);

function need(checker: Contents, what: string, keyword: string, report: Reporter): void {
  if (checker.words(keyword) !== undefined) return;
  report.tolerable(checker.place, 'missing-keyword', `${what} has no '${keyword}'`, `add '${keyword}' to it`);
}

function checkUrls(checker: Contents, report: Reporter): void {
  const urls = checker.all('url');
  if (urls.length === 0) need(checker, checker.place.text, 'url', report);
  for (const url of urls) checkUrl(url, report);
}

function checkUrl(url: Contents, report: Reporter): void {
  need(url, 'url', 'path', report);
  const [digest] = url.words('digest') ?? [];
  if (digest !== undefined && !DIGEST.test(digest.text)) {
    const hint = 'keepwatch-genhash computes it';
    report.tolerable(digest, 'bad-value', `'digest' is 32 hexadecimal digits, not '${digest.text}'`, hint);
  }
  for (const word of url.words('status_code') ?? []) {
    const [, first, last] = STATUS.exec(word.text) ?? [];
    if (first !== undefined && (last === undefined || Number(last) >= Number(first))) continue;
    report.tolerable(word, 'bad-value', `'status_code' is 100..599 or a range such as 200-299, not '${word.text}'`);
  }
  const [noMatch] = url.all('regex_no_match');
  if (noMatch !== undefined && url.words('regex') === undefined) {
    report.warning(noMatch.place, 'ignored', "'regex_no_match' without 'regex' is ignored");
  }
}

function checkDns(checker: Contents, report: Reporter): void {
  const [type] = checker.words('type') ?? [];
  if (type === undefined || DNS_TYPES.includes(type.text.toUpperCase())) return;
  report.tolerable(type, 'bad-value', `'type' is one of ${DNS_TYPES.join(', ')}, not '${type.text}'`);
}

function checkUdp(checker: Contents, report: Reporter): void {
  checkHex(checker.words('payload'), /^[0-9a-fA-F]+$/, 'payload', report);
  checkHex(checker.words('require_reply'), /^[0-9a-fA-FxX]+$/, 'require_reply', report);
  const [least] = checker.words('min_reply_length') ?? [];
  const [most] = checker.words('max_reply_length') ?? [];
  if (least === undefined || most === undefined || Number(least.text) <= Number(most.text)) return;
  const message = `min_reply_length ${least.text} is above max_reply_length ${most.text}: the check could never succeed`;
  report.tolerable(least, 'contradiction', message);
}

function checkHex(words: readonly Word[] | undefined, pattern: RegExp, keyword: string, report: Reporter): void {
  const wrong = words?.find(({ text }) => !pattern.test(text));
  if (wrong === undefined) return;
  report.tolerable(wrong, 'bad-value', `'${keyword}' is bytes in hexadecimal, not '${wrong.text}'`);
}
