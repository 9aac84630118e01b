import { type BfdReading, type BfdState, BfdStateName } from '../shared/rpc/generated/keepwatch/v1/bfd.js';

/** What one follower of BFD sessions has yet to be told. Pure. */
export class SessionOutbox {
  readonly #told: 'tellsVrrp' | 'tellsCheckers';
  #last: string | undefined;

  /** `told`: the field of a session that says whether this follower hears of it. */
  constructor(told: 'tellsVrrp' | 'tellsCheckers') {
    this.#told = told;
  }

  /** All its sessions, when they are not as told last; nothing before bfdd has said anything. */
  take(state: BfdState | undefined): BfdReading[] | undefined {
    if (state === undefined) return undefined;
    const readings = state.sessions
      .filter((session) => session[this.#told])
      .map(({ name, state: now, settled, detail, since }) => ({
        name,
        up: now === BfdStateName.BFD_STATE_NAME_UP,
        settled,
        detail,
        since,
      }));
    const text = JSON.stringify(readings);
    if (text === this.#last) return undefined;
    this.#last = text;
    return readings;
  }

  /** It was not told, or may have forgotten. */
  failed(): void {
    this.#last = undefined;
  }
}
