/** Names that one service's blocks use and another's define: only the whole configuration shows whether they fit. */
import type { Reporter } from './reporter.js';
import { closest } from './suggest.js';
import type { ConfigTree, Statement, Word } from './tree.js';

/** Reports names of BFD sessions, tracked files and instances that nothing defines. */
export function checkReferences(tree: ConfigTree, report: Reporter): void {
  const named = (...keywords: readonly string[]): readonly string[] =>
    tree.statements.flatMap(({ words: [first, name] }) =>
      name !== undefined && first !== undefined && keywords.includes(first.text) ? [name.text] : [],
    );
  const sessions = named('bfd_instance');
  const deaf = (word: 'vrrp' | 'checker'): ReadonlySet<string> =>
    new Set(tree.statements.filter((one) => tellsOnly(one, word)).map(({ words: [, name] }) => name?.text ?? ''));
  const [onlyVrrp, onlyCheckers] = [deaf('vrrp'), deaf('checker')];
  const files = named('track_file', 'vrrp_track_file');
  const instances = named('vrrp_instance');
  for (const statement of tree.statements) {
    const [keyword] = statement.words;
    if (keyword?.text === 'vrrp_instance' || keyword?.text === 'vrrp_sync_group') {
      const owner = statement.words[1]?.text ?? '';
      for (const line of inside([statement], 'track_bfd').flatMap(({ children }) => children)) {
        checkName(line.words[0], `${owner}: there is no bfd_instance`, 'unknown-tracker', sessions, report);
        checkTold(line.words[0], 'checker', 'vrrp', onlyCheckers, report);
      }
    } else if (keyword?.text === 'virtual_server') {
      const servers = inside([statement], 'real_server');
      for (const { words } of inside(inside(servers, 'BFD_CHECK'), 'name')) {
        checkName(words[1], 'BFD_CHECK: there is no bfd_instance', 'unknown-tracker', sessions, report);
        checkTold(words[1], 'vrrp', 'checker', onlyVrrp, report);
      }
      for (const { words } of inside(inside(servers, 'FILE_CHECK'), 'track_file')) {
        checkName(words[1], 'FILE_CHECK: there is no track_file', 'unknown-tracker', files, report);
      }
    } else if (keyword?.text === 'global_defs') {
      for (const { words } of inside([statement], 'lvs_sync_daemon')) {
        const word = instanceOf(words);
        if (word === undefined || instances.includes(word.text)) continue;
        // keepalived says nothing; the daemon of the kernel then never becomes master.
        report.warning(word, 'unknown-instance', `lvs_sync_daemon: there is no vrrp_instance '${word.text}'`);
      }
    }
  }
}

/** A `bfd_instance` with this word and not its counterpart. */
function tellsOnly({ words, children }: Statement, word: 'vrrp' | 'checker'): boolean {
  const has = (text: string): boolean => children.some(({ words: [first] }) => first?.text === text);
  return words[0]?.text === 'bfd_instance' && has(word) && !has(word === 'vrrp' ? 'checker' : 'vrrp');
}

/** A session that is told to others only would never be heard of. */
function checkTold(
  word: Word | undefined,
  told: string,
  wanted: string,
  deaf: ReadonlySet<string>,
  report: Reporter,
): void {
  if (word === undefined || !deaf.has(word.text)) return;
  const message = `bfd_instance '${word.text}' is for '${told}' only: nothing would be heard of it here`;
  report.tolerable(word, 'unknown-tracker', message, `add '${wanted}' to it`);
}

/** Statements with this keyword in the blocks of others. */
function inside(blocks: readonly Statement[], keyword: string): readonly Statement[] {
  const found: Statement[] = [];
  for (const { children } of blocks) {
    for (const child of children) {
      const first = child.words[0];
      if (first?.text === keyword && !first.quoted) found.push(child);
    }
  }
  return found;
}

const OPTIONS = new Set(['id', 'maxlen', 'port', 'ttl', 'group']);

/** `lvs_sync_daemon INTERFACE [[inst] INSTANCE] …`. */
function instanceOf(words: readonly Word[]): Word | undefined {
  const [, , second, third] = words;
  if (second === undefined || OPTIONS.has(second.text)) return undefined;
  return second.text === 'inst' ? third : second;
}

function checkName(
  word: Word | undefined,
  message: string,
  code: string,
  known: readonly string[],
  report: Reporter,
): void {
  if (word === undefined || known.includes(word.text)) return;
  const meant = closest(word.text, known);
  report.tolerable(
    word,
    code,
    `${message} '${word.text}'`,
    meant === undefined ? undefined : `did you mean '${meant}'?`,
  );
}
