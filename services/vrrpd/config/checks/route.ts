import type { KeywordSpec, KeywordTable } from '../../../shared/config/keyword.js';
import { type OptionUse, optionValues, readLineOptions } from '../../../shared/config/lineOptions.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Statement, Word } from '../../../shared/config/tree.js';
import { type NetworkPrefix, parseNetworkPrefix } from '../keywords/prefix.js';
import * as R from '../keywords/route.js';
import { familyOfValues, reportFamilies } from './family.js';

/** Checks one line of `virtual_routes` or `static_routes`. */
export function checkRoute({ words }: Statement, options: KeywordTable, report: Reporter): void {
  const [first] = words;
  if (first === undefined) return;
  let type: Word | undefined;
  let destination: NetworkPrefix | undefined;
  const uses = readLineOptions(words, options, report, (word) => {
    if (type === undefined && destination === undefined && R.ROUTE_TYPES.has(word.text)) {
      type = word;
      return true;
    }
    if (destination !== undefined) return false;
    destination = parseNetworkPrefix(word.text);
    return destination !== undefined;
  });
  const to = destination ?? optionValues(uses, R.ROUTE_TO)?.[0];
  if (to === undefined) {
    report.tolerable(first, 'missing-argument', 'a route needs a destination such as 192.0.2.0/24 or default');
    return;
  }
  if (!reportFamilies('a route', first, [familyOfValues([to]), ...uses.map(familyOf)], report)) return;
  if (type === undefined) warnOfNoWay(words, first, report);
}

const FAMILIES: ReadonlyMap<KeywordSpec, 4 | 6> = new Map<KeywordSpec, 4 | 6>([
  [R.ROUTE_INET, 4],
  [R.ROUTE_INET6, 6],
]);
/** The gateway of another family (`via inet6`) and the other end of an encapsulation may differ. */
const OF_ONE_FAMILY: ReadonlySet<KeywordSpec> = new Set<KeywordSpec>([R.ROUTE_SRC, R.ROUTE_TO]);

function familyOf({ spec, values }: OptionUse): 4 | 6 | undefined {
  const named = FAMILIES.get(spec);
  if (named !== undefined) return named;
  const isGateway = spec === R.ROUTE_VIA || spec === R.ROUTE_GW || spec === R.ROUTE_OR;
  return OF_ONE_FAMILY.has(spec) || (isGateway && values[0] === undefined) ? familyOfValues(values) : undefined;
}

const WAYS: ReadonlySet<string> = new Set(['via', 'gw', 'nexthop', 'dev', 'oif', 'no_track']);

function warnOfNoWay(words: readonly Word[], first: Word, report: Reporter): void {
  if (words.some(({ text }) => WAYS.has(text))) return;
  const message = `the route to ${first.text} has no interface, so its removal is not noticed`;
  report.warning(first, 'untracked-route', message, 'add dev, via or no_track');
}
