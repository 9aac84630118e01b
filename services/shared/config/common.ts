/** What belongs to no single service: keywords of the top level and all of `global_defs`, checked once for all. */
import { integer } from './argument.js';
import type { Interpretation } from './diagnostic.js';
import { INCLUDE_CHECK } from './globals/process.js';
import { GLOBAL_TABLE, type InterpretEnvironment, readGlobals, routerId } from './globals.js';
import { applyIncludeCheck, NO_CHECKS } from './include.js';
import { KeywordTable, keyword } from './keyword.js';
import { INSTANCE, NET_NAMESPACE, NET_NAMESPACE_IPVS } from './placement.js';
import { type Block, readBlock } from './readBlock.js';
import { checkReferences } from './references.js';
import { Reporter } from './reporter.js';
import { closest } from './suggest.js';
import { readSuiteScripts, type SuiteScripts } from './suiteScripts.js';
import { TOP_LEVEL_BLOCKS } from './topLevel.js';
import type { ConfigTree, Statement, Word } from './tree.js';

const GLOBAL_DEFS = keyword('global_defs', [], 'Settings of the whole suite and defaults of its parts.', {
  block: { kind: 'keywords', table: GLOBAL_TABLE },
  repeat: 'list',
});

export const LINKBEAT_USE_POLLING = keyword(
  'linkbeat_use_polling',
  [],
  'Polls the links of all interfaces that instances run on or track.',
);

/** Keywords of the top level that are not the business of one service. */
export const COMMON_TABLE = new KeywordTable('the configuration', [
  GLOBAL_DEFS,
  NET_NAMESPACE,
  NET_NAMESPACE_IPVS,
  keyword('namespace_with_ipsets', [], 'Accepted: there are no ipsets, and nftables knows namespaces.'),
  INSTANCE,
  keyword('use_pid_dir', [], 'Accepted: pid files are in the run directory in any case.'),
  LINKBEAT_USE_POLLING,
  keyword(
    'child_wait_time',
    [integer('seconds', { min: 0 })],
    'Accepted: a service has 7 s to end by itself; its kernel state is removed first.',
  ),
]);

/** What the supervisor reads for itself. */
export interface CommonConfig {
  /** `router_id`; default: host name. */
  readonly routerId: string;
  /** `startup_script` and `shutdown_script`. */
  readonly scripts: SuiteScripts;
}

/**
 * Checks what no service checks: unknown keywords of the top level, `global_defs` and blocks that no service runs.
 * Together with the interpreters of all services every statement is looked at exactly once.
 */
export function interpretCommon(tree: ConfigTree, environment: InterpretEnvironment): Interpretation<CommonConfig> {
  const report = new Reporter(tree.files, tree.lenient);
  const own: Statement[] = [];
  for (const statement of tree.statements) {
    const [first] = statement.words;
    if (first === undefined) continue;
    if (!first.quoted && COMMON_TABLE.find(first.text) !== undefined) own.push(statement);
    else if (first.quoted || !TOP_LEVEL_BLOCKS.has(first.text)) reportUnknownTopLevel(first, report);
  }
  const block = readBlock(own, COMMON_TABLE, report);
  const globals = block.all(GLOBAL_DEFS).map((found) => found.block);
  for (const one of globals) checkIncludeOptions(one, report);
  checkReferences(tree, report);
  const silent = readGlobals(tree);
  const model: CommonConfig = {
    routerId: routerId(silent, environment),
    scripts: readSuiteScripts(silent, report),
  };
  return report.hasErrors ? { diagnostics: report.diagnostics } : { model, diagnostics: report.diagnostics };
}

function checkIncludeOptions(globals: Block, report: Reporter): void {
  for (const { statement } of globals.all(INCLUDE_CHECK)) {
    const words = statement.words.slice(1);
    const { unknown } = applyIncludeCheck(
      words.map(({ text }) => text),
      NO_CHECKS,
    );
    for (const option of words.filter(({ text }) => unknown.includes(text))) {
      const hint = 'known are readable, match, wildcard_match and brace_match, with + or - before them';
      report.tolerable(option, 'bad-value', `unknown include check '${option.text}'`, hint);
    }
  }
}

function reportUnknownTopLevel(word: Word, report: Reporter): void {
  report.tolerable(word, 'unknown-keyword', `unknown keyword '${word.text}' at the top level`, hintFor(word));
}

function hintFor(word: Word): string | undefined {
  if (word.quoted) return 'a keyword does not stand in quotes';
  if (GLOBAL_TABLE.find(word.text) !== undefined) return 'it belongs into global_defs';
  const meant = closest(word.text, [...TOP_LEVEL_BLOCKS.keys(), ...COMMON_TABLE.names()]);
  return meant === undefined ? undefined : `did you mean '${meant}'?`;
}
