/** Firewall marks of virtual server groups as nftables text (`nftables_ipvs`). Pure. */
import { IpvsProtocol, type IpvsVirtualService } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { MarkTableConfig } from './config/model.js';

const PROTOCOL_NAMES: ReadonlyMap<IpvsProtocol, string> = new Map<IpvsProtocol, string>([
  [IpvsProtocol.IPVS_PROTOCOL_TCP, 'tcp'],
  [IpvsProtocol.IPVS_PROTOCOL_UDP, 'udp'],
  [IpvsProtocol.IPVS_PROTOCOL_SCTP, 'sctp'],
]);

/** What gets which mark, as elements of an nftables map: `10.0.0.1-10.0.0.9 . tcp . 80 : 1000`. */
export interface MarkElements {
  /** By family; those with a port and those for every port. */
  readonly withPort: Readonly<Record<4 | 6, readonly string[]>>;
  readonly anyPort: Readonly<Record<4 | 6, readonly string[]>>;
}

/** The elements for all services that want packets marked; undefined when none does. */
export function markElements(services: Iterable<IpvsVirtualService>): MarkElements | undefined {
  const withPort = { 4: [] as string[], 6: [] as string[] };
  const anyPort = { 4: [] as string[], 6: [] as string[] };
  let some = false;
  for (const { key, marked } of services) {
    if (key === undefined || key.fwmark === 0) continue;
    const family = key.family === 6 ? 6 : 4;
    for (const { first, last, protocol, port } of marked) {
      const name = PROTOCOL_NAMES.get(protocol);
      if (name === undefined) continue;
      some = true;
      const addresses = first === last ? first : `${first}-${last}`;
      if (port === 0) anyPort[family].push(`${addresses} . ${name} : ${key.fwmark}`);
      else withPort[family].push(`${addresses} . ${name} . ${port} : ${key.fwmark}`);
    }
  }
  return some ? { withPort, anyPort } : undefined;
}

/** Removes the table; no error when there is none. */
export const removal = (table: string): string => `add table inet ${table}\ndelete table inet ${table}\n`;

const FAMILIES = [
  { family: 4, type: 'ipv4_addr', field: 'ip daddr' },
  { family: 6, type: 'ipv6_addr', field: 'ip6 daddr' },
] as const;

/** Puts the table there, replacing what it held, in one transaction. */
export function ruleset({ table, priority }: MarkTableConfig, elements: MarkElements): string {
  const maps: string[] = [];
  const anyRules: string[] = [];
  const portRules: string[] = [];
  const map = (name: string, type: string, content: readonly string[]): void => {
    maps.push(`  map ${name} { type ${type} : mark; flags interval; elements = { ${content.join(', ')} } }`);
  };
  for (const { family, type, field } of FAMILIES) {
    const any = elements.anyPort[family];
    const ports = elements.withPort[family];
    if (any.length > 0) {
      map(`any${family}`, `${type} . inet_proto`, any);
      anyRules.push(`    meta mark set ${field} . meta l4proto map @any${family}`);
    }
    if (ports.length > 0) {
      map(`ports${family}`, `${type} . inet_proto . inet_service`, ports);
      portRules.push(`    meta mark set ${field} . meta l4proto . th dport map @ports${family}`);
    }
  }
  // The more exact one comes later and counts.
  const rules = [...anyRules, ...portRules];
  // Packets of this machine do not pass prerouting; IPVS balances them all the same.
  const chain = (hook: string): string[] => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority ${priority}; policy accept;`,
    ...rules,
    '  }',
  ];
  return [`${removal(table)}table inet ${table} {`, ...maps, ...chain('prerouting'), ...chain('output'), '}', ''].join(
    '\n',
  );
}
