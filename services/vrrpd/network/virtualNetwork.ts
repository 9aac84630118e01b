import type { BootText } from '../../shared/kernel/linkPorts.js';
import type { Kernel, LinkEvent, LinkInfo, RouteNetlink, VrrpSocket } from '../../shared/kernel/ports.js';
import type { Schedule, Scheduled } from '../../shared/kernel/schedule.js';
import type { Logger } from '../../shared/log/logger.js';
import type { Clock } from '../../shared/time/clock.js';
import { after, elapsed, type Instant, millis, seconds } from '../../shared/time/duration.js';
import type { InstanceConfig, VirtualLinkConfig, VrrpConfig } from '../config/model.js';
import type { FaultReason } from '../fsm/events.js';
import type { LinkTable } from '../linkTable.js';
import type { VirtualRouter } from '../virtualRouter.js';
import { FirewallKeeper } from './firewallKeeper.js';
import { firewallNeeds } from './firewallRules.js';
import { Linkbeat } from './linkbeat.js';
import { MachineRecord } from './machineRecord.js';
import { SettingKeeper, type SettingProblem } from './settingKeeper.js';
import { Transmitters } from './transmitters.js';
import { VirtualLinks } from './virtualLinks.js';
import { wantedSettings } from './wantedSettings.js';

/** What it works with. */
export interface VirtualNetworkParts {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly netlink: RouteNetlink;
  readonly links: LinkTable;
  readonly record: BootText;
  /** Instances that have left and still answer: their interfaces stay. */
  readonly departing: () => Iterable<InstanceConfig>;
  /** Interfaces are other ones now: look again at the routers. */
  readonly changed: () => void;
  /** An interface was made anew: what stood on it is gone. */
  readonly remade: (names: ReadonlySet<string>) => void;
}

/** Two programs that disagree about an interface must not spin. */
const SPACING = millis(50);
const RETRY = seconds(2);

/**
 * Everything about the network of this machine that the virtual routers need beside addresses: virtual interfaces, values
 * below /proc/sys, the packet filter, the polling of links. Brought about by difference, and undone at the end.
 */
export class VirtualNetwork {
  readonly #parts: VirtualNetworkParts;
  readonly #record: MachineRecord;
  readonly #virtual: VirtualLinks;
  readonly #settings: SettingKeeper;
  readonly #firewall: FirewallKeeper;
  readonly #transmitters: Transmitters;
  readonly #linkbeat: Linkbeat;
  readonly #control;
  readonly #again: Scheduled = { due: () => this.#lookAgain() };
  #config: VrrpConfig | undefined;
  #wanted: readonly VirtualLinkConfig[] = [];
  #problems: readonly SettingProblem[] = [];
  readonly #told = new Set<string>();
  #busy = false;
  #madeAt: Instant | undefined;

  constructor(parts: VirtualNetworkParts) {
    this.#parts = parts;
    const { kernel, netlink, links, logger, clock, schedule } = parts;
    this.#record = new MachineRecord(parts.record, (error) =>
      logger.warn({ err: error }, 'the record of what was changed on this machine cannot be used: left-overs may stay'),
    );
    this.#control = kernel.openLinkControl();
    this.#virtual = new VirtualLinks(this.#control, netlink, links, this.#record);
    this.#settings = new SettingKeeper(this.#control, this.#record);
    this.#firewall = new FirewallKeeper({
      firewall: kernel.openFirewall(),
      record: this.#record,
      clock,
      schedule,
      logger,
    });
    this.#transmitters = new Transmitters(kernel);
    this.#linkbeat = new Linkbeat(this.#control, clock, schedule, (name, carrier) => {
      links.setCarrier(name, carrier);
      if (!this.#busy) parts.changed();
    });
  }

  /** What does not work on this machine. */
  impairments(): string[] {
    return [...this.#problems.map(({ text }) => text), ...this.#firewall.impairments()];
  }

  /** Makes what a configuration needs, before its instances begin; what the last one needed stays until `tidy`. */
  prepare(config: VrrpConfig): void {
    this.#config = config;
    this.#quietly(() => {
      this.#linkbeat.configure(config.global.linkbeat ?? []);
      this.#wanted = virtualLinksOf(config.instances);
      this.#virtual.removeRivals(this.#wanted);
      this.#make();
      this.#filter(true);
    });
  }

  /** Removes what nobody needs any more. */
  tidy(): void {
    this.#quietly(() => this.#virtual.removeOthers([...this.#wanted, ...virtualLinksOf(this.#parts.departing())]));
  }

  /** An interface came, went or changed: one of ours is made again, and a base that came gets its own. */
  linkEvent(event: LinkEvent): void {
    if (this.#busy || this.#config === undefined) return;
    if (event.kind !== 'link' && event.kind !== 'link-removed' && event.kind !== 'resync') return;
    if (this.#filtersByIndex()) this.#quietly(() => this.#filter(false));
    if (!this.#virtual.needWork(this.#wanted)) return;
    const { clock, schedule } = this.#parts;
    if (this.#madeAt !== undefined && elapsed(this.#madeAt, clock.now()) < SPACING) {
      schedule.set(this.#again, after(this.#madeAt, SPACING));
    } else this.#lookAgain();
  }

  /** Why a router cannot work, as far as its virtual interfaces are concerned. */
  faults(router: VirtualRouter): FaultReason[] {
    const faults: FaultReason[] = [];
    for (const { name, base } of router.config.virtualLinks ?? []) {
      const fault = this.#virtual.fault(name);
      const useless = this.#problems.find(({ vital }) => vital.includes(name));
      if (fault !== undefined) faults.push({ code: 'virtual-interface', text: fault });
      else if (this.#parts.links.byName(name) === undefined) {
        const missing = this.#parts.links.byName(base) === undefined;
        // It will be made again in a moment, which is no reason to give the addresses up.
        if (!missing && this.#parts.schedule.get(this.#again) !== undefined) continue;
        const why = missing ? `: ${base} is missing` : '';
        faults.push({ code: 'virtual-interface', text: `interface ${name} does not exist${why}` });
      } else if (useless !== undefined) faults.push({ code: 'virtual-interface', text: useless.text });
    }
    return faults;
  }

  /**
   * The interface a router receives on, when it is not its own: an ipvlan keeps unicast packets to its address from its
   * base. Multicast is heard by the base, whatever lies on it.
   */
  receiver(router: VirtualRouter): LinkInfo | undefined {
    const { transmitLink, unicast } = router.config;
    return transmitLink === undefined || unicast === undefined ? undefined : this.#parts.links.byName(transmitLink);
  }

  /** The socket a router advertises through; undefined: the one it receives with. Throws KernelError. */
  transmitter(router: VirtualRouter): VrrpSocket | undefined {
    const { transmitLink, unicast } = router.config;
    const link = transmitLink === undefined ? undefined : this.#parts.links.byName(transmitLink);
    if (link === undefined || unicast !== undefined) {
      this.#transmitters.release(router);
      return undefined;
    }
    return this.#transmitters.acquire(router, link.name, link.ifindex);
  }

  release(router: VirtualRouter): void {
    this.#transmitters.release(router);
  }

  /** Ends; with `keep` everything stays for a successor. */
  close(keep: boolean): void {
    this.#transmitters.close();
    if (!keep) {
      this.#quietly(() => {
        this.#virtual.removeOthers([]);
        this.#settings.restore();
        this.#firewall.remove();
      });
    }
    this.#firewall.close();
    this.#control.close();
  }

  #lookAgain(): void {
    this.#quietly(() => {
      const made = this.#make();
      this.#filter(made.size > 0);
      if (made.size > 0) this.#parts.remade(made);
    });
    this.#parts.changed();
  }

  #make(): ReadonlySet<string> {
    const { clock, schedule, logger, links } = this.#parts;
    const { made, retry } = this.#virtual.make(this.#wanted);
    if (made.length > 0) {
      this.#madeAt = clock.now();
      logger.info(`made ${made.join(', ')}`);
    }
    for (const { name } of this.#wanted) this.#tellOnce(this.#virtual.fault(name));
    if (this.#config !== undefined) {
      this.#problems = this.#settings.keep(
        wantedSettings(this.#config, {
          original: (path) => this.#settings.original(path),
          interfaces: links.names(),
        }),
      );
      for (const { text } of this.#problems) this.#tellOnce(text);
    }
    schedule.set(this.#again, retry ? after(clock.now(), RETRY) : undefined);
    return new Set(made);
  }

  /** `verify`: somebody else may have removed the tables. */
  #filter(verify: boolean): void {
    if (this.#config === undefined) return;
    const exists = (name: string): boolean => this.#parts.links.byName(name) !== undefined;
    this.#firewall.keep(firewallNeeds(this.#config, exists), verify);
  }

  #filtersByIndex(): boolean {
    return this.#config?.global.firewall?.byIndex === true && this.#config.instances.some((one) => one.dropTraffic);
  }

  #tellOnce(text: string | undefined): void {
    if (text === undefined || this.#told.has(text)) return;
    this.#told.add(text);
    this.#parts.logger.error(text);
  }

  /** What we do ourselves comes back as events: those are not for us. */
  #quietly(work: () => void): void {
    const outer = this.#busy;
    this.#busy = true;
    try {
      work();
    } finally {
      this.#busy = outer;
    }
  }
}

/** Virtual interfaces of all instances, each once. */
function virtualLinksOf(instances: Iterable<InstanceConfig>): readonly VirtualLinkConfig[] {
  const links = new Map<string, VirtualLinkConfig>();
  for (const instance of instances) for (const link of instance.virtualLinks ?? []) links.set(link.name, link);
  return [...links.values()];
}
