import type { Schedule } from '../shared/kernel/schedule.js';
import type { Clock } from '../shared/time/clock.js';
import { elapsed, type Instant, micros } from '../shared/time/duration.js';
import type { AddressKeeper } from './addressKeeper.js';
import type { Announcer } from './announcer.js';
import type { InstanceConfig } from './config/model.js';
import { shareNumber } from './config/sharedNumber.js';
import { diffAddresses } from './configDiff.js';
import type { Departures } from './departures.js';
import type { KernelState } from './kernelState.js';
import type { LinkTable } from './linkTable.js';
import type { VirtualNetwork } from './network/virtualNetwork.js';
import { PRIORITY_OWNER } from './packet/advertisement.js';
import type { Predecessor } from './predecessor.js';
import type { Reclaimer } from './reclaimer.js';
import type { RivalBook } from './rivalBook.js';
import type { RouterDriver } from './routerDriver.js';
import type { SocketPool } from './socketPool.js';
import type { Standing } from './tracking.js';
import { vipKey } from './virtualAddress.js';
import { VirtualRouter } from './virtualRouter.js';

const ON_TIME = micros(0);

const NOT_ASSESSED: Standing = { effectivePriority: 1, terms: [], faults: [], waits: [], trackers: [] };

/** What a roster works with. */
export interface RosterParts {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly links: LinkTable;
  readonly keeper: AddressKeeper;
  readonly kernelState: KernelState;
  readonly network: VirtualNetwork;
  readonly sockets: SocketPool;
  readonly announcer: Announcer;
  readonly reclaimer: Reclaimer;
  readonly rivals: RivalBook;
  readonly departures: Departures;
  readonly driver: RouterDriver;
  readonly predecessor: Predecessor;
  readonly routers: Map<string, VirtualRouter>;
  /** Another router in MASTER holds this address, so it stays. */
  readonly heldByOther: (router: VirtualRouter, ifindex: number, key: string) => boolean;
}

/** Takes virtual routers into service and out of it. */
export class Roster {
  readonly #parts: RosterParts;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** A new router, not started yet. */
  add(config: InstanceConfig): VirtualRouter {
    const { clock, departures, driver, predecessor, routers } = this.#parts;
    // Back before its predecessor has left: that one is in the way now.
    for (const router of [...departures.routers]) {
      if (router.name === config.name || shareNumber(router.config, config)) {
        driver.dispatch(router, { kind: 'shutdown' }, clock.now(), ON_TIME);
      }
    }
    const router = new VirtualRouter(config, NOT_ASSESSED, clock, (due, at, now) =>
      driver.dispatch(due, { kind: 'deadline' }, now, elapsed(at, now)),
    );
    routers.set(config.name, router);
    const before = predecessor.of(config);
    if (before !== undefined) for (const key of before.foreign) router.foreignAddresses.add(key);
    // The owner's addresses are its own: those already there were there before us and stay when we go.
    else if (config.priority === PRIORITY_OWNER) this.#noteForeign(router);
    return router;
  }

  /** Another configuration of the same virtual router: only the difference is carried out. */
  update(name: string, config: InstanceConfig): void {
    const { routers, keeper, driver, kernelState, heldByOther } = this.#parts;
    const router = routers.get(name);
    if (router === undefined) return;
    const old = [...router.allVips()];
    router.reconfigure(config);
    const { added, removed } = diffAddresses(old, [...router.allVips()]);
    keeper.remove(router, removed, (ifindex, key) => heldByOther(router, ifindex, key));
    if (router.state.kind === 'master') {
      const present = keeper.add(router, added);
      if (present.length > 0) driver.announce(router);
      driver.keepAnnouncing(router);
    } else if (router.started) {
      // An address we now stand by for may be left over on the interface.
      keeper.remove(router, added, (ifindex, key) => heldByOther(router, ifindex, key));
    }
    if (router.state.kind === 'master') kernelState.hold(router);
    else if (router.started) kernelState.release(router);
  }

  /** Takes a router out of service. One that may linger answers until its successor is heard; false while it does. */
  retire(name: string, leaving: 'stop' | 'deleted', now: Instant, linger: boolean): boolean {
    const { routers, driver, announcer, reclaimer, rivals, departures } = this.#parts;
    const router = routers.get(name);
    if (router === undefined) return true;
    router.leaving = leaving;
    driver.dispatch(router, { kind: linger ? 'leave' : 'shutdown' }, now, ON_TIME);
    announcer.cancel(router);
    reclaimer.forget(router);
    rivals.forget(router);
    routers.delete(name);
    if (router.state.kind === 'leaving') {
      departures.add(router);
      return false;
    }
    this.release(router);
    return true;
  }

  /** Gives back what a router held besides its addresses. */
  release(router: VirtualRouter): void {
    const { kernelState, schedule, sockets, network } = this.#parts;
    kernelState.forget(router);
    schedule.set(router, undefined);
    sockets.release(router);
    network.release(router);
  }

  #noteForeign(router: VirtualRouter): void {
    const { links } = this.#parts;
    const own = links.byName(router.config.interface)?.ifindex;
    for (const vip of router.allVips()) {
      const ifindex = vip.dev === undefined ? own : links.byName(vip.dev)?.ifindex;
      if (ifindex !== undefined && links.hasAddress(ifindex, vipKey(vip))) router.foreignAddresses.add(vipKey(vip));
    }
  }
}
