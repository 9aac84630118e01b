/** Keywords of `vrrp_instance` about unicast peers. */
import { address, choice, integer, interfaceName, optional } from '../../../shared/config/argument.js';
import { KeywordTable, keyword } from '../../../shared/config/keyword.js';

const TTL = [integer('ttl', { min: 0, max: 255 })] as const;

export const PEER_MIN_TTL = keyword('min_ttl', TTL, 'Lowest TTL or hop limit of packets that are taken.');
export const PEER_MAX_TTL = keyword('max_ttl', TTL, 'Highest TTL or hop limit of packets that are taken.');
export const PEER_OPTIONS = new KeywordTable('a unicast peer', [PEER_MIN_TTL, PEER_MAX_TTL]);

export const UNICAST_PEER = keyword(
  'unicast_peer',
  [],
  'Peers that get advertisements instead of the multicast group.',
  {
    block: { kind: 'lines', line: 'address [min_ttl 0..255] [max_ttl 0..255]', options: PEER_OPTIONS },
    repeat: 'list',
  },
);
export const UNICAST_SRC_IP = keyword(
  'unicast_src_ip',
  [address('address')],
  'Source address of unicast advertisements.',
  { default: 'the first address of the interface' },
);
export const UNICAST_FAULT_NO_PEER = keyword(
  'unicast_fault_no_peer',
  [],
  'FAULT instead of multicast when there are no unicast peers.',
  { since: '2.2.4' },
);
export const UNICAST_TTL = keyword('unicast_ttl', TTL, 'TTL or hop limit of unicast advertisements.', {
  default: '255; IPv6 64',
});
export const CHECK_UNICAST_SRC = keyword('check_unicast_src', [], 'Drops advertisements of others than the peers.', {
  default: 'vrrp_check_unicast_src; on where a peer has min_ttl or max_ttl',
});
export const OLD_UNICAST_CHECKSUM = keyword(
  'old_unicast_checksum',
  [optional(choice('never', ['never']))],
  'Checksum of version 3 as in keepalived until 1.3.6; never: not even towards peers that send it.',
  { default: 'towards peers that send it' },
);
export const TRACK_SRC_IP = keyword('track_src_ip', [], 'FAULT when the configured source address is missing.');
export const VRF = keyword('vrf', [interfaceName()], 'VRF of a unicast instance without interface.');

export const UNICAST_KEYWORDS = [
  VRF,
  UNICAST_SRC_IP,
  UNICAST_PEER,
  UNICAST_FAULT_NO_PEER,
  UNICAST_TTL,
  CHECK_UNICAST_SRC,
  OLD_UNICAST_CHECKSUM,
  TRACK_SRC_IP,
] as const;
