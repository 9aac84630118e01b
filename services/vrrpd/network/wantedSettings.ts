/** Which values below /proc/sys/net virtual interfaces need. Pure. */
import type { InstanceConfig, VirtualLinkConfig, VrrpConfig } from '../config/model.js';

/** One value that should stand in a file below /proc/sys. */
export interface WantedSetting {
  readonly path: string;
  readonly value: number;
  /** `at-least`: a higher one does as well. */
  readonly compare: 'exactly' | 'at-least';
  /** A file whose value counts for this one too: the kernel takes the greater of the two. */
  readonly or?: string;
  /** Dies with its interface, so there is nothing to put back. */
  readonly own: boolean;
  /** Virtual interfaces that are of no use without it. */
  readonly vital: readonly string[];
  /** What happens without it. */
  readonly otherwise: string;
}

/** What is asked of the machine. */
export interface SettingReader {
  /** The value as it was before us. */
  original(path: string): string | undefined;
  /** Names of all interfaces there are. */
  readonly interfaces: readonly string[];
}

const ALL_RP_FILTER = 'net/ipv4/conf/all/rp_filter';

/** Everything that should be set, in the order in which it is set; put back in the reverse order. */
export function wantedSettings(config: VrrpConfig, machine: SettingReader): readonly WantedSetting[] {
  const links = [...new Map(config.instances.flatMap(linksOf)).values()];
  const wanted: WantedSetting[] = [];
  if (config.global.disableLocalIgmp === true) wanted.push(localIgmp());
  for (const name of promoting(config.instances)) wanted.push(promote(name, false));
  for (const base of new Set(links.map((link) => link.base))) wanted.push(...baseSettings(base));
  if (links.length > 0) wanted.push(...reversePathFilter(links, machine));
  for (const link of links) wanted.push(...linkSettings(link, machine));
  return wanted;
}

const linksOf = (instance: InstanceConfig): (readonly [string, VirtualLinkConfig])[] =>
  (instance.virtualLinks ?? []).map((link) => [link.name, link]);

function localIgmp(): WantedSetting {
  const otherwise = 'IGMP reports are sent for 224.0.0.0/24';
  return { ...setting('net/ipv4/igmp_link_local_mcast_reports', 0, 'exactly', false), otherwise };
}

function promoting(instances: readonly InstanceConfig[]): Set<string> {
  const promote = instances.filter(({ promoteSecondaries }) => promoteSecondaries);
  return new Set(
    promote.flatMap(({ interface: own, vips, excludedVips, virtualLinks = [] }) => {
      const virtual = new Set(virtualLinks.map(({ name }) => name));
      const names = [...vips, ...excludedVips].map(({ dev }) => dev ?? own);
      return [own, ...names].filter((name) => !virtual.has(name));
    }),
  );
}

/** The base must neither answer for the virtual addresses nor ask in their name: clients would learn its MAC. */
function baseSettings(base: string): WantedSetting[] {
  const otherwise = `clients may learn the MAC of ${base} for virtual addresses`;
  return [
    { ...setting(`net/ipv4/conf/${base}/arp_ignore`, 1, 'at-least', false), otherwise },
    { ...setting(`net/ipv4/conf/${base}/arp_announce`, 2, 'at-least', false), otherwise },
  ];
}

/**
 * Clients' packets come in on the virtual interface and answers leave by the base, which strict reverse path filtering
 * takes for forgery. `all` counts for every interface, so its 1 moves to the others (keepalived.conf(5), use_vmac NOTE).
 */
function reversePathFilter(links: readonly VirtualLinkConfig[], machine: SettingReader): WantedSetting[] {
  if (machine.original(ALL_RP_FILTER) !== '1') return [];
  const virtual = new Set(links.map(({ name }) => name));
  const others = ['default', ...machine.interfaces.filter((name) => !virtual.has(name))];
  const vital = [...virtual];
  const otherwise = 'packets of clients to virtual addresses are dropped';
  return [
    ...others.map((name) => ({
      ...setting(`net/ipv4/conf/${name}/rp_filter`, 1, 'at-least', false),
      otherwise: `${name} no longer checks sources`,
    })),
    { ...setting(ALL_RP_FILTER, 0, 'exactly', false), vital, otherwise },
  ];
}

function linkSettings({ name, base }: VirtualLinkConfig, machine: SettingReader): WantedSetting[] {
  const ipv4 = (key: string, value: number, compare: WantedSetting['compare'], otherwise: string): WantedSetting => ({
    ...setting(`net/ipv4/conf/${name}/${key}`, value, compare, true),
    otherwise,
  });
  const ipv6 = (key: string, value: number, otherwise: string): WantedSetting => ({
    ...setting(`net/ipv6/conf/${name}/${key}`, value, 'exactly', true),
    otherwise,
  });
  const learns = `clients may learn a wrong MAC of addresses on ${name}`;
  const forwarding = (family: 4 | 6): number =>
    Number(machine.original(`net/ipv${family}/conf/${base}/forwarding`) ?? 0);
  const routes = `${name} does not forward as ${base} does`;
  return [
    ipv4('arp_ignore', 1, 'at-least', learns),
    ipv4('arp_announce', 2, 'at-least', learns),
    ipv4('arp_filter', 0, 'exactly', `${name} does not answer ARP requests`),
    { ...ipv4('rp_filter', 0, 'exactly', `packets of clients to ${name} are dropped`), vital: [name] },
    ipv4('accept_local', 1, 'exactly', `${name} drops packets from ${base}`),
    promote(name, true),
    ipv4('forwarding', forwarding(4), 'exactly', routes),
    ipv6('forwarding', forwarding(6), routes),
    ipv6('accept_ra', 0, `${name} takes addresses and routes from router advertisements`),
    ipv6('autoconf', 0, `${name} takes addresses from router advertisements`),
    ipv6('router_solicitations', 0, `${name} sends router solicitations from the virtual MAC`),
  ];
}

function promote(name: string, own: boolean): WantedSetting {
  const otherwise = `removing the first address of a prefix on ${name} removes the others`;
  return { ...setting(`net/ipv4/conf/${name}/promote_secondaries`, 1, 'at-least', own), otherwise };
}

function setting(
  path: string,
  value: number,
  compare: WantedSetting['compare'],
  own: boolean,
): Omit<WantedSetting, 'otherwise'> {
  const all = path.replace(/^(net\/ipv4\/conf\/)[^/]+(\/(?:arp_ignore|arp_announce|promote_secondaries))$/, '$1all$2');
  return { path, value, compare, own, vital: [], ...(all === path ? {} : { or: all }) };
}
