import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { step } from '../../services/vrrpd/fsm/step.js';
import { Life } from './life.js';
import type { Rules } from './machine.js';

/** Replay one life with KEEPWATCH_SEED=N; try more with KEEPWATCH_SEEDS=COUNT. */
const only = process.env.KEEPWATCH_SEED;
const count = Number(process.env.KEEPWATCH_SEEDS ?? 2000);

describe('routers on a bad segment', () => {
  it('end with exactly one master, the best where preemption allows, from every seed', () => {
    const first = only === undefined ? 1 : Number(only);
    const last = only === undefined ? count : first;
    for (let seed = first; seed <= last; seed++) new Life(seed).run();
  });

  it('live the same life twice from one seed', () => {
    for (const seed of [7, 77, 777]) {
      const [one, two] = [new Life(seed), new Life(seed)];
      one.run();
      two.run();
      assert.deepEqual(one.log, two.log);
      assert.ok(one.log.length > 5);
    }
  });
});

describe('the simulation finds, and names the seed of,', () => {
  const broken: readonly (readonly [string, RegExp, Rules])[] = [
    [
      'a master that yields to nobody',
      /masters after|mastership moves/,
      (state, event, now) =>
        state.kind === 'master' && event.kind === 'advert' ? { state, actions: [] } : step(state, event, now),
    ],
    [
      'a backup that preempts nobody',
      /does not preempt/,
      (state, event, now) => {
        const higher = event.kind === 'advert' && event.priority > 0 ? { ...event, priority: 255 } : event;
        return step(state, state.kind === 'backup' ? higher : event, now);
      },
    ],
    [
      'a master that keeps the addresses when it leaves',
      /holds on|holds the addresses/,
      (state, event, now) => {
        const result = step(state, event, now);
        return { ...result, actions: result.actions.filter(({ kind }) => kind !== 'remove-addresses') };
      },
    ],
    [
      'a master that leaves without a goodbye',
      /without a goodbye/,
      (state, event, now) => {
        const result = step(state, event, now);
        return {
          ...result,
          actions: result.actions.filter((action) => action.kind !== 'send-advert' || action.priority > 0),
        };
      },
    ],
  ];
  for (const [what, message, rules] of broken) {
    it(what, () => {
      const found = (): void => {
        for (let seed = 1; seed <= 200; seed++) new Life(seed, rules).run();
      };
      assert.throws(found, (error: Error) => message.test(error.message) && /KEEPWATCH_SEED=\d+/.test(error.message));
    });
  }
});
