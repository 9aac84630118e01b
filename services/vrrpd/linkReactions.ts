import type { LinkEvent, LinkInfo } from '../shared/kernel/ports.js';
import type { LinkTable } from './linkTable.js';
import type { Lookout } from './lookout.js';
import type { VirtualNetwork } from './network/virtualNetwork.js';
import type { Reclaimer } from './reclaimer.js';
import type { RouterDriver } from './routerDriver.js';
import type { Settler } from './settler.js';
import type { VipBook } from './vipBook.js';
import type { VirtualRouter } from './virtualRouter.js';

/** What reactions to links work with. */
export interface LinkReactionParts {
  readonly links: LinkTable;
  readonly network: VirtualNetwork;
  readonly vips: VipBook;
  readonly lookout: Lookout;
  readonly settler: Settler;
  readonly reclaimer: Reclaimer;
  readonly driver: RouterDriver;
  readonly routers: ReadonlyMap<string, VirtualRouter>;
}

/** What routers do when interfaces and addresses come, change and go. */
export class LinkReactions {
  readonly #parts: LinkReactionParts;

  constructor(parts: LinkReactionParts) {
    this.#parts = parts;
  }

  /** The kernel told of a change. */
  take(event: LinkEvent): void {
    const { links, network, settler } = this.#parts;
    switch (event.kind) {
      case 'link': {
        const before = links.byIndex(event.link.ifindex);
        links.apply(event);
        network.linkEvent(event);
        this.#linkChanged(before, links.byIndex(event.link.ifindex) ?? event.link);
        return;
      }
      case 'link-removed':
        links.apply(event);
        network.linkEvent(event);
        settler.settleAll();
        return;
      case 'address':
      case 'address-removed':
        this.#addressChanged(event);
        return;
      case 'resync':
        links.apply(event);
        network.linkEvent(event);
        settler.settleAll();
        this.#putBack(() => true);
    }
  }

  /** Interfaces were made anew: masters put their addresses back on them. */
  remade(names: ReadonlySet<string>): void {
    this.#putBack(({ config }) => config.virtualLinks?.some(({ name }) => names.has(name)) === true);
  }

  #addressChanged(event: Extract<LinkEvent, { kind: 'address' | 'address-removed' }>): void {
    const { links, vips, lookout, settler, reclaimer, routers } = this.#parts;
    links.apply(event);
    const { ifindex, address } = event.address;
    const virtual = vips.isVirtual(address);
    if (event.kind === 'address-removed' && virtual) reclaimer.addressGone(vips.mastersOf(address));
    // A thousand instances that become master together bring a thousand addresses: each is looked at by few.
    const concerned = virtual ? vips.sendersFromVirtual() : [...routers.values()];
    settler.settle(concerned.filter((router) => lookout.mayDependOn(router, ifindex) && !lookout.keepsSource(router)));
  }

  #linkChanged(before: LinkInfo | undefined, link: LinkInfo): void {
    const { settler, driver, routers } = this.#parts;
    const sameMac = before?.mac.equals(link.mac) === true;
    // Most link messages tell of nothing that matters here.
    if (before !== undefined && before.up === link.up && before.name === link.name && sameMac) return;
    settler.settleAll();
    if (before === undefined || sameMac) return;
    for (const router of routers.values()) {
      if (router.ifindex === link.ifindex && router.state.kind === 'master') driver.announce(router);
    }
  }

  #putBack(concerned: (router: VirtualRouter) => boolean): void {
    const { reclaimer, routers } = this.#parts;
    reclaimer.addressGone(
      [...routers.values()].filter((router) => router.state.kind === 'master' && concerned(router)),
    );
  }
}
