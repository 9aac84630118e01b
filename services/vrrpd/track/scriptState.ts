/** Good or bad, from the results of a script: keepalived's `rise` and `fall`. Pure. */

/** Where a script stands. */
export interface ScriptState {
  /** Undefined: no result counted yet. */
  readonly good: boolean | undefined;
  /** Results in a row that say the opposite of `good`. */
  readonly against: number;
}

export const NO_RESULT: ScriptState = { good: undefined, against: 0 };

/** How many results in a row turn a script round. */
export interface ScriptLimits {
  readonly rise: number;
  readonly fall: number;
}

/** Takes in one result. The very first one decides alone, as in keepalived, whatever `rise` and `fall` say. */
export function afterResult(state: ScriptState, success: boolean, { rise, fall }: ScriptLimits): ScriptState {
  if (state.good === undefined) return { good: success, against: 0 };
  if (success === state.good) return state.against === 0 ? state : { good: state.good, against: 0 };
  const against = state.against + 1;
  return against >= (success ? rise : fall) ? { good: success, against: 0 } : { good: state.good, against };
}
