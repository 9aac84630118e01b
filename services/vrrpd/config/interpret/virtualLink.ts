/** `use_vmac`, `use_ipvlan` and their kin: which interfaces are made, and which addresses go there. */
import { VMAC_ADDR_PREFIX, VMAC_PREFIX } from '../../../shared/config/globals/firewall.js';
import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { UNICAST_PEER } from '../keywords/unicast.js';
import * as K from '../keywords/virtualLink.js';
import type { InstanceConfig, VirtualAddress, VirtualLinkConfig } from '../model.js';

/** An instance as far as it is read, with the block it stands in. */
export interface ReadInstance {
  readonly block: Block;
  readonly keyword: Word;
  readonly config: InstanceConfig;
}

/** IFNAMSIZ without the NUL. */
const NAME_LIMIT = 15;
const MAC_BYTES = 6;
/** RFC 9568 7.3: 00-00-5E-00-01-{VRID} for IPv4, 00-00-5E-00-02-{VRID} for IPv6. */
const virtualMac = (family: 4 | 6, vrid: number): Uint8Array =>
  Uint8Array.of(0x00, 0x00, 0x5e, 0x00, family === 4 ? 1 : 2, vrid);

/** What the words of `use_vmac` or `use_ipvlan` say. */
interface Wish {
  readonly kind: 'macvlan' | 'ipvlan';
  readonly place: Word;
  readonly name?: string;
  readonly mac?: Uint8Array;
  readonly mode: VirtualLinkConfig['mode'];
  readonly address?: VirtualLinkConfig['address'];
}

/** Gives every instance the virtual interfaces it asks for; names that are not given are made unique here. */
export function resolveVirtualLinks(
  instances: readonly ReadInstance[],
  globals: Block,
  report: Reporter,
): readonly InstanceConfig[] {
  const wishes = instances.map(({ block, config }) => readWish(block, config, report));
  const names = new Names(globals, report);
  for (const [index, wish] of wishes.entries()) {
    if (wish?.name !== undefined) names.claim(wish.name, wish.place, instances[index]?.config.name ?? '');
  }
  const macs = new Map<string, string>();
  return instances.map((instance, index) => resolve(instance, wishes[index], names, macs, report));
}

/** Hands out interface names. */
class Names {
  readonly #prefix: string;
  readonly #addressPrefix: string;
  readonly #report: Reporter;
  readonly #taken = new Map<string, string>();

  constructor(globals: Block, report: Reporter) {
    this.#prefix = globals.last(VMAC_PREFIX)?.values[0] ?? 'vrrp';
    this.#addressPrefix = globals.last(VMAC_ADDR_PREFIX)?.values[0] ?? this.#prefix;
    this.#report = report;
  }

  claim(name: string, place: Word, instance: string): void {
    const other = this.#taken.get(name);
    if (other !== undefined) {
      const message = `${other} and ${instance} both call their virtual interface ${name}`;
      this.#report.error(place, 'duplicate-name', message, 'give each its own name');
    }
    this.#taken.set(name, instance);
  }

  /** `vrrp.VRID`; where that is taken `vrrp6.VRID` for IPv6, then `vrrp1.VRID` and so on, as keepalived counts. */
  make(family: 4 | 6, vrid: number, forAddress: boolean, place: Word, instance: string): string {
    const prefix = forAddress ? this.#addressPrefix : this.#prefix;
    const candidates = [`${prefix}.${vrid}`, ...(family === 6 ? [`${prefix}6.${vrid}`] : [])];
    for (let count = 1; count < 1000; count++) candidates.push(`${prefix}${count}.${vrid}`);
    const name = candidates.find((candidate) => !this.#taken.has(candidate)) ?? `${prefix}.${vrid}`;
    if (name.length > NAME_LIMIT) {
      const message = `${instance}: the interface name ${name} has more than ${NAME_LIMIT} characters`;
      this.#report.error(place, 'out-of-range', message, 'shorten vmac_prefix or vmac_addr_prefix, or name it');
    }
    this.#taken.set(name, instance);
    return name;
  }
}

function resolve(
  { block, keyword, config }: ReadInstance,
  wish: Wish | undefined,
  names: Names,
  macs: Map<string, string>,
  report: Reporter,
): InstanceConfig {
  const links: VirtualLinkConfig[] = [];
  const add = (base: string, family: 4 | 6, name: string | undefined, own: boolean): VirtualLinkConfig => {
    const mac = wish?.kind === 'ipvlan' && own ? undefined : (wish?.mac ?? virtualMac(family, config.vrid));
    const known = links.find((link) => link.base === base && sameBytes(link.mac, mac));
    if (known !== undefined) return known;
    const place = wish?.place ?? keyword;
    if (base === '') {
      const message = `${config.name}: a virtual MAC needs an interface to lie on`;
      report.error(place, 'missing-keyword', message, "add 'interface'");
    }
    const link: VirtualLinkConfig = {
      name: name ?? names.make(family, config.vrid, !own, place, config.name),
      kind: mac === undefined ? 'ipvlan' : 'macvlan',
      base,
      ...(mac === undefined ? {} : { mac }),
      mode: mac === undefined ? (wish?.mode ?? 'bridge') : 'private',
      ...(mac === undefined && wish?.address !== undefined ? { address: wish.address } : {}),
    };
    if (mac !== undefined) checkMac(link, mac, config.name, place, macs, report);
    links.push(link);
    return link;
  };
  const own = wish === undefined ? undefined : add(config.interface, config.family, wish.name, true);
  const everywhere = block.has(K.USE_VMAC_ADDR);
  const place = (vip: VirtualAddress): VirtualAddress => {
    const { family } = vip.address;
    const base = vip.dev ?? config.interface;
    if (own !== undefined && base === config.interface && family === config.family) return { ...vip, dev: own.name };
    if (vip.useVmac !== true && !everywhere) return vip;
    return { ...vip, dev: add(base, family, undefined, false).name };
  };
  const vips = config.vips.map(place);
  const excludedVips = config.excludedVips.map(place);
  const base = block.has(K.VMAC_XMIT_BASE) || mustTransmitBase(block, own, config, report);
  if (block.has(K.VMAC_XMIT_BASE) && own?.kind !== 'macvlan') {
    const message = `${config.name}: vmac_xmit_base does nothing without use_vmac`;
    report.warning(block.last(K.VMAC_XMIT_BASE)?.keyword ?? keyword, 'ignored', message, 'add use_vmac or remove it');
  }
  const source = config.sourceAddress ?? own?.address?.address;
  return {
    ...config,
    vips,
    excludedVips,
    ...(source === undefined ? {} : { sourceAddress: source }),
    ...(links.length === 0 ? {} : { virtualLinks: links }),
    ...(own === undefined || base ? {} : { transmitLink: own.name }),
  };
}

/** Answers of unicast peers come to the address we send from, which is on the base (keepalived.conf(5), use_vmac NOTE 2). */
function mustTransmitBase(
  block: Block,
  own: VirtualLinkConfig | undefined,
  config: InstanceConfig,
  report: Reporter,
): boolean {
  const peers = block.last(UNICAST_PEER);
  if (own?.kind !== 'macvlan' || peers === undefined) return false;
  const message = `${config.name}: use_vmac with unicast_peer advertises from the base interface`;
  report.warning(peers.keyword, 'implied', message, 'add vmac_xmit_base');
  return true;
}

function checkMac(
  link: VirtualLinkConfig,
  mac: Uint8Array,
  instance: string,
  place: Word,
  macs: Map<string, string>,
  report: Reporter,
): void {
  const text = formatMac(mac);
  const other = macs.get(`${link.base} ${text}`);
  if (other !== undefined) {
    const message = `${other} and ${instance} both use the MAC ${text} on interface ${link.base}`;
    report.error(place, 'duplicate-mac', message, 'give one of them a MAC of its own after use_vmac');
  }
  macs.set(`${link.base} ${text}`, instance);
}

function readWish(block: Block, config: InstanceConfig, report: Reporter): Wish | undefined {
  const vmac = block.last(K.USE_VMAC);
  const ipvlan = block.last(K.USE_IPVLAN);
  if (vmac !== undefined && ipvlan !== undefined) {
    const message = `${config.name}: either use_vmac or use_ipvlan, not both`;
    report.error(ipvlan.keyword, 'contradiction', message, 'remove one');
  }
  if (vmac !== undefined) return readVmac(vmac, config, report);
  return ipvlan === undefined ? undefined : readIpvlan(ipvlan, config, report);
}

function readVmac(found: Occurrence<(typeof K.USE_VMAC)['arguments']>, config: InstanceConfig, report: Reporter): Wish {
  const [name, octets] = found.values;
  // Of five octets the VRID is the sixth.
  const mac = octets?.length === MAC_BYTES - 1 ? Uint8Array.of(...octets, config.vrid) : octets;
  if (mac?.every((octet) => octet === 0) === true) {
    report.error(found.keyword, 'bad-value', `${config.name}: no interface can have the MAC ${formatMac(mac)}`);
  }
  return {
    kind: 'macvlan',
    place: found.keyword,
    mode: 'private',
    ...named(name, found, config, report),
    ...(mac === undefined ? {} : { mac }),
  };
}

function readIpvlan(
  found: Occurrence<(typeof K.USE_IPVLAN)['arguments']>,
  config: InstanceConfig,
  report: Reporter,
): Wish {
  const [name, prefix, mode] = found.values;
  const { keyword } = found;
  if (prefix?.address !== undefined && prefix.address.family !== config.family) {
    const message = `${config.name}: the address after use_ipvlan is not IPv${config.family} like the virtual addresses`;
    report.error(keyword, 'mixed-families', message);
  }
  if (prefix?.address === undefined && config.family === 4 && config.sourceAddress === undefined) {
    const message = `${config.name}: use_ipvlan needs an IPv4 address to advertise from`;
    report.error(keyword, 'missing-argument', message, 'write use_ipvlan ADDRESS/LENGTH');
  }
  return {
    kind: 'ipvlan',
    place: keyword,
    mode: mode ?? 'bridge',
    ...named(name, found, config, report),
    ...(prefix?.address === undefined
      ? {}
      : { address: { address: prefix.address, prefixLength: prefix.prefixLength } }),
  };
}

/** The name of an interface to make, when one is given. */
function named(
  name: string | undefined,
  found: Occurrence,
  config: InstanceConfig,
  report: Reporter,
): { readonly name?: string } {
  if (name === undefined) return {};
  // The kernel's dev_valid_name.
  if (/[/:\s]/.test(name) || name === '.' || name === '..') {
    report.error(found.keyword, 'bad-value', `${config.name}: '${name}' cannot be the name of an interface`);
  } else if (name === config.interface) {
    const message = `${config.name}: the virtual interface cannot have the name of its base, ${name}`;
    report.error(found.keyword, 'bad-value', message, 'give it another name, or none');
  }
  return { name };
}

/** `00:00:5e:00:01:33`. */
export const formatMac = (mac: Uint8Array): string =>
  [...mac].map((octet) => octet.toString(16).padStart(2, '0')).join(':');

const sameBytes = (left: Uint8Array | undefined, right: Uint8Array | undefined): boolean =>
  left === undefined || right === undefined ? left === right : left.join() === right.join();
