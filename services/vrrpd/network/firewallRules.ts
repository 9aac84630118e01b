/** The packet filter as nftables text. Pure. */
import { formatIpBytes, isLinkLocal } from '../../shared/net/address.js';
import type { FirewallConfig, VirtualAddress, VirtualLinkConfig, VrrpConfig } from '../config/model.js';

/** What the rules are made from. */
export interface FirewallNeeds {
  readonly options: FirewallConfig;
  /** Virtual interfaces whose IGMP and MLD go out by their base, with the base as far as it exists. */
  readonly links: readonly { readonly name: string; readonly base?: string }[];
  /** Addresses whose packets are dropped, with the interface they stand on as far as it exists. */
  readonly closed: readonly { readonly vip: VirtualAddress; readonly interface: string; readonly exists: boolean }[];
}

/** An interface name nft can be told without being misled: no quotes, no wildcard. */
const PLAIN_NAME = /^[^"\\*\s;{}]+$/;

/** What a configuration asks for; `exists` says whether an interface is there. */
export function firewallNeeds(config: VrrpConfig, exists: (name: string) => boolean): FirewallNeeds | undefined {
  const { firewall: options } = config.global;
  if (options === undefined) return undefined;
  const links = new Map<string, VirtualLinkConfig>();
  const closed: FirewallNeeds['closed'][number][] = [];
  for (const instance of config.instances) {
    for (const link of instance.virtualLinks ?? []) if (link.kind === 'macvlan') links.set(link.name, link);
    if (instance.dropTraffic !== true) continue;
    for (const vip of [...instance.vips, ...instance.excludedVips]) {
      const name = vip.dev ?? instance.interface;
      closed.push({ vip, interface: name, exists: exists(name) });
    }
  }
  if (links.size === 0 && closed.length === 0) return undefined;
  return {
    options,
    links: [...links.values()].map(({ name, base }) => ({ name, ...(exists(base) ? { base } : {}) })),
    closed,
  };
}

/** Removes the tables. */
export const removal = (table: string): string =>
  ['ip', 'ip6'].flatMap((family) => [`add table ${family} ${table}`, `delete table ${family} ${table}`]).join('\n');

/**
 * Puts the tables there, replacing what they held, in one transaction. `duplicate`: the kernel can send a copy of a
 * packet through another interface; where it cannot, reports are only dropped.
 */
export function ruleset(needs: FirewallNeeds, duplicate: boolean): string {
  const { table } = needs.options;
  return [removal(table), family4(needs, duplicate), family6(needs, duplicate), ''].join('\n');
}

/**
 * A back-up must never send from the virtual MAC, or switches would send the clients' frames to it. The kernel does when
 * a program joins a group or an address leaves, so reports about groups take the way over the base, with its MAC.
 */
function reports(needs: FirewallNeeds, family: 4 | 6, duplicate: boolean): string[] {
  const match =
    family === 4 ? 'ip protocol igmp' : 'icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report }';
  const lines: string[] = [];
  for (const { name, base } of needs.links) {
    if (!PLAIN_NAME.test(name)) continue;
    const copy = duplicate && base !== undefined && PLAIN_NAME.test(base);
    const way = copy ? `dup to ${family === 4 ? 'ip' : 'ip6'} daddr device "${base}" ` : '';
    lines.push(`oifname "${name}" ${match} ${counter(needs)}${way}drop`);
  }
  return lines;
}

function family4(needs: FirewallNeeds, duplicate: boolean): string {
  const vips = addresses(needs, ({ vip }) => vip.address.family === 4);
  const dropped = vips.length > 0;
  return table('ip', needs, dropped ? [addressSet('ipv4_addr', vips)] : [], {
    out: [
      ...reports(needs, 4, duplicate),
      ...(dropped && needs.options.outbound ? [`ip saddr @vips ${counter(needs)}drop`] : []),
    ],
    in: dropped ? [`ip daddr @vips ${counter(needs)}drop`] : [],
  });
}

function family6(needs: FirewallNeeds, duplicate: boolean): string {
  const vips = addresses(needs, ({ vip }) => vip.address.family === 6 && !isLinkLocal(vip.address));
  const local = linkLocals(needs);
  const sets = [
    ...(vips.length > 0 ? [addressSet('ipv6_addr', vips)] : []),
    ...(local.length > 0
      ? [set('link_local_vips', `ipv6_addr . ${needs.options.byIndex ? 'iface_index' : 'ifname'}`, local)]
      : []),
  ];
  // RFC 9568 6.4.3: neighbour discovery for the addresses goes on, accepting or not.
  const discovery = sets.length > 0 ? ['icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'] : [];
  const drops = (direction: 'in' | 'out'): string[] => {
    const field = direction === 'in' ? 'daddr' : 'saddr';
    const through = `${direction === 'in' ? 'i' : 'o'}${needs.options.byIndex ? 'if' : 'ifname'}`;
    return [
      ...(vips.length > 0 ? [`ip6 ${field} @vips ${counter(needs)}drop`] : []),
      ...(local.length > 0 ? [`ip6 ${field} . ${through} @link_local_vips ${counter(needs)}drop`] : []),
    ];
  };
  return table('ip6', needs, sets, {
    out: [...reports(needs, 6, duplicate), ...(needs.options.outbound ? [...discovery, ...drops('out')] : [])],
    in: [...discovery, ...drops('in')],
  });
}

/** Link-local addresses mean nothing without their interface. By number only those that exist can be named. */
const linkLocals = (needs: FirewallNeeds): string[] =>
  needs.closed
    .filter(({ vip, interface: name, exists }) => {
      return isLinkLocal(vip.address) && PLAIN_NAME.test(name) && (exists || !needs.options.byIndex);
    })
    .map(({ vip, interface: name }) => `${formatIpBytes(vip.address.bytes)} . "${name}"`);

const addresses = (needs: FirewallNeeds, belongs: (one: FirewallNeeds['closed'][number]) => boolean): string[] => [
  ...new Set(needs.closed.filter(belongs).map(({ vip }) => formatIpBytes(vip.address.bytes))),
];

const counter = ({ options }: FirewallNeeds): string => (options.counters ? 'counter ' : '');

const addressSet = (type: string, elements: readonly string[]): string => set('vips', type, elements);

const set = (name: string, type: string, elements: readonly string[]): string =>
  `  set ${name} { type ${type}; elements = { ${elements.join(', ')} } }`;

function table(
  family: 'ip' | 'ip6',
  { options }: FirewallNeeds,
  sets: readonly string[],
  chains: { readonly out: readonly string[]; readonly in: readonly string[] },
): string {
  const chain = (name: 'in' | 'out', hook: string, rules: readonly string[]): string[] =>
    rules.length === 0
      ? []
      : [
          `  chain ${name} {`,
          `    type filter hook ${hook} priority ${options.priority}; policy accept;`,
          ...rules.map((rule) => `    ${rule}`),
          '  }',
        ];
  return [
    `table ${family} ${options.table} {`,
    ...sets,
    ...chain('out', 'output', chains.out),
    ...chain('in', 'input', chains.in),
    '}',
  ].join('\n');
}
