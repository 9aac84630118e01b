import type { LinkControl, VirtualLinkSpec } from '../../shared/kernel/linkPorts.js';
import { IFF_UP } from '../../shared/kernel/netlinkCodec.js';
import type { KernelError, LinkInfo, RouteNetlink } from '../../shared/kernel/ports.js';
import { formatIpBytes } from '../../shared/net/address.js';
import type { VirtualLinkConfig } from '../config/model.js';
import { addressKey, type LinkTable } from '../linkTable.js';
import type { MachineRecord } from './machineRecord.js';

/** IFA_F_NODAD of linux/if_addr.h. */
const NODAD = 0x02;

/** What making the interfaces came to. */
export interface LinkOutcome {
  /** Interfaces that were made just now. */
  readonly made: readonly string[];
  /** Something failed that may work later. */
  readonly retry: boolean;
}

/**
 * Makes the interfaces that virtual addresses stand on, adopts those a predecessor left, and removes those nobody wants.
 * An interface of the wanted kind on the wanted base with the wanted MAC is taken as it is.
 */
export class VirtualLinks {
  readonly #control: LinkControl;
  readonly #netlink: RouteNetlink;
  readonly #links: LinkTable;
  readonly #record: MachineRecord;
  readonly #faults = new Map<string, string>();

  constructor(control: LinkControl, netlink: RouteNetlink, links: LinkTable, record: MachineRecord) {
    this.#control = control;
    this.#netlink = netlink;
    this.#links = links;
    this.#record = record;
  }

  /** Why an interface cannot be had, in words; undefined while it is there or only its base is missing. */
  fault(name: string): string | undefined {
    return this.#faults.get(name);
  }

  /** Something is missing, down or different that could be had. */
  needWork(wanted: readonly VirtualLinkConfig[]): boolean {
    return wanted.some((config) => {
      const base = this.#links.byName(config.base);
      if (base === undefined || this.#faults.has(config.name)) return false;
      const spec = this.#specOf(config, base);
      const link = this.#links.byName(config.name);
      if (link === undefined || !this.#fits(link, spec)) return true;
      return (link.flags & IFF_UP) === 0 || link.master !== spec.master;
    });
  }

  /** Makes what is missing of `wanted`, sets it up, and corrects what is different. */
  make(wanted: readonly VirtualLinkConfig[]): LinkOutcome {
    this.#faults.clear();
    const missing: { readonly config: VirtualLinkConfig; readonly spec: VirtualLinkSpec }[] = [];
    for (const config of wanted) {
      const base = this.#links.byName(config.base);
      if (base === undefined) continue;
      const spec = this.#specOf(config, base);
      const known = this.#links.byName(config.name);
      if (known !== undefined && this.#fits(known, spec)) {
        this.#record.noteLink(config.name);
        this.#followMaster(known, spec);
      } else if (known === undefined || this.#clear(config, known, base)) missing.push({ config, spec });
    }
    const made = this.#create(missing);
    // One of them is being deleted, which begins with its going down: it is missing.
    if (this.#setUp(wanted).vanished) return this.make(wanted);
    for (const config of wanted) this.#address(config);
    this.#record.save();
    return { made, retry: this.#faults.size > 0 };
  }

  /** Removes what we, or a predecessor, made and `wanted` does not name. */
  removeOthers(wanted: readonly VirtualLinkConfig[]): void {
    const names = new Set(wanted.map(({ name }) => name));
    this.#remove([...this.#record.links].filter((name) => !names.has(name)));
    this.#record.save();
  }

  /** Removes those in the way of `wanted`: the same MAC on the same base under another name. */
  removeRivals(wanted: readonly VirtualLinkConfig[]): void {
    const rivals: string[] = [];
    for (const name of this.#record.links) {
      const link = this.#links.byName(name);
      if (link === undefined || wanted.some((config) => config.name === name)) continue;
      const inTheWay = wanted.some(
        ({ base, mac }) =>
          mac !== undefined && link.mac.equals(mac) && this.#links.byName(base)?.ifindex === link.parent,
      );
      if (inTheWay) rivals.push(name);
    }
    this.#remove(rivals);
  }

  #specOf(config: VirtualLinkConfig, base: LinkInfo): VirtualLinkSpec {
    const { name, kind, mac, mode } = config;
    const master = base.master === undefined ? undefined : this.#links.byIndex(base.master);
    return {
      name,
      kind,
      mode,
      parent: base.ifindex,
      ...(mac === undefined ? {} : { mac: Buffer.from(mac) }),
      // A VRF is a matter of routing, so it is inherited; a bridge or bond is one of frames, and is not.
      ...(master?.kind === 'vrf' ? { master: master.ifindex } : {}),
    };
  }

  #fits(link: LinkInfo, spec: VirtualLinkSpec): boolean {
    return (
      link.kind === spec.kind && link.parent === spec.parent && (spec.mac === undefined || link.mac.equals(spec.mac))
    );
  }

  #followMaster(link: LinkInfo, spec: VirtualLinkSpec): void {
    if (link.master !== spec.master) this.#control.setMaster(link.ifindex, spec.master ?? 0);
  }

  /** Frees a name: of an interface that is ours, or made like ours on the same base. Another's stays, and is a fault. */
  #clear(config: VirtualLinkConfig, known: LinkInfo, base: LinkInfo): boolean {
    const ours = this.#record.links.has(config.name) || (known.kind === config.kind && known.parent === base.ifindex);
    if (ours) {
      this.#remove([config.name]);
      return this.#links.byName(config.name) === undefined;
    }
    const text = `interface ${config.name} exists already and is no ${config.kind} on ${config.base}`;
    this.#faults.set(config.name, `${text}: name another one after use_vmac or use_ipvlan, or remove it`);
    return false;
  }

  #create(missing: readonly { readonly config: VirtualLinkConfig; readonly spec: VirtualLinkSpec }[]): string[] {
    if (missing.length === 0) return [];
    const results = this.#control.create(missing.map(({ spec }) => spec));
    const made: string[] = [];
    for (const [index, { config }] of missing.entries()) {
      const result = results[index];
      if (result?.ok === true) {
        made.push(config.name);
        this.#record.noteLink(config.name);
      } else if (result !== undefined) this.#faults.set(config.name, refusal(config, result.error));
    }
    this.#learn(made);
    return made;
  }

  /** The monitor will tell of them too, but they are needed now. */
  #learn(names: readonly string[]): void {
    if (names.length === 0) return;
    const wanted = new Set(names);
    for (const link of this.#netlink.links()) if (wanted.has(link.name)) this.#links.apply({ kind: 'link', link });
  }

  #setUp(wanted: readonly VirtualLinkConfig[]): { readonly vanished: boolean } {
    const down = wanted.filter(({ name }) => {
      const link = this.#links.byName(name);
      return link !== undefined && (link.flags & IFF_UP) === 0 && !this.#faults.has(name);
    });
    if (down.length === 0) return { vanished: false };
    let vanished = false;
    const results = this.#control.setUp(down.map(({ name }) => this.#links.byName(name)?.ifindex ?? 0));
    for (const [index, config] of down.entries()) {
      const result = results[index];
      const link = this.#links.byName(config.name);
      if (result?.ok === false && result.error.code === 'ENODEV' && link !== undefined) {
        this.#links.apply({ kind: 'link-removed', ifindex: link.ifindex, name: link.name });
        vanished = true;
      } else if (result?.ok === false) {
        this.#faults.set(config.name, `interface ${config.name} cannot be set up: ${result.error.message}`);
      }
    }
    this.#learn(down.map(({ name }) => name));
    return { vanished };
  }

  #address({ name, address }: VirtualLinkConfig): void {
    const link = this.#links.byName(name);
    if (address === undefined || link === undefined) return;
    const { family, bytes } = address.address;
    const { prefixLength } = address;
    if (this.#links.hasAddress(link.ifindex, addressKey(bytes, prefixLength))) return;
    const spec = { ifindex: link.ifindex, family, address: Buffer.from(bytes), prefixLength, flags: NODAD };
    const [result] = this.#netlink.addAddresses([spec]);
    if (result?.ok === true) this.#links.noteAddress({ ...spec, scope: 0 });
    else if (result !== undefined) {
      const text = `${formatIpBytes(bytes)}/${prefixLength} cannot be added to ${name}`;
      this.#faults.set(name, `${text}: ${result.error.message}`);
    }
  }

  #remove(names: readonly string[]): void {
    const links = names.flatMap((name) => this.#links.byName(name) ?? []);
    const results = this.#control.remove(links.map(({ ifindex }) => ifindex));
    for (const [index, { ifindex, name }] of links.entries()) {
      if (results[index]?.ok === true) this.#links.apply({ kind: 'link-removed', ifindex, name });
    }
    for (const name of names) if (this.#links.byName(name) === undefined) this.#record.forgetLink(name);
  }
}

function refusal({ name, kind, base }: VirtualLinkConfig, error: KernelError): string {
  const keyword = kind === 'macvlan' ? 'use_vmac' : 'use_ipvlan';
  const about = `${kind} ${name} on ${base} cannot be made`;
  switch (error.code) {
    case 'EOPNOTSUPP':
    case 'ENOTSUP':
      return `${about}: this kernel has no ${kind}. Load its module with 'modprobe ${kind}', or remove ${keyword}`;
    case 'EPERM':
    case 'EACCES':
      return `${about}: not permitted. Grant vrrpd the capability NET_ADMIN in this network namespace, or remove ${keyword}`;
    case 'EINVAL':
    case 'EBUSY':
      return `${about}: ${error.message}. Is ${base} an Ethernet interface that is not used by a bridge or another kind of virtual interface?`;
    default:
      return `${about}: ${error.message}`;
  }
}
