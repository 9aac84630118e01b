/** How packets reach a real server, as KEEPALIVED-MIB has it. Pure. */
import {
  type IpvsDestination,
  IpvsForwarding,
  IpvsTunnelChecksum,
  IpvsTunnelType,
} from '../../shared/rpc/generated/keepwatch/v1/ipvs.js';
import { gauge32, integer, type SnmpValue } from '../agentx/value.js';

/** nat(1), dr(2), tun(3) */
const METHODS: ReadonlyMap<IpvsForwarding, number> = new Map([
  [IpvsForwarding.IPVS_FORWARDING_MASQ, 1],
  [IpvsForwarding.IPVS_FORWARDING_DROUTE, 2],
  [IpvsForwarding.IPVS_FORWARDING_TUNNEL, 3],
]);
const WORDS: ReadonlyMap<string, number> = new Map([
  ['NAT', 1],
  ['DR', 2],
  ['TUN', 3],
]);

/** Of a destination, or else what the word after `lvs_method` says. */
export function methodValue(wanted: IpvsDestination | undefined, word: string | undefined): SnmpValue | undefined {
  const method = METHODS.get(wanted?.forwarding ?? IpvsForwarding.IPVS_FORWARDING_UNSPECIFIED) ?? WORDS.get(word ?? '');
  return method === undefined ? undefined : integer(method);
}

/** Columns about the tunnel (type ipip(1), gue(2), gre(3); port; checksum nocsum(1), csum(2), remcsum(3)). */
export function tunnelValues(wanted: IpvsDestination | undefined): readonly (SnmpValue | undefined)[] {
  if (wanted?.forwarding !== IpvsForwarding.IPVS_FORWARDING_TUNNEL) return [];
  const { type, port, checksum } = wanted.tunnel ?? {
    type: IpvsTunnelType.IPVS_TUNNEL_TYPE_UNSPECIFIED,
    port: 0,
    checksum: IpvsTunnelChecksum.IPVS_TUNNEL_CHECKSUM_UNSPECIFIED,
  };
  // The numbers of both enumerations are one lower.
  return [
    integer(type + 1),
    type === IpvsTunnelType.IPVS_TUNNEL_TYPE_GUE ? gauge32(port) : undefined,
    integer(checksum + 1),
  ];
}
