/** The services of the IPVS table that follow from one virtual server. Pure. */
import { formatIpAddress, formatIpBytes, type IpAddress } from '../shared/net/address.js';
import {
  type IpvsDestination,
  IpvsForwarding,
  type IpvsMarkedAddresses,
  IpvsProtocol,
  type IpvsServiceKey,
  type IpvsTunnel,
  IpvsTunnelChecksum,
  IpvsTunnelType,
  type IpvsVirtualService,
} from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type {
  Forwarding,
  GroupMember,
  RealServerConfig,
  SorryServerConfig,
  VirtualServerConfig,
  VirtualServerGroupConfig,
} from './config/model.js';
import type { PoolMember, PoolView } from './pool.js';

const PROTOCOL = {
  tcp: IpvsProtocol.IPVS_PROTOCOL_TCP,
  udp: IpvsProtocol.IPVS_PROTOCOL_UDP,
  sctp: IpvsProtocol.IPVS_PROTOCOL_SCTP,
} as const;

const FORWARDING: Readonly<Record<Forwarding['method'], IpvsForwarding>> = {
  masq: IpvsForwarding.IPVS_FORWARDING_MASQ,
  droute: IpvsForwarding.IPVS_FORWARDING_DROUTE,
  tunnel: IpvsForwarding.IPVS_FORWARDING_TUNNEL,
};

/** Addresses from `first` to `last`, both included. */
function* addressesBetween(first: IpAddress, last: IpAddress): Generator<IpAddress> {
  const bytes = Uint8Array.from(first.bytes);
  const end = formatIpAddress(last);
  for (;;) {
    yield { family: first.family, bytes: Uint8Array.from(bytes) };
    if (formatIpBytes(bytes) === end) return;
    // Carry into the next octet: a range may cross one.
    let index = bytes.length - 1;
    while (index >= 0 && bytes[index] === 255) bytes[index--] = 0;
    if (index < 0) return;
    bytes[index] = (bytes[index] ?? 0) + 1;
  }
}

const addressKey = (config: VirtualServerConfig, address: IpAddress, port: number): IpvsServiceKey => ({
  family: address.family,
  fwmark: 0,
  protocol: PROTOCOL[config.protocol],
  address: formatIpAddress(address),
  port,
});

const markKey = (fwmark: number, family: 4 | 6): IpvsServiceKey => ({
  family,
  fwmark,
  protocol: IpvsProtocol.IPVS_PROTOCOL_UNSPECIFIED,
  address: '',
  port: 0,
});

/** The services one virtual server stands for: one, or as many as its group has. */
export interface ServiceTargets {
  readonly keys: readonly IpvsServiceKey[];
  /** What nftables marks for the service that has this key's text. */
  readonly marked: ReadonlyMap<string, readonly IpvsMarkedAddresses[]>;
  /** One of them on this machine is enough for `ha_suspend`; none without it, for ranges can be long. */
  readonly addresses: readonly string[];
}

/** `mark`: that of a group whose addresses are marked by nftables (`nftables_ipvs`). */
export function serviceTargets(
  config: VirtualServerConfig,
  groups: ReadonlyMap<string, VirtualServerGroupConfig>,
  mark: number | undefined,
): ServiceTargets {
  const members = membersOf(config, groups);
  const keys = new Map<string, IpvsServiceKey>();
  const marked = new Map<string, IpvsMarkedAddresses[]>();
  const add = (key: IpvsServiceKey): string => {
    const text = serviceKeyText(key);
    keys.set(text, key);
    return text;
  };
  for (const member of members) {
    if (member.kind === 'fwmark') add(markKey(member.fwmark, member.family ?? config.family));
    else if (mark === undefined) {
      for (const address of addressesBetween(member.first, member.last)) add(addressKey(config, address, member.port));
    } else {
      const text = add(markKey(mark, member.first.family));
      const [first, last] = [formatIpAddress(member.first), formatIpAddress(member.last)];
      const addresses = { first, last, protocol: PROTOCOL[config.protocol], port: member.port };
      const others = marked.get(text);
      if (others === undefined) marked.set(text, [addresses]);
      else others.push(addresses);
    }
  }
  return { keys: [...keys.values()], marked, addresses: config.haSuspend ? allAddresses(members) : [] };
}

/** What a virtual server listens on, as if it were a group. */
function membersOf(
  { target }: VirtualServerConfig,
  groups: ReadonlyMap<string, VirtualServerGroupConfig>,
): readonly GroupMember[] {
  switch (target.kind) {
    case 'address':
      return [{ kind: 'addresses', first: target.address, last: target.address, port: target.port }];
    case 'fwmark':
      return [target];
    case 'group':
      return groups.get(target.name)?.members ?? [];
  }
}

const allAddresses = (members: readonly GroupMember[]): string[] =>
  members.flatMap((member) =>
    member.kind === 'addresses' ? [...addressesBetween(member.first, member.last)].map(formatIpAddress) : [],
  );

function destination(
  key: IpvsServiceKey,
  server: RealServerConfig | SorryServerConfig,
  member: PoolMember,
): IpvsDestination {
  const { method } = server.forwarding;
  return {
    family: server.address.family,
    address: formatIpAddress(server.address),
    // Only NAT can change the port; otherwise, and without one of its own, it is the service's, and a mark has none.
    port: method === 'masq' && server.port !== 0 ? server.port : key.port,
    weight: member.weight,
    forwarding: FORWARDING[method],
    upperThreshold: 'upperThreshold' in server ? server.upperThreshold : 0,
    lowerThreshold: 'lowerThreshold' in server ? server.lowerThreshold : 0,
    tunnel: tunnelOf(server.forwarding),
  };
}

const TUNNEL_TYPE = {
  ipip: IpvsTunnelType.IPVS_TUNNEL_TYPE_UNSPECIFIED,
  gue: IpvsTunnelType.IPVS_TUNNEL_TYPE_GUE,
  gre: IpvsTunnelType.IPVS_TUNNEL_TYPE_GRE,
} as const;

const TUNNEL_CHECKSUM = {
  nocsum: IpvsTunnelChecksum.IPVS_TUNNEL_CHECKSUM_UNSPECIFIED,
  csum: IpvsTunnelChecksum.IPVS_TUNNEL_CHECKSUM_SUM,
  remcsum: IpvsTunnelChecksum.IPVS_TUNNEL_CHECKSUM_REMOTE,
} as const;

/** Plain IPIP is left out: kernels before 5.3 know nothing else and take no option for it. */
function tunnelOf(forwarding: Forwarding): IpvsTunnel | undefined {
  if (forwarding.method !== 'tunnel' || forwarding.tunnel.type === 'ipip') return undefined;
  const { tunnel } = forwarding;
  return {
    type: TUNNEL_TYPE[tunnel.type],
    port: tunnel.type === 'gue' ? tunnel.port : 0,
    checksum: TUNNEL_CHECKSUM[tunnel.checksum],
  };
}

/** The services one virtual server wants in the table now. */
export function desiredServices(
  config: VirtualServerConfig,
  { keys, marked }: ServiceTargets,
  view: PoolView,
): IpvsVirtualService[] {
  return keys.map((key) => {
    const destinations = config.realServers.flatMap((server, index) => {
      const member = view.members[index];
      return member?.inTable ? [destination(key, server, member)] : [];
    });
    if (config.sorryServer !== undefined && view.sorry?.inTable) {
      destinations.push(destination(key, config.sorryServer, view.sorry));
    }
    return {
      key,
      scheduler: config.scheduler,
      flags: config.flags,
      persistenceTimeoutS: config.persistence?.timeoutSeconds ?? 0,
      persistencePrefixLength: config.persistence?.prefixLength ?? (key.family === 4 ? 32 : 128),
      persistenceEngine: config.persistence?.engine ?? '',
      destinations,
      marked: [...(marked.get(serviceKeyText(key)) ?? [])],
    };
  });
}

/** One text per key, for maps. */
export const serviceKeyText = (key: IpvsServiceKey): string =>
  `${key.family}/${key.fwmark}/${key.protocol}/${key.address}/${key.port}`;
