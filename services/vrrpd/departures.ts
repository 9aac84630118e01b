import type { VirtualRouter } from './virtualRouter.js';

/** Masters on their way out: taken out of service, and still answering for their addresses until a successor is heard. */
export class Departures {
  readonly #routers = new Set<VirtualRouter>();
  #whenGone: (() => void) | undefined;

  /** Routers that have not left yet. */
  get routers(): Iterable<VirtualRouter> {
    return this.#routers;
  }

  add(router: VirtualRouter): void {
    this.#routers.add(router);
  }

  has(router: VirtualRouter): boolean {
    return this.#routers.has(router);
  }

  /** This one has left. */
  gone(router: VirtualRouter): void {
    if (!this.#routers.delete(router) || this.#routers.size > 0) return;
    this.#whenGone?.();
  }

  /** Resolves when nobody is on the way out any more. */
  all(): Promise<void> {
    if (this.#routers.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenGone = resolve;
    });
  }
}
