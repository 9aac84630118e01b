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
  const secret = isSecretName(words[0]?.text ?? '');
  return {
    ...statement,
    words: secret ? words.map((word, index) => (index === 0 ? word : { ...word, text: HIDDEN })) : words,
    children: children.map(hideIn),
  };
}
