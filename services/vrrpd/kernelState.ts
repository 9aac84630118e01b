import { createHash } from 'node:crypto';
import type { Kernel, LinkEvent, RouteNetlink } from '../shared/kernel/ports.js';
import type { Schedule } from '../shared/kernel/schedule.js';
import type { Logger } from '../shared/log/logger.js';
import type { Clock } from '../shared/time/clock.js';
import { instant } from '../shared/time/duration.js';
import type { InstanceConfig, StaticConfig, VrrpConfig } from './config/model.js';
import type { FaultReason } from './fsm/events.js';
import type { LinkTable } from './linkTable.js';
import type { ResumeEntry } from './resumeRecord.js';
import type { Entry, RoutingOwner } from './routing/entry.js';
import { devicesOf, type Wish, wishesOf, wishText } from './routing/kernelSpec.js';
import { RoutingKeeper } from './routing/routingKeeper.js';
import { StaticAddresses, staticText } from './routing/staticAddresses.js';
import type { InterfaceStatus } from './tracking.js';
import { vipText } from './virtualAddress.js';
import type { VirtualRouter } from './virtualRouter.js';

/** What the kernel state works with. */
export interface KernelStateParts {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly links: LinkTable;
  readonly netlink: RouteNetlink;
  readonly kernel: Kernel;
  readonly logger: Logger;
  /** Faults of routers may be others now. */
  readonly faultsChanged: () => void;
  /** Something to tell of a router; `undefined`: of none. */
  readonly note: (owner: string | undefined, text: string) => void;
  /** The resume record has to be written anew. */
  readonly foreignFound: () => void;
}

/** Where a route or rule of an instance stands, for a status. */
export interface RoutingStatus {
  readonly kind: Wish['kind'];
  readonly text: string;
  readonly present: boolean;
  readonly problem: string;
}

/** Its name in the resume record; no instance is called so. */
const STATIC_RECORD = 'static configuration';
const STATIC: RoutingOwner = { name: STATIC_RECORD };
const NOTHING: StaticConfig = { addresses: [], routes: [], rules: [], groups: [] };
/** A record has room for names, not for whole routes. */
const DIGEST_CHARACTERS = 12;

/** What vrrpd keeps in the kernel besides virtual addresses: routes and rules of masters, and all that is static. */
export class KernelState {
  readonly #parts: KernelStateParts;
  readonly #keeper: RoutingKeeper;
  readonly #addresses: StaticAddresses;
  #statics: StaticConfig = NOTHING;
  #configured = false;

  constructor(parts: KernelStateParts) {
    this.#parts = parts;
    const { clock, schedule, links, netlink, kernel, logger } = parts;
    const interfaces = {
      ifindexOf: (name: string) => links.byName(name)?.ifindex,
      vrfTableOf: (name: string) => links.byName(name)?.vrfTable,
      isUp: (name: string) => links.byName(name)?.up === true,
    };
    this.#keeper = new RoutingKeeper(clock, schedule, interfaces, () => kernel.openRouting(), {
      refused: (entry, problem) => logger.error(`${namesOf(entry)}cannot add ${wishText(entry.wish)}: ${problem}`),
      putBack: (entry) => this.#tellPutBack(ownerNames(entry), wishText(entry.wish)),
      lostChanged: () => parts.faultsChanged(),
      foreignFound: () => parts.foreignFound(),
    });
    this.#addresses = new StaticAddresses(clock, schedule, links, netlink, {
      refused: (address, problem) => logger.error(`${staticText(address)}: ${problem}`),
      putBack: (address) => this.#tellPutBack([], staticText(address)),
      problemsChanged: () => parts.faultsChanged(),
    });
  }

  /** Puts the static part of a configuration in force, and finds out what a predecessor left. */
  configure(config: VrrpConfig, predecessor: ReadonlyMap<string, ResumeEntry>): void {
    const first = !this.#configured;
    this.#configured = true;
    const recorded = new Set([...predecessor.values()].flatMap(({ foreign }) => foreign));
    // Without a record nobody ran before us, and what is there is not ours.
    const wasForeign = (key: string): boolean => !first || predecessor.size === 0 || recorded.has(key);
    const { statics, instances } = config;
    this.#statics = statics;
    this.#keeper.adopt([statics, ...instances].flatMap(wishesOf), (key) => wasForeign(digest(key)));
    this.#addresses.configure(statics.addresses, wasForeign);
    this.#keeper.want(STATIC, wishesOf(statics));
    if (!first) this.#parts.foreignFound();
  }

  /** This router is master: its routes and rules are to be there. */
  hold(router: VirtualRouter): void {
    this.#keeper.want(router, wishesOf(router.config));
  }

  /** This router is not master (any more). What it would hold and nobody else does is left over from a predecessor. */
  release(router: VirtualRouter): void {
    this.#keeper.want(router, []);
    this.#keeper.sweep(wishesOf(router.config));
  }

  /** This router is out of service for good. */
  forget(router: VirtualRouter): void {
    this.#keeper.forget(router);
  }

  linkEvent(event: LinkEvent): void {
    this.#addresses.changed(event);
    // Routes go with links and addresses, often without a message of their own.
    this.#keeper.surroundingsChanged();
  }

  /** Why an instance cannot do its work, as far as routes, rules and addresses on other interfaces are concerned. */
  faultsOf(router: VirtualRouter, statusOf: (name: string) => InterfaceStatus): FaultReason[] {
    const { config } = router;
    const faults: FaultReason[] = [];
    for (const [name, what] of devicesNeeded(config)) reportDown(name, what, statusOf, faults);
    for (const { wish, problem } of this.#keeper.lossesOf(router)) {
      faults.push({ code: 'routing-lost', text: `${wishText(wish)} was removed and cannot be put back: ${problem}` });
    }
    const groups = this.#statics.groups.filter(({ members }) => members.includes(config.name));
    if (groups.length > 0) this.#staticFaults(new Set(groups.map(({ name }) => name)), statusOf, faults);
    return faults;
  }

  /** The routes and rules of an instance. */
  statusOf(config: InstanceConfig): RoutingStatus[] {
    return wishesOf(config).map((wish) => {
      const entry = this.#keeper.entryOf(wish);
      const present = entry?.state === 'present';
      return { kind: wish.kind, text: wish.config.text, present, problem: present ? '' : (entry?.problem ?? '') };
    });
  }

  /** Names for the resume record of what an instance found there before it. */
  foreignOf(config: Pick<InstanceConfig, 'routes' | 'rules'>): string[] {
    return this.#keeper.foreignAmong(wishesOf(config)).map(digest);
  }

  /** The entry of the static part in the resume record. */
  record(): ResumeEntry {
    return {
      instance: STATIC_RECORD,
      interface: '',
      vrid: 0,
      family: 0,
      version: 0,
      foreign: [...this.#addresses.foreignKeys(), ...this.foreignOf(this.#statics)],
      master: false,
      lastAdvertAt: instant(0),
    };
  }

  /** Ends; what was put into the kernel is taken out unless a successor shall find it. */
  close(keepKernelState: boolean): void {
    if (!keepKernelState) {
      this.#keeper.forget(STATIC);
      this.#keeper.flush();
      this.#addresses.clear();
    }
    this.#keeper.close();
  }

  #staticFaults(groups: ReadonlySet<string>, statusOf: (name: string) => InterfaceStatus, faults: FaultReason[]): void {
    const tracked = ({ trackGroup }: { readonly trackGroup?: string }): boolean =>
      trackGroup !== undefined && groups.has(trackGroup);
    for (const { address, problem } of this.#addresses.places) {
      if (!tracked(address)) continue;
      reportDown(address.dev, staticText(address), statusOf, faults);
      if (problem !== undefined) faults.push({ code: 'static-missing', text: `${staticText(address)}: ${problem}` });
    }
    for (const wish of wishesOf(this.#statics)) {
      if (!tracked(wish.config)) continue;
      const text = `static ${wishText(wish)}`;
      for (const name of devicesOf(wish)) reportDown(name, text, statusOf, faults);
      const entry = this.#keeper.entryOf(wish);
      if (entry?.state === 'refused' || entry?.state === 'waiting') {
        faults.push({ code: 'static-missing', text: `${text}: ${entry.problem}` });
      }
    }
  }

  #tellPutBack(owners: readonly string[], text: string): void {
    const note = `${text} removed by another program put back`;
    this.#parts.logger.warn(owners.length === 0 ? note : `(${owners.join(', ')}) ${note}`);
    for (const owner of owners.length === 0 ? [undefined] : owners) this.#parts.note(owner, note);
  }
}

/** Interfaces other than its own that an instance cannot do without, with what they are needed for. */
function devicesNeeded(config: InstanceConfig): ReadonlyMap<string, string> {
  const needed = new Map<string, string>();
  const need = (name: string | undefined, what: string): void => {
    if (name !== undefined && name !== config.interface && !needed.has(name)) needed.set(name, what);
  };
  for (const vip of [...config.vips, ...config.excludedVips]) {
    if (!vip.noTrack) need(vip.dev, `virtual address ${vipText(vip)}`);
  }
  for (const wish of wishesOf(config)) {
    if (!wish.config.noTrack) for (const name of devicesOf(wish)) need(name, wishText(wish));
  }
  return needed;
}

function reportDown(
  name: string,
  what: string,
  statusOf: (name: string) => InterfaceStatus,
  faults: FaultReason[],
): void {
  const { exists, up } = statusOf(name);
  if (up) return;
  faults.push({
    code: 'needed-interface',
    text: `interface ${name} of ${what} ${exists ? 'is down' : 'does not exist'}`,
  });
}

const digest = (key: string): string =>
  createHash('sha256').update(key).digest('base64url').slice(0, DIGEST_CHARACTERS);

const ownerNames = (entry: Entry): string[] =>
  [...entry.owners.keys()].filter((owner) => owner !== STATIC).map(({ name }) => name);

function namesOf(entry: Entry): string {
  const names = ownerNames(entry);
  return names.length === 0 ? 'static configuration: ' : `(${names.join(', ')}) `;
}
