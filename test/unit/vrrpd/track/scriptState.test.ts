import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { afterResult, NO_RESULT, type ScriptState } from '../../../../services/vrrpd/track/scriptState.js';

/** `+` for a success, `-` for a failure; gives what counts after each. */
const run = (results: string, rise: number, fall: number): string => {
  let state: ScriptState = NO_RESULT;
  return [...results]
    .map((result) => {
      state = afterResult(state, result === '+', { rise, fall });
      return state.good ? '+' : '-';
    })
    .join('');
};

describe('rise and fall', () => {
  const cases: readonly (readonly [string, number, number, string, string])[] = [
    ['the first result decides alone, good', 3, 3, '+--+', '++++'],
    ['the first result decides alone, bad', 3, 3, '-++-', '----'],
    ['fall failures in a row', 1, 3, '+--+---+', '++++++-+'],
    ['rise successes in a row', 3, 1, '-++-+++-', '------+-'],
    ['one each', 1, 1, '+-+-', '+-+-'],
  ];
  for (const [name, rise, fall, results, expected] of cases) {
    it(name, () => assert.equal(run(results, rise, fall), expected));
  }

  it('is keepalived’s counter from 0 to rise + fall - 1', () => {
    const limits = { min: 1, max: 5 };
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.integer(limits),
        fc.integer(limits),
        (results, rise, fall) => {
          let state: ScriptState = NO_RESULT;
          const top = rise + fall - 1;
          let counter = results[0] === true ? top : 0;
          for (const [index, success] of results.entries()) {
            state = afterResult(state, success, { rise, fall });
            if (index > 0) {
              if (success) counter = counter + 1 >= rise ? top : counter + 1;
              else counter = counter - 1 < rise ? 0 : counter - 1;
            }
            assert.equal(state.good, counter >= rise);
          }
        },
      ),
    );
  });
});
