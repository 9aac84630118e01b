/** Keywords of `vrrp_instance` about interfaces of its own, and about who may talk to its addresses. */
import { choice, interfaceName, looksLikeMac, macAddress, meant, optional } from '../../../shared/config/argument.js';
import { keyword } from '../../../shared/config/keyword.js';
import { parseIpAddress } from '../../../shared/net/address.js';
import { networkPrefix } from './prefix.js';

const VMAC = [
  meant(optional(interfaceName()), (text) => !looksLikeMac(text)),
  meant(optional(macAddress()), looksLikeMac),
] as const;

const IPVLAN_MODES = ['bridge', 'private', 'vepa'] as const;
const isMode = (text: string): boolean => IPVLAN_MODES.some((mode) => mode === text);
const isPrefix = (text: string): boolean => parseIpAddress(text.split('/')[0] ?? '') !== undefined;

/** In any order, as keepalived reads them. */
const IPVLAN = [
  meant(optional(interfaceName()), (text) => !isMode(text) && !isPrefix(text)),
  meant(optional(networkPrefix('address')), isPrefix),
  meant(optional(choice('mode', IPVLAN_MODES)), isMode),
] as const;

export const USE_VMAC = keyword(
  'use_vmac',
  VMAC,
  'Gives the addresses the virtual MAC 00:00:5e:00:01|02:VRID, or the one given, on a macvlan interface of their own.',
);
export const USE_VMAC_ADDR = keyword(
  'use_vmac_addr',
  [],
  'A virtual MAC also for addresses on other interfaces, and for excluded ones of the other family.',
);
export const VMAC_XMIT_BASE = keyword('vmac_xmit_base', [], 'Advertises from the base interface.');
export const USE_IPVLAN = keyword(
  'use_ipvlan',
  IPVLAN,
  'Puts the addresses on an ipvlan interface; IPv4 needs the address it advertises from.',
);
export const ACCEPT = keyword('accept', [], 'Accepts packets to the virtual addresses.', {
  default: 'on, unless strict',
});
export const NO_ACCEPT = keyword(
  'no_accept',
  [],
  'Drops packets to the virtual addresses, unless the priority is 255, by nftables.',
);
export const PROMOTE_SECONDARIES = keyword(
  'promote_secondaries',
  [],
  'Keeps other addresses of a prefix when its first one goes: sets the sysctl, and puts it back at the end.',
);

export const INSTANCE_LINKBEAT = keyword('linkbeat_use_polling', [], 'Polls the link of the interface.', {
  deprecated: 'use a linkbeat_interfaces block',
});

export const VIRTUAL_LINK_KEYWORDS = [
  USE_VMAC,
  USE_VMAC_ADDR,
  VMAC_XMIT_BASE,
  USE_IPVLAN,
  PROMOTE_SECONDARIES,
  ACCEPT,
  NO_ACCEPT,
];
