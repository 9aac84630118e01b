import { formatIpBytes } from '../shared/net/address.js';
import type { VirtualAddress } from './config/model.js';
import type { EngineHost } from './engineHost.js';
import type { GroupBook } from './groupBook.js';
import { RivalBook } from './rivalBook.js';
import { termsText } from './tracking.js';
import type { Transition, VirtualRouter } from './virtualRouter.js';

/** Puts what happened into words, for the log and for everyone who watches. */
export class Tidings {
  readonly rivals = new RivalBook();
  readonly #host: EngineHost;
  readonly #groups: GroupBook;

  constructor(host: EngineHost, groups: GroupBook) {
    this.#host = host;
    this.#groups = groups;
  }

  /** A sync group moved. */
  groupMoved(transition: Transition): void {
    this.#host.logger.info(
      { group: transition.name },
      `VRRP_Group(${transition.name}) Entering ${transition.to.toUpperCase()} STATE: ${transition.cause.text}`,
    );
    const group = this.#groups.get(transition.name);
    this.#host.changed({ transition, routers: [], groups: group === undefined ? [] : [group] });
  }

  /** The effective priority is another one than `before`. */
  priorityChanged(router: VirtualRouter, before: number): void {
    const { effectivePriority, terms } = router.standing;
    const note = `(${router.name}) effective priority ${before} -> ${effectivePriority}: ${termsText(terms)}`;
    this.#host.logger.info({ instance: router.name }, note);
    this.#host.changed({ routers: [router], groups: [], note, notice: { kind: 'priority', router } });
  }

  /** It was to hand over, and nobody took over. */
  alone(router: VirtualRouter): void {
    this.#warn(
      router,
      `(${router.name}) was to stand down, but no other router took over: stays MASTER with priority ${router.state.settings.priority}`,
    );
  }

  /** A rival master was heard. */
  rival(router: VirtualRouter, address: string, priority: number): void {
    const now = this.#host.clock.now();
    if (priority > 0 && this.rivals.mayNotify(router, now)) {
      this.#host.changed({ routers: [], groups: [], notice: { kind: 'lower-priority', router } });
    }
    const note = this.rivals.note(router, address, priority, now);
    if (note !== undefined) this.#warn(router, note, { rival: address });
  }

  /** Addresses that another program removed are back. */
  putBack(router: VirtualRouter, vips: readonly VirtualAddress[]): void {
    const texts = vips.map((vip) => `${formatIpBytes(vip.address.bytes)}/${vip.prefixLength}`).join(', ');
    this.#warn(router, `(${router.name}) address removed by another program put back: ${texts}`);
  }

  #warn(router: VirtualRouter, note: string, details: object = {}): void {
    this.#host.logger.warn({ instance: router.name, ...details }, note);
    this.#host.changed({ routers: [router], groups: [], note });
  }
}
