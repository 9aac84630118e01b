/** Routes and rules, virtual and static, and what is always there. */
import { DEFAULT_INTERFACE } from '../../../shared/config/globals/vrrp.js';
import type { KeywordTable } from '../../../shared/config/keyword.js';
import type { Block } from '../../../shared/config/readBlock.js';
import { Reporter } from '../../../shared/config/reporter.js';
import type { RoutingNames } from '../../../shared/config/routingNames.js';
import type { Statement } from '../../../shared/config/tree.js';
import { STATIC_ROUTE_OPTIONS } from '../keywords/route.js';
import { STATIC_RULE_OPTIONS, VIRTUAL_RULE_OPTIONS } from '../keywords/rule.js';
import * as K from '../keywords.js';
import type { StaticConfig } from '../model.js';
import type { RouteConfig, RuleConfig } from '../routingModel.js';
import { readRoute } from './route.js';
import { Preferences, readRule, withPreference } from './rule.js';
import { readStaticAddress } from './virtualAddress.js';

/** keepalived.conf(5): the default of `default_interface`. */
const ETH0 = 'eth0';

/** Reads routes and rules of a configuration; preferences are given out over all of it. */
export class RoutingReader {
  readonly #names: RoutingNames;
  readonly #preferences = new Map<Statement, number>();

  /** `statements` are the top-level blocks in the order of the file. */
  constructor(names: RoutingNames, statements: readonly Statement[]) {
    this.#names = names;
    const silent = new Reporter([], true);
    const preferences = new Preferences();
    for (const { line, options } of ruleLines(statements)) {
      const rule = readRule(line, options, names, silent);
      if (rule !== undefined) this.#preferences.set(line, withPreference(rule, preferences).preference);
    }
  }

  routes(lines: readonly Statement[], options: KeywordTable, report: Reporter): readonly RouteConfig[] {
    return lines.flatMap((line) => readRoute(line, options, this.#names, report) ?? []);
  }

  rules(lines: readonly Statement[], options: KeywordTable, report: Reporter): readonly RuleConfig[] {
    return lines.flatMap((line) => {
      const rule = readRule(line, options, this.#names, report);
      const preference = this.#preferences.get(line);
      return rule === undefined || preference === undefined ? [] : [{ ...rule, preference }];
    });
  }
}

/** The lines of all rules, virtual and static, in the order of the file. */
function ruleLines(statements: readonly Statement[]): { readonly line: Statement; readonly options: KeywordTable }[] {
  const named = (inside: readonly Statement[], keyword: string) =>
    inside.filter(({ words: [first] }) => first?.text === keyword);
  return statements.flatMap((statement) =>
    statement.words[0]?.text === 'static_rules'
      ? statement.children.map((line) => ({ line, options: STATIC_RULE_OPTIONS }))
      : named([statement], 'vrrp_instance')
          .flatMap(({ children }) => named(children, 'virtual_rules'))
          .flatMap(({ children }) => children.map((line) => ({ line, options: VIRTUAL_RULE_OPTIONS }))),
  );
}

/** Reads `static_ipaddress`, `static_routes`, `static_rules` and `track_group`. */
export function readStatics(block: Block, globals: Block, routing: RoutingReader, report: Reporter): StaticConfig {
  const defaultInterface = globals.last(DEFAULT_INTERFACE)?.values[0] ?? ETH0;
  return {
    addresses: block
      .lines(K.STATIC_IPADDRESS)
      .flatMap((line) => readStaticAddress(line, defaultInterface, report) ?? []),
    routes: routing.routes(block.lines(K.STATIC_ROUTES), STATIC_ROUTE_OPTIONS, report),
    rules: routing.rules(block.lines(K.STATIC_RULES), STATIC_RULE_OPTIONS, report),
    groups: block.all(K.TRACK_GROUP).map(({ values: [name], block: inside }) => ({
      name,
      members: inside.lines(K.TRACK_GROUP_MEMBERS).flatMap(({ words }) => words.map(({ text }) => text)),
    })),
  };
}
