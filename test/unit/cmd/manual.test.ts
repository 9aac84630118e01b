/** Our keyword tables beside keepalived.conf(5) of the installed keepalived: each keyword of its blocks has to be in ours. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { KEYWORD_TABLES } from '../../../cmd/keepwatchd/keywordTables.js';
import { catalogueOf } from '../../../services/shared/config/catalogue.js';

const PAGE = '/usr/share/man/man5/keepalived.conf.5.gz';
const CATALOGUE = catalogueOf(KEYWORD_TABLES);

/** Blocks whose contents are examples of lines; what may stand there is in our tables of options. */
const LINES: ReadonlySet<string> = new Set(
  CATALOGUE.filter(({ spec }) => spec.block?.kind === 'lines').map(({ spec }) => spec.name),
);
const CHECKERS = CATALOGUE.filter(({ spec }) => spec.name.endsWith('_CHECK') || spec.name.endsWith('_GET')).map(
  ({ spec }) => spec.name,
);
/** Blocks of checkers that have none of the common options (keepalived.conf(5), "All checkers have"). */
const BARE = new Set(['BFD_CHECK', 'FILE_CHECK']);
const CONNECTION = new Set([
  'connect_ip',
  'connect_port',
  'bindto',
  'bind_if',
  'bind_port',
  'fwmark',
  'connect_timeout',
]);

/** Keywords as `block > block > keyword`, the way the page lays them out. */
function keywordsOfPage(roff: string): readonly string[] {
  const found = new Set<string>();
  let stack: string[][] = [];
  let inside = false;
  for (const raw of roff.split('\n')) {
    if (raw.startsWith('.SH ')) {
      const section = raw.slice(4);
      stack = [];
      inside = section === 'ADVANCED CONFIGURATION' ? false : inside || section === 'Global definitions';
      continue;
    }
    if (!inside || raw.startsWith('.')) continue;
    const bold = /^\s*\\fB/.test(raw);
    const line = raw
      .replaceAll(/\\f[BIR]/g, '')
      .replaceAll('\\-', '-')
      .replace(/(^|\s)#.*$/, '')
      .trim();
    if (line === '}') stack.pop();
    const [first = '', ...others] = line.split(/\s+/);
    const opens = others.at(-1) === '{';
    const names = first.split('|').filter((name) => /^[A-Za-z][\w-]+$/.test(name));
    const parent = stack.at(-1);
    const parents = stack.length === 0 ? [''] : product(stack).map((path) => `${path.join(' > ')} > `);
    const isLine = parent?.some((name) => LINES.has(name)) === true;
    // Outside a block prose begins lines with plain words; `or` joins two spellings of lvs_method.
    if ((parent !== undefined || bold || opens) && !isLine && first !== 'or' && isKeyword(names, parent, bold)) {
      for (const name of names) for (const path of parents) found.add(`${path}${name}`);
    }
    if (opens) stack.push(names.includes('CHECKER_TYPE') ? CHECKERS : names);
  }
  return [...found].filter((path) => !path.endsWith('CHECKER_TYPE') && !isNotCommon(path));
}

/** Notes inside vrrp_instance go on for a second line without `#`: those words are not bold. */
const isKeyword = (names: readonly string[], parent: readonly string[] | undefined, bold: boolean): boolean =>
  names.length > 0 &&
  (bold || parent?.[0] !== 'vrrp_instance') &&
  !(parent === undefined && /^[A-Z]+$|:$/.test(names[0] ?? '') && names[0] !== 'SSL');

function isNotCommon(path: string): boolean {
  const [checker = '', name = ''] = path.split(' > ').slice(-2);
  if (!CHECKERS.includes(checker)) return false;
  if (BARE.has(checker)) return !['name', 'track_file', 'dynamic', 'weight'].includes(name);
  return checker === 'MISC_CHECK' && CONNECTION.has(name);
}

function product(stack: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return stack.reduce<readonly (readonly string[])[]>(
    (paths, names) => paths.flatMap((path) => names.map((name) => [...path, name])),
    [[]],
  );
}

/** What stands before a brace or in prose at the top level and is no keyword. */
const NO_KEYWORDS = new Set(['fwmark', 'group', 'NOT', 'VRRP', 'Virtual']);

const OURS = new Set(
  CATALOGUE.flatMap(({ blocks, spec }) => [spec.name, ...spec.aliases].map((name) => [...blocks, name].join(' > '))),
);

describe('keepalived.conf(5)', { skip: existsSync(PAGE) ? false : `${PAGE} is not installed` }, () => {
  const page = existsSync(PAGE) ? keywordsOfPage(gunzipSync(readFileSync(PAGE)).toString('latin1')) : [];

  it('is understood by this test', () => {
    assert.ok(page.length > 400, `only ${page.length} keywords were found in the page`);
    for (const known of [
      'global_defs > vrrp_garp_interval',
      'vrrp_instance > authentication > auth_pass',
      'virtual_server > real_server > HTTP_GET > url > status_code',
      'virtual_server > real_server > UDP_CHECK > bind_port',
      'SSL > password',
    ]) {
      assert.ok(page.includes(known), known);
    }
  });

  it('has no keyword that our tables miss', () => {
    const missing = page.filter((path) => !OURS.has(path) && !NO_KEYWORDS.has(path));
    assert.deepEqual(missing, []);
  });
});

describe('keywords beyond keepalived.conf(5)', () => {
  const GUIDE = [
    'virtual_server > lb_algo',
    'virtual_server > lb_kind',
    'virtual_server > real_server > HTTP_GET > nb_get_retry',
    'vrrp_instance > lvs_sync_daemon_interface',
  ];
  const UPSTREAM = [
    'vrrp_instance > auth_hmac',
    'global_defs > vrrp_delay_after_boot',
    'global_defs > vrrp_down_timer_adverts',
    'vrrp_instance > down_timer_adverts',
    'vrrp_instance > track_src_ip',
    'global_defs > vmac_addr_prefix',
    'global_defs > reload_time_file',
    'global_defs > reload_file',
    'global_defs > state_file_location',
    'vrrp_instance > timer_expired_backup',
    'global_defs > json_version',
  ];

  for (const path of [...GUIDE, ...UPSTREAM]) it(`knows ${path}`, () => assert.ok(OURS.has(path)));

  it('has one line of documentation for each', () => {
    for (const { blocks, spec } of CATALOGUE) {
      assert.match(spec.doc, /^[^\n]{5,120}\.$/, [...blocks, spec.name].join(' > '));
    }
  });
});
