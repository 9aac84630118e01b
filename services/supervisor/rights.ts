/** What each service needs for a configuration, and no more. Pure. */
import type { ConfigTree, Statement } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { ConfigParts } from './parts.js';

/** Names of capabilities(7) as setpriv(1) spells them. */
export type Capability =
  | 'dac_read_search'
  | 'net_bind_service'
  | 'net_admin'
  | 'net_raw'
  | 'setuid'
  | 'sys_module'
  | 'sys_nice';

/** Bits of linux/capability.h. */
export const CAPABILITY_BITS: Readonly<Record<Capability, number>> = {
  dac_read_search: 2,
  setuid: 7,
  net_bind_service: 10,
  net_admin: 12,
  net_raw: 13,
  sys_module: 16,
  sys_nice: 23,
};

/** `everything`: it starts scripts as other users, root among them, who are to have what root has. */
export type Rights = readonly Capability[] | 'everything';

/**
 * Keywords of checkers and of `global_defs` that make healthcheckerd need a right: an own port below 1024, a firewall mark, an
 * ICMP socket where those of ping are not allowed, a pace.
 */
const CHECKER_NEEDS: ReadonlyMap<string, Capability> = new Map([
  ['PING_CHECK', 'net_raw'],
  ['bind_port', 'net_bind_service'],
  ['fwmark', 'net_admin'],
  ['checker_priority', 'sys_nice'],
  ['checker_rt_priority', 'sys_nice'],
]);

/** Scripts of anybody, and a file that is written wherever the configuration says. */
const UNCONFINED: ReadonlySet<string> = new Set(['MISC_CHECK', 'init_file']);

/** What a service needs for all of these configurations. `ipvsLoaded`: the kernel has IPVS. */
export function rightsOf(name: ServiceName, configurations: readonly ConfigParts[], ipvsLoaded: boolean): Rights {
  switch (name) {
    case 'notifierd':
      return 'everything';
    // Its scripts are run by a process that the supervisor starts for it.
    case 'vrrpd':
      return ['net_admin', 'net_raw', 'sys_nice'];
    // For real-time scheduling; its sockets need nothing.
    case 'bfdd':
      return ['sys_nice'];
    // It loads the module when there is something to balance; once that is there, nothing of it may load another.
    case 'ipvsd':
      return ipvsLoaded ? ['net_admin'] : ['net_admin', 'sys_module'];
    case 'healthcheckerd':
      return checkerRights(configurations.flatMap((parts) => parts.get(name) ?? []));
  }
}

function checkerRights(trees: readonly ConfigTree[]): Rights {
  const words = new Set<string>();
  for (const { statements } of trees) collectWords(statements, words);
  if ([...UNCONFINED].some((word) => words.has(word))) return 'everything';
  return [...new Set([...CHECKER_NEEDS].flatMap(([word, capability]) => (words.has(word) ? [capability] : [])))].sort();
}

function collectWords(statements: readonly Statement[], words: Set<string>): void {
  for (const { words: own, children } of statements) {
    const first = own[0]?.text;
    // Its firewall marks say what is balanced; they are none on packets of a check.
    if (first === 'virtual_server_group') continue;
    if (first !== undefined && (UNCONFINED.has(first) || CHECKER_NEEDS.has(first))) words.add(first);
    collectWords(children, words);
  }
}

/** Names of the capabilities in a set of bits, those without a name here as numbers. */
export function capabilityNames(capabilities: bigint): string[] {
  const names = new Map<number, string>(Object.entries(CAPABILITY_BITS).map(([name, bit]) => [bit, name]));
  const found: string[] = [];
  for (let bit = 0; capabilities >> BigInt(bit) > 0n; bit++) {
    if ((capabilities & (1n << BigInt(bit))) !== 0n) found.push(names.get(bit) ?? String(bit));
  }
  return found;
}

/** Whether capabilities (one bit each) are enough for rights. */
export const suffices = (capabilities: bigint, rights: Rights): boolean =>
  (rights === 'everything' ? (['setuid'] as const) : rights).every(
    (capability) => (capabilities & (1n << BigInt(CAPABILITY_BITS[capability]))) !== 0n,
  );
