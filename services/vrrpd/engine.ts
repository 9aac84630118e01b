import type { Diagnostic } from '../shared/config/diagnostic.js';
import type { RouteNetlink } from '../shared/kernel/ports.js';
import { Schedule, type Scheduled } from '../shared/kernel/schedule.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { after, elapsed, type Instant, micros } from '../shared/time/duration.js';
import { AddressKeeper } from './addressKeeper.js';
import { Announcer } from './announcer.js';
import type { TrackerKind, VrrpConfig } from './config/model.js';
import { shareNumber } from './config/sharedNumber.js';
import { type ConfigDiff, diffConfigs, type InstanceChange } from './configDiff.js';
import { Departures } from './departures.js';
import type { EngineChange, EngineHost } from './engineHost.js';
import { GroupBook } from './groupBook.js';
import { InterfaceWatch } from './interfaceWatch.js';
import { KernelState } from './kernelState.js';
import { LinkReactions } from './linkReactions.js';
import { LinkTable } from './linkTable.js';
import { Lookout } from './lookout.js';
import { VirtualNetwork } from './network/virtualNetwork.js';
import { Pace } from './pace.js';
import { gratuitousArp } from './packet/gratuitousArp.js';
import { PacketDesk } from './packetDesk.js';
import { Predecessor } from './predecessor.js';
import { Reclaimer } from './reclaimer.js';
import { liveOnce, rehearse } from './rehearsal.js';
import { Roster } from './roster.js';
import { RouterDriver } from './routerDriver.js';
import { Settler } from './settler.js';
import { SocketPool } from './socketPool.js';
import { Starter } from './starter.js';
import { Steering } from './steering.js';
import { Tidings } from './tidings.js';
import { TrackerRegistry } from './track/registry.js';
import type { Watch } from './track/watch.js';
import { VipBook } from './vipBook.js';
import type { GroupRuntime, Transition, VirtualRouter } from './virtualRouter.js';

const ON_TIME = micros(0);
/** How long after a failed attempt a socket is tried again. */
const SOCKET_RETRY = micros(1_000_000);

/**
 * The shell around the pure core: owns every virtual router of this machine, their sockets, addresses and timers, and
 * feeds them what happens. Nothing in here waits.
 */
export class VrrpEngine {
  readonly links = new LinkTable();
  readonly schedule: Schedule;
  readonly packets: PacketDesk;
  /** What is known of scripts, files, processes and BFD sessions: whoever watches them reports here. */
  readonly trackers = new TrackerRegistry((kind, name, _before, at) => this.#trackerChanged(kind, name, at));
  readonly #watch: Watch;
  readonly #interfaces: InterfaceWatch;
  readonly #network: VirtualNetwork;
  readonly #host: EngineHost;
  readonly #netlink: RouteNetlink;
  readonly #sockets: SocketPool;
  readonly #keeper: AddressKeeper;
  /** Routes, rules and what is static. */
  readonly kernelState: KernelState;
  readonly #announcer: Announcer;
  readonly #driver: RouterDriver;
  readonly #reclaimer: Reclaimer;
  readonly #groups: GroupBook;
  readonly #routers = new Map<string, VirtualRouter>();
  readonly #departures = new Departures();
  readonly #vips = new VipBook(this.#routers);
  readonly #lookout: Lookout;
  readonly #socketRetry: Scheduled = { due: () => this.#settler.settleAll() };
  readonly #steering = new Steering();
  readonly #ordersExpire: Scheduled = { due: (_at, now) => this.#steering.expire(now) && this.#obey(now) };
  #config: VrrpConfig | undefined;
  /** While a configuration is put in force readings are only taken in: everything is looked at afterwards. */
  #applying = false;
  readonly #predecessor: Predecessor;
  readonly #roster: Roster;
  readonly #starter: Starter;
  readonly #settler: Settler;
  readonly #reactions: LinkReactions;
  readonly #tidings: Tidings;
  readonly #pace: Pace;

  /** Opens timer, netlink and frame sender. Throws KernelError when the kernel refuses (EPERM without CAP_NET_ADMIN, CAP_NET_RAW). */
  constructor(host: EngineHost) {
    this.#host = host;
    const { clock, kernel } = host;
    this.#pace = new Pace(host.logger, host.applyScheduling);
    this.schedule = new Schedule(
      clock,
      (onExpire) => kernel.openDeadlineTimer(onExpire),
      host.defer,
      (lateness) => this.#pace.late(lateness),
      () => this.#passThrough(),
    );
    this.#netlink = kernel.openRouteNetlink();
    this.#keeper = new AddressKeeper(this.#netlink, this.links, (router, doing, vip, error) =>
      host.logger.error({ instance: router.name }, `(${router.name}) cannot ${doing} ${vip}: ${error.message}`),
    );
    this.#announcer = new Announcer(clock, this.schedule, kernel.openFrameSender(), (error) =>
      host.logger.warn(`gratuitous ARP not sent: ${error instanceof Error ? error.message : String(error)}`),
    );
    this.kernelState = new KernelState({
      clock,
      schedule: this.schedule,
      links: this.links,
      netlink: this.#netlink,
      kernel,
      logger: host.logger,
      faultsChanged: () => this.#applying || this.#settler.settleAll(),
      note: (owner, note) => this.#tell({ routers: owner === undefined ? [] : this.#named(owner), groups: [], note }),
      foreignFound: () => this.#applying || this.#predecessor.layoutRecord(),
    });
    this.#groups = new GroupBook();
    this.#tidings = new Tidings(host, this.#groups);
    this.#predecessor = new Predecessor(clock, host.resume, this.#routers, this.#groups, this.kernelState);
    this.packets = new PacketDesk(host.logger, (router, event, now, lateness) =>
      this.#driver.dispatch(router, event, now, lateness),
    );
    this.#sockets = new SocketPool(kernel, this.packets);
    this.#interfaces = new InterfaceWatch(clock, this.schedule, () => this.#settler.settleAll());
    this.#network = new VirtualNetwork({
      ...{ kernel, clock, schedule: this.schedule, logger: host.logger, netlink: this.#netlink, links: this.links },
      record: host.machine,
      departing: () => [...this.#departures.routers].map((router) => router.config),
      changed: () => this.#settler.settleAll(),
      remade: (names) => this.#reactions.remade(names),
    });
    this.#lookout = new Lookout(
      this.links,
      this.#sockets,
      this.#vips,
      this.trackers,
      this.kernelState,
      this.#interfaces,
      this.#network,
      this.#steering,
      host.logger,
      () => this.schedule.set(this.#socketRetry, after(clock.now(), SOCKET_RETRY)),
    );
    const heldByOther = (router: VirtualRouter, ifindex: number, key: string): boolean =>
      this.#vips.heldByOther(router, ifindex, key, (other, vip) => this.#keeper.ifindexOf(other, vip));
    this.#driver = new RouterDriver({
      host,
      schedule: this.schedule,
      links: this.links,
      keeper: this.#keeper,
      announcer: this.#announcer,
      kernelState: this.kernelState,
      heldByOther,
      entered: (router, transition, now) => this.#entered(router, transition, now),
      alone: (router) => this.#tidings.alone(router),
      rival: (router, address, priority) => this.#tidings.rival(router, address, priority),
    });
    this.#reclaimer = new Reclaimer(clock, this.schedule, (router) => this.#putBack(router));
    this.#starter = new Starter(this.schedule, this.#driver, this.#routers, this.#predecessor);
    this.#settler = new Settler({
      ...{ clock, routers: this.#routers, groups: this.#groups, lookout: this.#lookout, driver: this.#driver },
      starter: this.#starter,
      priorityChanged: (router, before) => this.#tidings.priorityChanged(router, before),
    });
    const shared = {
      ...{ clock, schedule: this.schedule, links: this.links, kernelState: this.kernelState, heldByOther },
      ...{ keeper: this.#keeper, network: this.#network, sockets: this.#sockets, announcer: this.#announcer },
      ...{ reclaimer: this.#reclaimer, departures: this.#departures, driver: this.#driver, routers: this.#routers },
    };
    this.#roster = new Roster({ ...shared, rivals: this.#tidings.rivals, predecessor: this.#predecessor });
    this.#reactions = new LinkReactions({
      ...shared,
      ...{ vips: this.#vips, lookout: this.#lookout, settler: this.#settler },
    });
    // Monitor first, then dump: nothing falls in between.
    this.#netlink.monitor((event) => {
      this.#reactions.take(event);
      this.kernelState.linkEvent(event);
    });
    this.links.reset(this.#netlink.links(), this.#netlink.addresses());
    this.#watch = host.openWatch(this.trackers);
    this.#warmUp();
  }

  get config(): VrrpConfig | undefined {
    return this.#config;
  }

  get routers(): ReadonlyMap<string, VirtualRouter> {
    return this.#routers;
  }

  get groups(): readonly GroupRuntime[] {
    return this.#groups.all();
  }

  /** Routers that are no longer in service and still answer for their addresses until a successor is heard. */
  get departing(): Iterable<VirtualRouter> {
    return this.#departures.routers;
  }

  groupOf(router: VirtualRouter): string {
    return this.#groups.groupOf(router.name)?.name ?? '';
  }

  /** Instances that run, or ran until the last process was killed. */
  knownInstances(): ReadonlySet<string> {
    this.#predecessor.load();
    return new Set([...this.#routers.keys(), ...this.#predecessor.entries.keys()]);
  }

  /** How punctual the loop is, and with what priority it runs. */
  get pace(): Pace {
    return this.#pace;
  }

  /** What does not work on this machine. */
  impairments(): string[] {
    const found = [...this.#pace.problems];
    for (const router of this.#routers.values()) {
      if (router.socketFault !== undefined) found.push(`${router.name}: ${router.socketFault.text}`);
    }
    return [...found, ...this.#network.impairments(), ...this.#watch.impairments()];
  }

  diff(config: VrrpConfig): ConfigDiff {
    return diffConfigs(this.#config, config);
  }

  /** Makes `config` the one in force. What is the same in both is not touched. */
  apply(config: VrrpConfig): Diagnostic[] {
    const first = this.#config === undefined;
    this.#predecessor.load();
    const diff = this.diff(config);
    this.#config = config;
    this.#pace.apply(config);
    const now = this.#host.clock.now();
    this.#applying = true;
    this.#watch.configure(config);
    this.#interfaces.configure(config.interfaceDelays);
    this.#vips.configure(config);
    this.#announcer.configure(config.pacing);
    this.kernelState.configure(config, this.#predecessor.entries);
    this.#network.prepare(config);
    for (const change of diff.instances) {
      if (change.kind === 'update' && change.after !== undefined) this.#roster.update(change.name, change.after);
    }
    const removedRouters: string[] = [];
    for (const change of diff.instances) {
      if (change.kind !== 'remove' && change.kind !== 'restart') continue;
      const gone = this.#roster.retire(change.name, 'deleted', now, mayLinger(change, diff));
      if (change.kind === 'remove' && gone) removedRouters.push(change.name);
    }
    const removedGroups = this.#groups.configure(config.groups, (name) => this.#routers.get(name));
    for (const change of diff.instances) {
      if (change.kind !== 'add' && change.kind !== 'restart') continue;
      if (change.after === undefined) continue;
      const router = this.#roster.add(change.after);
      router.standsDown = this.#standDownOf(router);
    }
    this.#predecessor.layoutRecord();
    this.#applying = false;
    this.#settler.settleAll();
    this.packets.logUnknownVrids = config.global.logUnknownVrids;
    this.#starter.configured(config, first, now);
    this.#predecessor.forget();
    this.#network.tidy();
    const changed = diff.instances.filter((change) => change.kind !== 'same').map((change) => change.name);
    this.#host.changed({
      routers: changed.flatMap((name) => this.#routers.get(name) ?? []),
      groups: this.groups,
      removedRouters,
      removedGroups,
      note: 'configuration in force',
      reloaded: !first,
    });
    return [];
  }

  /** Takes all orders of an operator in place of those before; they may come before the first configuration. */
  steer(orders: readonly Order[]): void {
    const now = this.#host.clock.now();
    this.#steering.replace(orders, now);
    this.#obey(now);
  }

  /**
   * Ends. Orderly: says goodbye with priority 0, and removes the addresses once the new masters are heard or had their
   * time; resolves then. With `keepKernelState` nothing is sent or removed and the resume record stays, for a successor
   * that takes over in time.
   */
  async stop(keepKernelState: boolean): Promise<void> {
    const { resume, clock } = this.#host;
    if (!keepKernelState) {
      const now = clock.now();
      for (const name of [...this.#routers.keys()]) this.#roster.retire(name, 'stop', now, true);
      await this.#departures.all();
      for (const transition of this.#groups.stop(clock)) this.#tidings.groupMoved(transition);
      resume.clear();
    }
    this.kernelState.close(keepKernelState);
    resume.close();
    this.#network.close(keepKernelState);
    this.#watch.close();
    this.#announcer.close();
    this.#sockets.close();
    this.schedule.close();
    this.#netlink.close();
  }

  /**
   * Goes once through the calls of a takeover, on an interface that does not exist. Native functions are bound and code
   * is compiled on first use, and that must not happen between the first advertisement and the first gratuitous ARP.
   */
  #warmUp(): void {
    this.#passThrough();
    rehearse(this.#host.clock, this.schedule);
  }

  /** What a takeover takes, once more just before it: in seconds of waiting the processor has forgotten it. */
  #passThrough(): void {
    const nowhere = { ifindex: 0x7fff_ffff, family: 4, address: Buffer.alloc(4), prefixLength: 32 } as const;
    this.#netlink.addAddresses([nowhere]);
    this.#netlink.removeAddresses([nowhere]);
    this.#announcer.warmUp(nowhere.ifindex, Buffer.from(gratuitousArp(Buffer.alloc(6), nowhere.address).buffer));
    liveOnce();
  }

  #trackerChanged(kind: TrackerKind, name: string, at: Instant | undefined): void {
    if (this.#applying) return;
    const routers = this.#settler.trackersOf(kind, name);
    this.#settler.settle(routers, at === undefined ? ON_TIME : elapsed(at, this.#host.clock.now()));
    const trackers = [...this.trackers.all()].filter((known) => known.kind === kind && known.name === name);
    this.#tell({ routers, groups: [], trackers });
  }

  /** Orders came or went: priorities follow, and masters that have to stand down hand over. */
  #obey(now: Instant): void {
    this.schedule.set(this.#ordersExpire, this.#steering.nextExpiry());
    const before = new Map([...this.#routers.values()].map((router) => [router, router.standsDown]));
    for (const router of this.#routers.values()) router.standsDown = this.#standDownOf(router);
    this.#settler.settleAll();
    for (const [router, had] of before) {
      const text = router.standsDown;
      if (text === undefined || had !== undefined || router.owner) continue;
      // A group holds its addresses together or not at all, and no member can tell whether the others found a successor.
      const ifAlone = this.#groups.groupOf(router.name) === undefined ? 'stay' : 'leave';
      this.#driver.dispatch(router, { kind: 'yield', text, ifAlone }, now, ON_TIME);
    }
  }

  #standDownOf({ name }: VirtualRouter): string | undefined {
    return this.#steering.of(name, this.#groups.groupOf(name)?.config.members ?? []).standDown?.text;
  }

  // What drivers tell

  #entered(router: VirtualRouter, transition: Transition, now: Instant): void {
    if (this.#departures.has(router)) {
      this.#roster.release(router);
      this.#tell({ transition, routers: [], groups: [], removedRouters: [router.name], departed: router.config });
      this.#departures.gone(router);
      if (this.#config !== undefined && !this.#applying) this.#network.tidy();
      return;
    }
    this.#tell({ transition, routers: [router], groups: [] });
    const group = this.#groups.groupOf(router.name);
    if (group === undefined) return;
    for (const { member, event } of this.#groups.followers(group.name, router, transition)) {
      this.#driver.dispatch(member, event, now, ON_TIME);
    }
    const moved = this.#groups.settle(group.name, transition);
    if (moved !== undefined) this.#tidings.groupMoved(moved);
  }

  #putBack(router: VirtualRouter): void {
    if (router.state.kind !== 'master') return;
    const added = this.#keeper.add(router, this.#keeper.missing(router));
    if (added.length === 0) return;
    this.#driver.announceAdded(router, added);
    this.#tidings.putBack(router, added);
  }

  #named(name: string): VirtualRouter[] {
    const router = this.#routers.get(name);
    return router === undefined ? [] : [router];
  }

  #tell(change: EngineChange): void {
    this.#host.changed(change);
  }
}

/** An instance that is gone may linger; one that begins anew, under this or another name, may not. */
function mayLinger(change: InstanceChange, diff: ConfigDiff): boolean {
  const { before } = change;
  return (
    change.kind === 'remove' &&
    !diff.instances.some(
      ({ kind, after: other }) =>
        kind === 'add' && before !== undefined && other !== undefined && shareNumber(before, other),
    )
  );
}
