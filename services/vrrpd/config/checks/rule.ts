import type { KeywordSpec, KeywordTable } from '../../../shared/config/keyword.js';
import { type OptionUse, optionValues, readLineOptions } from '../../../shared/config/lineOptions.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Statement } from '../../../shared/config/tree.js';
import { ROUTE_INET, ROUTE_INET6 } from '../keywords/route.js';
import * as R from '../keywords/rule.js';
import { familyOfValues, reportFamilies } from './family.js';

const ACTIONS: ReadonlySet<KeywordSpec> = new Set<KeywordSpec>([
  R.RULE_TABLE,
  R.RULE_GOTO,
  R.RULE_L3MDEV,
  R.RULE_TYPE,
  ...R.RULE_ACTIONS,
]);

/** Checks one line of `virtual_rules` or `static_rules`. */
export function checkRule({ words }: Statement, options: KeywordTable, report: Reporter): void {
  const [first] = words;
  if (first === undefined) return;
  const uses = readLineOptions(words, options, report);
  reportFamilies('a rule', first, uses.map(familyOf), report);
  const actions = uses.filter(({ spec }) => ACTIONS.has(spec));
  const [action, second] = actions;
  if (second !== undefined) {
    const message = `a rule has one action; '${second.keyword.text}' is the second one`;
    report.tolerable(second.keyword, 'repeated-keyword', message, 'make it two rules');
  }
  if (action === undefined) {
    const message = 'a rule without an action does nothing and is ignored';
    report.warning(first, 'ignored', message, 'add table, goto, l3mdev, blackhole, prohibit, unreachable or nop');
  }
  checkPreference(uses, report);
}

function checkPreference(uses: readonly OptionUse[], report: Reporter): void {
  const preference = optionValues(uses, R.RULE_PREFERENCE)?.[0];
  const goto = uses.find(({ spec }) => spec === R.RULE_GOTO);
  const [any] = uses;
  if (preference === undefined) {
    if (goto !== undefined) {
      report.tolerable(goto.keyword, 'missing-argument', "a rule with 'goto' needs a preference");
    } else if (any !== undefined) {
      const hint = 'without it the place of the rule depends on the order of takeovers';
      report.warning(any.keyword, 'no-preference', 'a rule should have a preference', hint);
    }
    return;
  }
  const target = goto?.values[0];
  if (typeof target === 'number' && typeof preference === 'number' && target <= preference) {
    report.tolerable(goto?.keyword, 'out-of-range', `'goto' ${target} must be above the preference ${preference}`);
  }
}

function familyOf({ spec, values }: OptionUse): 4 | 6 | undefined {
  if (spec === ROUTE_INET) return 4;
  if (spec === ROUTE_INET6) return 6;
  return spec === R.RULE_FROM || spec === R.RULE_TO ? familyOfValues(values) : undefined;
}
