import assert from 'node:assert/strict';
import { it } from 'node:test';
import { understoodOnce } from '../../../../services/shared/config/understoodOnce.js';
import { treeOf } from './support.js';

it('a tree is understood once, another one that says the same by itself', () => {
  let count = 0;
  const understand = understoodOnce(() => ({ model: ++count, diagnostics: [] }));
  const [one, other] = [treeOf('router_id a\n'), treeOf('router_id a\n')];
  assert.deepEqual(
    [one, one, other, one].map((tree) => understand(tree).model),
    [1, 1, 2, 1],
  );
});
