/** Passwords of a configuration, for whoever shows one. */
import type { ConfigTree, Statement } from './tree.js';

/** What is shown instead. */
export const HIDDEN = '********';

/** `auth_pass`, `auth_hmac`, `password` and what was probably meant to be one of them. */
const SECRET = /(?:pass|passwd|password|hmac|secret)$/i;

/** The words after this keyword, or the field of this name, are nobody's business. */
export const isSecretName = (name: string): boolean => SECRET.test(name);

/** The tree with every word after such a keyword replaced. */
export function hideSecrets(tree: ConfigTree): ConfigTree {
  return { ...tree, statements: tree.statements.map(hideIn) };
}

function hideIn(statement: Statement): Statement {
  const { words, children } = statement;
  const name = words[0]?.text ?? '';
  const shown = name === 'auth_hmac' ? hideKeys(children) : children;
  return {
    ...statement,
    words: isSecretName(name) ? hideFrom(1, words) : words,
    children: shown.map(hideIn),
  };
}

/** Of `key <id> <key>` only the key is a secret; the file of a key is none. */
function hideKeys(statements: readonly Statement[]): readonly Statement[] {
  return statements.map((statement) => {
    const { words } = statement;
    if (words[0]?.text !== 'key' || words[2]?.text.startsWith('file:') === true) return statement;
    return { ...statement, words: hideFrom(2, words) };
  });
}

const hideFrom = (first: number, words: Statement['words']): Statement['words'] =>
  words.map((word, index) => (index < first ? word : { ...word, text: HIDDEN }));
