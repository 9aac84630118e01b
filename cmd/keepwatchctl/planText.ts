/** A plan as it is printed, whoever made it. */
import { PlanReloadResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { changeText, moveText } from './changeText.js';
import { EXIT_GOOD, EXIT_REFUSED } from './exitCode.js';

/** Prints a plan on stdout and returns the exit code. `movesKnown`: states were there to be looked at. */
export function printPlan(
  plan: PlanReloadResponse,
  options: { readonly json: boolean; readonly movesKnown: boolean },
): number {
  if (options.json) process.stdout.write(`${JSON.stringify(PlanReloadResponse.toJSON(plan), undefined, 2)}\n`);
  else process.stdout.write(`${planLines(plan, options.movesKnown).join('\n')}\n`);
  return plan.acceptable ? EXIT_GOOD : EXIT_REFUSED;
}

function planLines({ acceptable, changes, moves }: PlanReloadResponse, movesKnown: boolean): readonly string[] {
  if (!acceptable) return ['It would be refused.'];
  if (changes.length === 0) return ['Nothing would change.'];
  return [
    'It would',
    ...changes.map(changeText),
    ...(moves.length > 0 ? ['and these states would move:', ...moves.map(moveText)] : []),
    ...(movesKnown && moves.length === 0 ? ['and no state would move.'] : []),
  ];
}
