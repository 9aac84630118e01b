/** `global_defs`: names of interfaces that vrrpd makes, and its packet filter. */
import { integer, optional, shortWord, word } from '../argument.js';
import { keyword } from '../keyword.js';

/** IPSET_MAXNAMELEN of linux/netfilter/ipset/ip_set.h, without the NUL. */
const SET = optional(shortWord('set', 31));
/** Addresses, IPv6 addresses, link-local ones by interface, IGMP, MLD. */
const SETS = [SET, SET, SET, SET, SET] as const;

export const VMAC_PREFIX = keyword('vmac_prefix', [shortWord('prefix', 11)], 'Beginning of names of VMAC interfaces.', {
  default: 'vrrp',
});
export const VMAC_ADDR_PREFIX = keyword(
  'vmac_addr_prefix',
  [shortWord('prefix', 11)],
  'Beginning of names of VMAC interfaces of addresses on other interfaces.',
  { default: 'vmac_prefix' },
);
export const NFTABLES = keyword(
  'nftables',
  [optional(word('table'))],
  'Table of the packet filter, in the families ip and ip6. It must not exist, and each suite needs its own.',
  { default: 'keepwatch' },
);
export const NFTABLES_PRIORITY = keyword(
  'nftables_priority',
  [integer('priority', { min: -(2 ** 31), max: 2 ** 31 - 1 })],
  'Priority of the chains of that table.',
  { default: '-1' },
);
export const NFTABLES_COUNTERS = keyword('nftables_counters', [], 'Counts in the rules of that table.');
export const NFTABLES_IFINDEX = keyword(
  'nftables_ifindex',
  [],
  'Names interfaces by number in the rules about IPv6 link-local addresses.',
);
export const VRRP_IPTABLES = keyword(
  'vrrp_iptables',
  [optional(word('chain in')), optional(word('chain out'))],
  'Filters with nftables all the same. With one chain named, packets from the addresses are not dropped.',
);
export const VRRP_IPSETS = keyword('vrrp_ipsets', SETS, 'Accepted: the sets are those of the nftables table.');
export const NAMESPACE_WITH_IPSETS = keyword(
  'namespace_with_ipsets',
  [],
  'Accepted: there are no ipsets, and nftables knows namespaces.',
);

export const FIREWALL_KEYWORDS = [
  VMAC_PREFIX,
  VMAC_ADDR_PREFIX,
  NFTABLES,
  NFTABLES_PRIORITY,
  NFTABLES_COUNTERS,
  NFTABLES_IFINDEX,
  VRRP_IPTABLES,
  VRRP_IPSETS,
  NAMESPACE_WITH_IPSETS,
];
