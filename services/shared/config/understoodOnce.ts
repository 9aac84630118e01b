import type { Interpretation } from './diagnostic.js';

/**
 * Remembers what a tree means for as long as the tree is there: it is validated, planned and put in force, and to understand a large
 * one takes longer than all else. What was validated is then also what comes into force, whatever files it names say meanwhile.
 */
export function understoodOnce<Tree extends object, Model>(
  interpret: (tree: Tree) => Interpretation<Model>,
): (tree: Tree) => Interpretation<Model> {
  const meanings = new WeakMap<Tree, Interpretation<Model>>();
  return (tree) => {
    const known = meanings.get(tree);
    if (known !== undefined) return known;
    const meaning = interpret(tree);
    meanings.set(tree, meaning);
    return meaning;
  };
}
