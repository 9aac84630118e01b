import type { BfdReading } from '../shared/rpc/generated/keepwatch/v1/bfd.js';

/** Told whenever something is known of a session. */
type Listener = (session: BfdReading) => void;

/** What is known of the BFD sessions: the supervisor reports, BFD_CHECK listens. */
export class SessionBoard {
  #sessions: ReadonlyMap<string, BfdReading> = new Map();
  readonly #listeners = new Map<string, Set<Listener>>();

  /** All sessions there are. Of one that is not among them nothing new is known: what was said of it stands. */
  inform(sessions: readonly BfdReading[]): void {
    this.#sessions = new Map(sessions.map((session) => [session.name, session]));
    for (const session of sessions) for (const listener of this.#listeners.get(session.name) ?? []) listener(session);
  }

  /** What is known of one session now. */
  get(name: string): BfdReading | undefined {
    return this.#sessions.get(name);
  }

  /** Listens until the returned function is called. */
  listen(name: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(name);
    };
  }
}
