import type { Diagnostic } from '../shared/config/diagnostic.js';
import type { LinkEvent, LinkInfo, RouteNetlink } from '../shared/kernel/ports.js';
import { Schedule, type Scheduled } from '../shared/kernel/schedule.js';
import { formatIpBytes } from '../shared/net/address.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { after, elapsed, type Instant, instant, type Micros, micros } from '../shared/time/duration.js';
import { AddressKeeper } from './addressKeeper.js';
import { Announcer } from './announcer.js';
import type { InstanceConfig, TrackerKind, TrackLine, VrrpConfig } from './config/model.js';
import { shareNumber } from './config/sharedNumber.js';
import { type ConfigDiff, diffAddresses, diffConfigs, type InstanceChange, sameValue } from './configDiff.js';
import { Departures } from './departures.js';
import type { EngineChange, EngineHost } from './engineHost.js';
import { masterDownInterval } from './fsm/timers.js';
import { GroupBook } from './groupBook.js';
import { InterfaceWatch } from './interfaceWatch.js';
import { KernelState } from './kernelState.js';
import { LinkTable } from './linkTable.js';
import { Lookout } from './lookout.js';
import { VirtualNetwork } from './network/virtualNetwork.js';
import { Pace } from './pace.js';
import { PRIORITY_OWNER } from './packet/advertisement.js';
import { gratuitousArp } from './packet/gratuitousArp.js';
import { PacketDesk } from './packetDesk.js';
import { Reclaimer } from './reclaimer.js';
import { rehearse } from './rehearsal.js';
import type { ResumeEntry } from './resumeRecord.js';
import { RivalBook } from './rivalBook.js';
import { RouterDriver } from './routerDriver.js';
import { SocketPool } from './socketPool.js';
import { Steering } from './steering.js';
import { TrackerRegistry } from './track/registry.js';
import type { Watch } from './track/watch.js';
import { type Standing, termsText } from './tracking.js';
import { VipBook } from './vipBook.js';
import { vipKey } from './virtualAddress.js';
import { type GroupRuntime, type Transition, VirtualRouter } from './virtualRouter.js';

const ON_TIME = micros(0);
/** How long after a failed attempt a socket is tried again. */
const SOCKET_RETRY = micros(1_000_000);

const NOT_ASSESSED: Standing = { effectivePriority: 1, terms: [], faults: [], waits: [], trackers: [] };

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
  readonly #rivals = new RivalBook();
  readonly #vips = new VipBook(this.#routers);
  readonly #lookout: Lookout;
  readonly #socketRetry: Scheduled = { due: () => this.#settle(this.#routers.values()) };
  readonly #steering = new Steering();
  readonly #ordersExpire: Scheduled = { due: (_at, now) => this.#steering.expire(now) && this.#obey(now) };
  readonly #delayedStart: Scheduled = { due: (_at, now) => this.#startAll(now) };
  #config: VrrpConfig | undefined;
  /** Instances may begin: the first configuration is in force and the startup delay is over. */
  #begun = false;
  /** While a configuration is put in force readings are only taken in: everything is looked at afterwards. */
  #applying = false;
  #predecessor: ReadonlyMap<string, ResumeEntry> = new Map();
  #recordLoaded = false;
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
      faultsChanged: () => this.#applying || this.#settle(this.#routers.values()),
      note: (owner, note) => this.#tell({ routers: owner === undefined ? [] : this.#named(owner), groups: [], note }),
      foreignFound: () => this.#applying || this.#layoutRecord(),
    });
    this.#groups = new GroupBook();
    this.packets = new PacketDesk(host.logger, (router, event, now, lateness) =>
      this.#driver.dispatch(router, event, now, lateness),
    );
    this.#sockets = new SocketPool(kernel, this.packets);
    this.#interfaces = new InterfaceWatch(clock, this.schedule, () => this.#settle(this.#routers.values()));
    this.#network = new VirtualNetwork({
      ...{ kernel, clock, schedule: this.schedule, logger: host.logger, netlink: this.#netlink, links: this.links },
      record: host.machine,
      departing: () => [...this.#departures.routers].map((router) => router.config),
      changed: () => this.#settle(this.#routers.values()),
      remade: (names) => this.#remade(names),
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
    this.#driver = new RouterDriver({
      host,
      schedule: this.schedule,
      links: this.links,
      keeper: this.#keeper,
      announcer: this.#announcer,
      kernelState: this.kernelState,
      heldByOther: (router, ifindex, key) => this.#heldByOther(router, ifindex, key),
      entered: (router, transition, now) => this.#entered(router, transition, now),
      alone: (router) => this.#alone(router),
      rival: (router, address, priority) => this.#rival(router, address, priority),
    });
    this.#reclaimer = new Reclaimer(clock, this.schedule, (router) => this.#putBack(router));
    // Monitor first, then dump: nothing falls in between.
    this.#netlink.monitor((event) => this.#linkEvent(event));
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
    this.#loadRecord();
    return new Set([...this.#routers.keys(), ...this.#predecessor.keys()]);
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
    this.#loadRecord();
    const diff = this.diff(config);
    this.#config = config;
    this.#pace.apply(config);
    const now = this.#host.clock.now();
    this.#applying = true;
    this.#watch.configure(config);
    this.#interfaces.configure(config.interfaceDelays);
    this.#vips.configure(config);
    this.#announcer.configure(config.pacing);
    this.kernelState.configure(config, this.#predecessor);
    this.#network.prepare(config);
    for (const change of diff.instances) {
      if (change.kind === 'update' && change.after !== undefined) this.#update(change.name, change.after);
    }
    const removedRouters: string[] = [];
    for (const change of diff.instances) {
      if (change.kind !== 'remove' && change.kind !== 'restart') continue;
      const gone = this.#retire(change.name, 'deleted', now, mayLinger(change, diff));
      if (change.kind === 'remove' && gone) removedRouters.push(change.name);
    }
    const removedGroups = this.#groups.configure(config.groups, (name) => this.#routers.get(name));
    for (const change of diff.instances) {
      if ((change.kind === 'add' || change.kind === 'restart') && change.after !== undefined) this.#add(change.after);
    }
    this.#layoutRecord();
    this.#applying = false;
    this.#settle(this.#routers.values());
    this.packets.logUnknownVrids = config.global.logUnknownVrids;
    const startAt = first ? earliestStart(config.global, now) : now;
    if (startAt > now && !this.#mayResume()) this.schedule.set(this.#delayedStart, startAt);
    else if (this.schedule.get(this.#delayedStart) === undefined) this.#startAll(now);
    this.#predecessor = new Map();
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
      for (const name of [...this.#routers.keys()]) this.#retire(name, 'stop', now, true);
      await this.#departures.all();
      for (const transition of this.#groups.stop(clock)) this.#tellGroup(transition);
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

  #add(config: InstanceConfig): void {
    // Back before its predecessor has left: that one is in the way now.
    for (const router of [...this.#departures.routers]) {
      if (router.name === config.name || shareNumber(router.config, config)) {
        this.#driver.dispatch(router, { kind: 'shutdown' }, this.#host.clock.now(), ON_TIME);
      }
    }
    const router = new VirtualRouter(config, NOT_ASSESSED, this.#host.clock, (due, at, now) =>
      this.#driver.dispatch(due, { kind: 'deadline' }, now, elapsed(at, now)),
    );
    this.#routers.set(config.name, router);
    router.standsDown = this.#standDownOf(router);
    const before = this.#predecessor.get(config.name);
    if (before !== undefined && sameIdentity(before, config)) {
      for (const key of before.foreign) router.foreignAddresses.add(key);
    } else if (config.priority === PRIORITY_OWNER) {
      // The owner's addresses are its own: those already there were there before us and stay when we go.
      this.#noteForeign(router);
    }
  }

  #noteForeign(router: VirtualRouter): void {
    const own = this.links.byName(router.config.interface)?.ifindex;
    for (const vip of router.allVips()) {
      const ifindex = vip.dev === undefined ? own : this.links.byName(vip.dev)?.ifindex;
      if (ifindex !== undefined && this.links.hasAddress(ifindex, vipKey(vip))) {
        router.foreignAddresses.add(vipKey(vip));
      }
    }
  }

  /** Another configuration of the same virtual router: only the difference is carried out. */
  #update(name: string, config: InstanceConfig): void {
    const router = this.#routers.get(name);
    if (router === undefined) return;
    const old = [...router.allVips()];
    router.reconfigure(config);
    const { added, removed } = diffAddresses(old, [...router.allVips()]);
    this.#keeper.remove(router, removed, (ifindex, key) => this.#heldByOther(router, ifindex, key));
    if (router.state.kind === 'master') {
      const present = this.#keeper.add(router, added);
      if (present.length > 0) this.#driver.announce(router);
      this.#driver.keepAnnouncing(router);
    } else if (router.started) {
      // An address we now stand by for may be left over on the interface.
      this.#keeper.remove(router, added, (ifindex, key) => this.#heldByOther(router, ifindex, key));
    }
    if (router.state.kind === 'master') this.kernelState.hold(router);
    else if (router.started) this.kernelState.release(router);
  }

  /** Takes a router out of service. One that may linger answers until its successor is heard; false while it does. */
  #retire(name: string, leaving: 'stop' | 'deleted', now: Instant, linger: boolean): boolean {
    const router = this.#routers.get(name);
    if (router === undefined) return true;
    router.leaving = leaving;
    this.#driver.dispatch(router, { kind: linger ? 'leave' : 'shutdown' }, now, ON_TIME);
    this.#announcer.cancel(router);
    this.#reclaimer.forget(router);
    this.#rivals.forget(router);
    this.#routers.delete(name);
    if (router.state.kind === 'leaving') {
      this.#departures.add(router);
      return false;
    }
    this.#release(router);
    return true;
  }

  #release(router: VirtualRouter): void {
    this.kernelState.forget(router);
    this.schedule.set(router, undefined);
    this.#sockets.release(router);
    this.#network.release(router);
  }

  /**
   * Goes once through the calls of a takeover, on an interface that does not exist. Native functions are bound and code
   * is compiled on first use, and that must not happen between the first advertisement and the first gratuitous ARP.
   */
  #warmUp(): void {
    const nowhere = { ifindex: 0x7fff_ffff, family: 4, address: Buffer.alloc(4), prefixLength: 32 } as const;
    this.#netlink.addAddresses([nowhere]);
    this.#netlink.removeAddresses([nowhere]);
    this.#announcer.warmUp(nowhere.ifindex, Buffer.from(gratuitousArp(Buffer.alloc(6), nowhere.address).buffer));
    rehearse(this.#host.clock, this.schedule);
  }

  // Starting and resuming

  #startAll(now: Instant): void {
    this.#begun = true;
    for (const router of this.#routers.values()) if (!router.started) this.#start(router, now);
  }

  #start(router: VirtualRouter, now: Instant): void {
    if (router.started) return;
    const [fault] = router.faults;
    if (fault !== undefined) this.#driver.dispatch(router, { kind: 'fault', reason: fault }, now, ON_TIME);
    else {
      const entry = this.#resumable(router, now);
      // A master that resumes cannot wait for the first result of a script.
      if (entry === undefined && router.waits.length > 0) return;
      if (entry === undefined) this.#driver.dispatch(router, { kind: 'startup' }, now, ON_TIME);
      else {
        router.resuming = true;
        this.#driver.dispatch(router, { kind: 'resume', lastAdvertAt: entry.lastAdvertAt }, now, ON_TIME);
        router.resuming = false;
      }
    }
    router.started = true;
  }

  /** The record of a predecessor that was MASTER and is not yet missed; of all members when in a sync group. */
  #resumable(router: VirtualRouter, now: Instant): ResumeEntry | undefined {
    const group = this.#groups.groupOf(router.name);
    const members = group === undefined ? [router] : this.#groups.membersOf(group.name);
    for (const member of members) {
      const entry = this.#predecessor.get(member.name);
      const { settings } = member.state;
      if (entry === undefined || !entry.master || member.faults.length > 0) return undefined;
      if (!sameIdentity(entry, member.config)) return undefined;
      const silentFor = elapsed(entry.lastAdvertAt, now);
      if (silentFor < 0 || silentFor >= masterDownInterval(settings, settings.advertInterval)) return undefined;
    }
    return this.#predecessor.get(router.name);
  }

  #mayResume(): boolean {
    const now = this.#host.clock.now();
    return [...this.#routers.values()].some((router) => this.#resumable(router, now) !== undefined);
  }

  /** Not before it is needed: until then another process may still write it. */
  #loadRecord(): void {
    if (this.#recordLoaded) return;
    this.#recordLoaded = true;
    this.#predecessor = this.#host.resume.load();
  }

  #layoutRecord(): void {
    this.#host.resume.layout([
      this.kernelState.record(),
      ...[...this.#routers.values()].map((router) => {
        const { config, state } = router;
        // Until it is resumed, what a predecessor left must survive another crash.
        const before = router.started ? undefined : this.#predecessor.get(router.name);
        const lastAdvertAt = state.kind === 'master' ? state.lastAdvertAt : instant(0);
        return {
          instance: config.name,
          interface: config.interface,
          vrid: config.vrid,
          family: config.family,
          version: config.version,
          foreign: [...router.foreignAddresses, ...this.kernelState.foreignOf(config)],
          master: before?.master ?? state.kind === 'master',
          lastAdvertAt: before?.lastAdvertAt ?? lastAdvertAt,
        };
      }),
    ]);
  }

  // Tracking

  #linkEvent(event: LinkEvent): void {
    this.#takeLinkEvent(event);
    this.kernelState.linkEvent(event);
  }

  #takeLinkEvent(event: LinkEvent): void {
    switch (event.kind) {
      case 'link': {
        const before = this.links.byIndex(event.link.ifindex);
        this.links.apply(event);
        this.#network.linkEvent(event);
        this.#linkChanged(before, this.links.byIndex(event.link.ifindex) ?? event.link);
        return;
      }
      case 'link-removed':
        this.links.apply(event);
        this.#network.linkEvent(event);
        this.#settle(this.#routers.values());
        return;
      case 'address':
      case 'address-removed': {
        this.links.apply(event);
        const { ifindex, address } = event.address;
        const virtual = this.#vips.isVirtual(address);
        if (event.kind === 'address-removed' && virtual) this.#reclaimer.addressGone(this.#vips.mastersOf(address));
        // A thousand instances that become master together bring a thousand addresses: each is looked at by few.
        const depends = (router: VirtualRouter): boolean =>
          this.#lookout.mayDependOn(router, ifindex) && !(virtual && this.#lookout.ignoresVirtual(router));
        this.#settle(
          [...this.#routers.values()].filter((router) => depends(router) && !this.#lookout.keepsSource(router)),
        );
        return;
      }
      case 'resync':
        this.links.apply(event);
        this.#network.linkEvent(event);
        this.#settle(this.#routers.values());
        this.#reclaimer.addressGone([...this.#routers.values()].filter((router) => router.state.kind === 'master'));
    }
  }

  #linkChanged(before: LinkInfo | undefined, link: LinkInfo): void {
    const sameMac = before?.mac.equals(link.mac) === true;
    // Most link messages tell of nothing that matters here.
    if (before !== undefined && before.up === link.up && before.name === link.name && sameMac) return;
    this.#settle(this.#routers.values());
    if (before === undefined || sameMac) return;
    for (const router of this.#routers.values()) {
      if (router.ifindex === link.ifindex && router.state.kind === 'master') {
        this.#driver.announce(router);
      }
    }
  }

  /** Interfaces were made anew: masters put their addresses back on them. */
  #remade(names: ReadonlySet<string>): void {
    const stand = (router: VirtualRouter): boolean =>
      router.config.virtualLinks?.some(({ name }) => names.has(name)) === true;
    this.#reclaimer.addressGone(
      [...this.#routers.values()].filter((router) => router.state.kind === 'master' && stand(router)),
    );
  }

  /** Looks again at what routers depend on, and tells them and their sync groups what became of it, `lateness` ago. */
  #settle(routers: Iterable<VirtualRouter>, lateness = ON_TIME): void {
    const affected = new Set<VirtualRouter>();
    for (const router of routers) {
      const group = this.#groups.groupOf(router.name);
      this.#lookout.assess(router, group?.config);
      affected.add(router);
      if (group !== undefined) for (const member of this.#groups.membersOf(group.name)) affected.add(member);
    }
    for (const router of affected) {
      router.faults = this.#groups.faultsOf(router);
      router.waits = this.#groups.waitsOf(router);
    }
    const now = this.#host.clock.now();
    // Whoever fails by itself goes first, so that the group's transition names the real cause.
    const [failing, others] = partition(affected, (router) => router.standing.faults.length > 0);
    for (const router of [...failing, ...others]) this.#tellStanding(router, now, lateness);
  }

  #tellStanding(router: VirtualRouter, now: Instant, lateness: Micros): void {
    const [fault] = router.faults;
    // A fault first: the priority it leaves with is the one it had, and nobody is told of one it never advertised.
    if (router.started && fault !== undefined && router.state.kind !== 'fault') {
      this.#driver.dispatch(router, { kind: 'fault', reason: fault }, now, lateness);
    }
    const settings = router.settings();
    const { state } = router;
    if (!sameValue(settings, state.settings)) {
      const { priority } = state.settings;
      this.#driver.dispatch(router, { kind: 'settings', settings }, now, lateness);
      if (router.started && priority !== settings.priority) this.#priorityChanged(router, priority);
    }
    if (!router.started) {
      if (this.#begun) this.#start(router, now);
      return;
    }
    // What it recovers from may be a fault that a tracker without a result still has.
    if (fault === undefined && router.state.kind === 'fault' && router.waits.length === 0) {
      this.#driver.dispatch(router, { kind: 'recovered' }, now, lateness);
    }
  }

  #trackerChanged(kind: TrackerKind, name: string, at: Instant | undefined): void {
    if (this.#applying) return;
    const tracks = ({ trackers }: { readonly trackers: readonly TrackLine[] }): boolean =>
      trackers.some((line) => line.kind === kind && line.name === name);
    const routers = [...this.#routers.values()].filter((router) => {
      const group = this.#groups.groupOf(router.name);
      return tracks(router.config) || (group !== undefined && tracks(group.config));
    });
    this.#settle(routers, at === undefined ? ON_TIME : elapsed(at, this.#host.clock.now()));
    const trackers = [...this.trackers.all()].filter((known) => known.kind === kind && known.name === name);
    this.#tell({ routers, groups: [], trackers });
  }

  #priorityChanged(router: VirtualRouter, before: number): void {
    const { effectivePriority, terms } = router.standing;
    const note = `(${router.name}) effective priority ${before} -> ${effectivePriority}: ${termsText(terms)}`;
    this.#host.logger.info({ instance: router.name }, note);
    this.#tell({ routers: [router], groups: [], note, notice: { kind: 'priority', router } });
  }

  /** Orders came or went: priorities follow, and masters that have to stand down hand over. */
  #obey(now: Instant): void {
    this.schedule.set(this.#ordersExpire, this.#steering.nextExpiry());
    const before = new Map([...this.#routers.values()].map((router) => [router, router.standsDown]));
    for (const router of this.#routers.values()) router.standsDown = this.#standDownOf(router);
    this.#settle(this.#routers.values());
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
      this.#release(router);
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
    if (moved !== undefined) this.#tellGroup(moved);
  }

  #tellGroup(transition: Transition): void {
    this.#host.logger.info(
      { group: transition.name },
      `VRRP_Group(${transition.name}) Entering ${transition.to.toUpperCase()} STATE: ${transition.cause.text}`,
    );
    const group = this.#groups.get(transition.name);
    this.#tell({ transition, routers: [], groups: group === undefined ? [] : [group] });
  }

  #alone(router: VirtualRouter): void {
    const note = `(${router.name}) was to stand down, but no other router took over: stays MASTER with priority ${router.state.settings.priority}`;
    this.#host.logger.warn({ instance: router.name }, note);
    this.#tell({ routers: [router], groups: [], note });
  }

  #rival(router: VirtualRouter, address: string, priority: number): void {
    const now = this.#host.clock.now();
    if (priority > 0 && this.#rivals.mayNotify(router, now)) {
      this.#tell({ routers: [], groups: [], notice: { kind: 'lower-priority', router } });
    }
    const note = this.#rivals.note(router, address, priority, now);
    if (note === undefined) return;
    this.#host.logger.warn({ instance: router.name, rival: address }, note);
    this.#tell({ routers: [router], groups: [], note });
  }

  #putBack(router: VirtualRouter): void {
    if (router.state.kind !== 'master') return;
    const added = this.#keeper.add(router, this.#keeper.missing(router));
    if (added.length === 0) return;
    this.#driver.announceAdded(router, added);
    const texts = added.map((vip) => `${formatIpBytes(vip.address.bytes)}/${vip.prefixLength}`).join(', ');
    const note = `(${router.name}) address removed by another program put back: ${texts}`;
    this.#host.logger.warn({ instance: router.name }, note);
    this.#tell({ routers: [router], groups: [], note });
  }

  #named(name: string): VirtualRouter[] {
    const router = this.#routers.get(name);
    return router === undefined ? [] : [router];
  }

  #tell(change: EngineChange): void {
    this.#host.changed(change);
  }

  #heldByOther(router: VirtualRouter, ifindex: number, key: string): boolean {
    return this.#vips.heldByOther(router, ifindex, key, (other, vip) => this.#keeper.ifindexOf(other, vip));
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

/** `vrrp_startup_delay` counts from now, `vrrp_delay_after_boot` from the boot, where the monotonic clock began. */
function earliestStart({ startupDelay, delayAfterBoot }: VrrpConfig['global'], now: Instant): Instant {
  return instant(Math.max(after(now, startupDelay), delayAfterBoot));
}

function sameIdentity(entry: ResumeEntry, config: InstanceConfig): boolean {
  return (
    entry.interface === config.interface &&
    entry.vrid === config.vrid &&
    entry.family === config.family &&
    entry.version === config.version
  );
}

function partition<Item>(items: Iterable<Item>, belongs: (item: Item) => boolean): readonly [Item[], Item[]] {
  const [inside, outside]: [Item[], Item[]] = [[], []];
  for (const item of items) (belongs(item) ? inside : outside).push(item);
  return [inside, outside];
}
