import { fakeError } from './fakeErrors.js';
import {
  type BootText,
  type CarrierMethod,
  type Firewall,
  FirewallError,
  type FirewallWatch,
  type LinkControl,
  type VirtualLinkSpec,
} from './linkPorts.js';
import type { KernelResult, LinkInfo } from './ports.js';

const DONE: KernelResult = { ok: true };
const FIRST_IFINDEX = 1000;

/** The fake machine, as far as interfaces are concerned. */
export interface FakeInterfaces {
  readonly netlink: { links(): readonly LinkInfo[] };
  addVirtualInterface(ifindex: number, spec: VirtualLinkSpec, parent: LinkInfo): void;
  removeInterface(ifindex: number): void;
  setLinkUp(ifindex: number, up: boolean): void;
}

/** Makes and removes interfaces of a fake machine; a virtual one is plugged into the segment of its lower device. */
export class FakeLinkControl implements LinkControl {
  /** What was asked for: `create vrrp.51`, `remove vrrp.51`, `up vrrp.51`, `set net/… 1`. */
  readonly calls: string[] = [];
  /** Files below /proc/sys. */
  readonly settings = new Map<string, string>();
  /** Answers to `carrier`, by interface. */
  readonly carriers = new Map<string, boolean | undefined>();
  /** Decides whether the kernel refuses a call, with which code. */
  refuses: (call: string) => string | undefined = () => undefined;
  readonly #kernel: FakeInterfaces;
  #next = FIRST_IFINDEX;

  constructor(kernel: FakeInterfaces) {
    this.#kernel = kernel;
  }

  create(specs: readonly VirtualLinkSpec[]): readonly KernelResult[] {
    return specs.map((spec) => {
      const code = this.#call(`create ${spec.name}`);
      if (code !== undefined) return { ok: false, error: fakeError('RTM_NEWLINK', code) };
      const links = this.#kernel.netlink.links();
      if (links.some(({ name }) => name === spec.name)) return { ok: false, error: fakeError('RTM_NEWLINK', 'EEXIST') };
      const parent = links.find(({ ifindex }) => ifindex === spec.parent);
      if (parent === undefined) return { ok: false, error: fakeError('RTM_NEWLINK', 'ENODEV') };
      this.#kernel.addVirtualInterface(this.#next++, spec, parent);
      return DONE;
    });
  }

  remove(ifindexes: readonly number[]): readonly KernelResult[] {
    return ifindexes.map((ifindex) => {
      const code = this.#call(`remove ${this.#name(ifindex)}`);
      if (code !== undefined) return { ok: false, error: fakeError('RTM_DELLINK', code) };
      this.#kernel.removeInterface(ifindex);
      return DONE;
    });
  }

  setUp(ifindexes: readonly number[]): readonly KernelResult[] {
    return ifindexes.map((ifindex) => {
      const code = this.#call(`up ${this.#name(ifindex)}`);
      if (code !== undefined) return { ok: false, error: fakeError('RTM_NEWLINK', code) };
      this.#kernel.setLinkUp(ifindex, true);
      return DONE;
    });
  }

  setMaster(ifindex: number, master: number): KernelResult {
    this.#call(`master ${this.#name(ifindex)} ${master}`);
    return DONE;
  }

  readSetting(path: string): string | undefined {
    return this.settings.get(path);
  }

  writeSetting(path: string, value: string): void {
    const code = this.#call(`set ${path} ${value}`);
    if (code !== undefined) throw fakeError('write', code);
    this.settings.set(path, value);
  }

  carrier(name: string, _method: CarrierMethod): boolean | undefined {
    return this.carriers.get(name);
  }

  close(): void {}

  #call(call: string): string | undefined {
    this.calls.push(call);
    return this.refuses(call);
  }

  #name(ifindex: number): string {
    return this.#kernel.netlink.links().find((link) => link.ifindex === ifindex)?.name ?? String(ifindex);
  }
}

/** Remembers what it was told. */
export class FakeFirewall implements Firewall {
  readonly runs: string[] = [];
  /** Who watches: what a test calls to be the other program. */
  readonly watchers = new Set<(by: string) => void>();
  /** The last table that was made, until a test removes it. */
  table: string | undefined;
  /** Why nothing works. */
  broken: 'missing' | 'refused' | undefined;

  run(commands: string): void {
    if (this.broken !== undefined) throw new FirewallError(this.broken, 'as the test asked');
    this.runs.push(commands);
    this.table = /^table ip (\S+) \{/m.exec(commands)?.[1];
  }

  has(table: string): boolean {
    return this.broken === undefined && this.table === table;
  }

  watch(_table: string, changed: (by: string) => void): FirewallWatch {
    this.watchers.add(changed);
    return { close: () => this.watchers.delete(changed) };
  }

  /** What `list` answers; undefined: there is no such table. */
  listing: string | undefined = '';

  list(commands: string): string {
    this.run(commands);
    if (this.listing === undefined) throw new FirewallError('refused', 'No such file or directory');
    return this.listing;
  }

  close(): void {}
}

/** Outlives an engine, as a file does. */
export class MemoryText implements BootText {
  text: string | undefined;
  load(): string | undefined {
    return this.text;
  }
  save(text: string): void {
    this.text = text;
  }
}
