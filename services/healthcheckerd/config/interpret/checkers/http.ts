import type { Block, Occurrence } from '../../../../shared/config/readBlock.js';
import type { Reporter } from '../../../../shared/config/reporter.js';
import { closest } from '../../../../shared/config/suggest.js';
import type { HttpCheckConfig, RegexConfig, StatusRange, TlsFiles, UrlConfig } from '../../checkerModel.js';
import { DIGEST, STATUS } from '../../checks/checkers.js';
import { unclosedIn } from '../../checks/pattern.js';
import * as C from '../../keywords/checkers.js';
import type { PatternProblem } from '../surroundings.js';

const DEFAULT_STATUS: readonly StatusRange[] = [{ first: 200, last: 299 }];

/** Names of PCRE2's options that keepalived.conf(5) allows. */
const REGEX_OPTIONS: readonly string[] = [
  'allow_empty_class',
  'alt_bsux',
  'auto_callout',
  'caseless',
  'dollar_endonly',
  'dotall',
  'dupnames',
  'extended',
  'firstline',
  'match_unset_backref',
  'multiline',
  'never_ucp',
  'never_utf',
  'no_auto_capture',
  'no_auto_possess',
  'no_dotstar_anchor',
  'no_start_optimize',
  'ucp',
  'ungreedy',
  'utf',
  'never_backslash_c',
  'alt_circumflex',
  'alt_verbnames',
  'use_offset_limit',
];

type HttpPart = Pick<HttpCheckConfig, 'protocol' | 'fastRecovery' | 'urls' | 'tls'>;

/** Reads what is particular to HTTP_GET and, with `files`, SSL_GET; undefined without a url, which was reported. */
export function readHttp(
  block: Block,
  virtualhost: string | undefined,
  files: TlsFiles | undefined,
  patternProblem: PatternProblem | undefined,
  report: Reporter,
): HttpPart | undefined {
  const own = block.last(C.CHECKER_VIRTUALHOST)?.values[0] ?? virtualhost;
  const urls = block.all(C.URL).flatMap((found) => readUrl(found.block, own, patternProblem, report));
  if (urls.length === 0) return undefined;
  const version = block.last(C.HTTP_PROTOCOL)?.values[0] ?? '1.0';
  return {
    protocol: version === '1.0c' ? '1.0C' : version,
    fastRecovery: block.last(C.FAST_RECOVERY)?.values[0] ?? false,
    urls,
    ...(files === undefined
      ? {}
      : { tls: { sni: block.has(C.ENABLE_SNI), compliant: block.has(C.TLS_COMPLIANT), files } }),
  };
}

function readUrl(
  block: Block,
  virtualhost: string | undefined,
  patternProblem: PatternProblem | undefined,
  report: Reporter,
): UrlConfig[] {
  const path = block.last(C.URL_PATH)?.values[0];
  if (path === undefined) return [];
  const host = block.last(C.URL_VIRTUALHOST)?.values[0] ?? virtualhost;
  const digest = block.last(C.URL_DIGEST)?.values[0];
  const found = block.last(C.REGEX);
  const regex = found === undefined ? undefined : readRegex(found, block, report);
  if (found !== undefined && regex !== undefined) checkPattern(found, regex, patternProblem, report);
  return [
    {
      path,
      status: readStatus(block),
      ...(host === undefined ? {} : { virtualHost: host }),
      ...(digest === undefined || !DIGEST.test(digest) ? {} : { digest: digest.toLowerCase() }),
      ...(regex === undefined ? {} : { regex }),
    },
  ];
}

function readStatus(block: Block): readonly StatusRange[] {
  const ranges = (block.last(C.URL_STATUS)?.values[0] ?? []).flatMap((text) => {
    const [, first, last = first] = STATUS.exec(text) ?? [];
    return first === undefined || Number(last) < Number(first) ? [] : [{ first: Number(first), last: Number(last) }];
  });
  return ranges.length === 0 ? DEFAULT_STATUS : ranges;
}

function readRegex(found: Occurrence<typeof C.REGEX.arguments>, block: Block, report: Reporter): RegexConfig {
  const options = block.last(C.REGEX_OPTIONS);
  const names: string[] = [];
  for (const word of options?.statement.words.slice(1) ?? []) {
    // All options may stand in one pair of quotes.
    for (const name of word.text.split(/\s+/).filter((part) => part !== '')) {
      if (REGEX_OPTIONS.includes(name)) {
        names.push(name);
        continue;
      }
      const meant = closest(name, REGEX_OPTIONS);
      const hint = meant === undefined ? undefined : `did you mean '${meant}'?`;
      report.tolerable(word, 'unknown-option', `unknown option '${name}' of regex_options`, hint);
    }
  }
  const maxOffset = block.last(C.REGEX_MAX_OFFSET)?.values[0];
  const [start, max] = block.last(C.REGEX_STACK)?.values ?? [];
  return {
    pattern: found.values[0],
    options: names,
    noMatch: block.has(C.REGEX_NO_MATCH),
    minOffset: block.last(C.REGEX_MIN_OFFSET)?.values[0] ?? 0,
    ...(maxOffset === undefined ? {} : { maxOffset }),
    ...(start === undefined || max === undefined ? {} : { stack: { start, max } }),
    position: report.position(found.keyword),
  };
}

/**
 * keepalived takes a broken expression in silence, and the check never succeeds. Where PCRE2 cannot be asked, only what is
 * unclosed is found.
 */
function checkPattern(
  { statement }: Occurrence,
  regex: RegexConfig,
  patternProblem: PatternProblem | undefined,
  report: Reporter,
): void {
  const [, word = statement.words[0]] = statement.words;
  const refused = patternProblem?.(regex);
  if (refused !== undefined) {
    if (refused !== '') report.tolerable(word, 'bad-value', `'regex' cannot be used: ${refused}`);
    return;
  }
  // Comments of the option extended may hold anything.
  if (regex.options.includes('extended') || regex.pattern.includes('(?x')) return;
  const unclosed = unclosedIn(regex.pattern);
  if (unclosed !== undefined) report.tolerable(word, 'bad-value', `'regex' has ${unclosed}: '${regex.pattern}'`);
}
