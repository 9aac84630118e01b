/** The table as gRPC carries it ⇄ the table as the kernel understands it; the only place that knows both. */
import { formatIpBytes, parseIpAddress } from '../shared/net/address.js';
import {
  type IpvsDestination,
  IpvsForwarding,
  IpvsProtocol,
  type IpvsServiceKey,
  type IpvsServiceStatistics,
  type IpvsTunnel,
  IpvsTunnelChecksum,
  IpvsTunnelType,
  type IpvsVirtualService,
} from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { ServiceStatistics } from './kernel.js';
import {
  type Destination,
  FORWARDING,
  type Service,
  type ServiceKey,
  TUNNEL_CHECKSUM,
  TUNNEL_TYPE,
  type Tunnel,
} from './table.js';

const PROTOCOL_NUMBERS: ReadonlyMap<IpvsProtocol, number> = new Map<IpvsProtocol, number>([
  [IpvsProtocol.IPVS_PROTOCOL_TCP, 6],
  [IpvsProtocol.IPVS_PROTOCOL_UDP, 17],
  [IpvsProtocol.IPVS_PROTOCOL_SCTP, 132],
]);

const FORWARDING_NUMBERS: ReadonlyMap<IpvsForwarding, number> = new Map<IpvsForwarding, number>([
  [IpvsForwarding.IPVS_FORWARDING_MASQ, FORWARDING.masq],
  [IpvsForwarding.IPVS_FORWARDING_TUNNEL, FORWARDING.tunnel],
  [IpvsForwarding.IPVS_FORWARDING_DROUTE, FORWARDING.droute],
]);

const TUNNEL_TYPES: ReadonlyMap<IpvsTunnelType, number> = new Map<IpvsTunnelType, number>([
  [IpvsTunnelType.IPVS_TUNNEL_TYPE_UNSPECIFIED, TUNNEL_TYPE.ipip],
  [IpvsTunnelType.IPVS_TUNNEL_TYPE_GUE, TUNNEL_TYPE.gue],
  [IpvsTunnelType.IPVS_TUNNEL_TYPE_GRE, TUNNEL_TYPE.gre],
]);

const TUNNEL_CHECKSUMS: ReadonlyMap<IpvsTunnelChecksum, number> = new Map<IpvsTunnelChecksum, number>([
  [IpvsTunnelChecksum.IPVS_TUNNEL_CHECKSUM_UNSPECIFIED, TUNNEL_CHECKSUM.none],
  [IpvsTunnelChecksum.IPVS_TUNNEL_CHECKSUM_SUM, TUNNEL_CHECKSUM.sum],
  [IpvsTunnelChecksum.IPVS_TUNNEL_CHECKSUM_REMOTE, TUNNEL_CHECKSUM.remote],
]);

/** IP_VS_SCHEDNAME_MAXLEN and IP_VS_PENAME_MAXLEN with the closing NUL. */
const MAX_NAME_LENGTH = 15;
const MAX_UINT32 = 0xffffffff;
/** The kernel keeps weights as int. */
const MAX_WEIGHT = 0x7fffffff;

/** What a request said that no table can hold. */
export class InvalidTable extends Error {
  override readonly name = 'InvalidTable';
}

function familyOf(value: number, what: string): 4 | 6 {
  if (value === 4 || value === 6) return value;
  throw new InvalidTable(`${what}: family ${value} is neither 4 nor 6`);
}

function within(value: number, limit: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= limit) return value;
  throw new InvalidTable(`${what}: ${value} is not within 0 to ${limit}`);
}

function addressOf(text: string, what: string): Uint8Array {
  const address = parseIpAddress(text);
  if (address === undefined) throw new InvalidTable(`${what}: '${text}' is not an IP address`);
  return address.bytes;
}

/** Reads a key. Throws InvalidTable. */
export function serviceKeyFromWire(wire: IpvsServiceKey | undefined): ServiceKey {
  if (wire === undefined) throw new InvalidTable('a service has no key');
  const family = familyOf(wire.family, 'service key');
  if (wire.fwmark !== 0) return { kind: 'fwmark', family, fwmark: within(wire.fwmark, MAX_UINT32, 'fwmark') };
  const protocol = PROTOCOL_NUMBERS.get(wire.protocol);
  if (protocol === undefined) throw new InvalidTable(`service ${wire.address}: protocol ${wire.protocol} is unknown`);
  const address = addressOf(wire.address, 'service address');
  if ((address.length === 4 ? 4 : 6) !== family) {
    throw new InvalidTable(`service ${wire.address}: the address is not of family ${family}`);
  }
  return { kind: 'address', family, protocol, address, port: within(wire.port, 65535, `service ${wire.address} port`) };
}

function destinationFromWire(wire: IpvsDestination): Destination {
  const address = addressOf(wire.address, 'destination address');
  const forwarding = FORWARDING_NUMBERS.get(wire.forwarding);
  if (forwarding === undefined) {
    throw new InvalidTable(`destination ${wire.address}: forwarding ${wire.forwarding} is unknown`);
  }
  return {
    family: address.length === 4 ? 4 : 6,
    address,
    port: within(wire.port, 65535, `destination ${wire.address} port`),
    weight: within(wire.weight, MAX_WEIGHT, `destination ${wire.address} weight`),
    forwarding,
    upperThreshold: wire.upperThreshold,
    lowerThreshold: wire.lowerThreshold,
    ...(wire.tunnel === undefined ? {} : { tunnel: tunnelFromWire(wire.tunnel, wire.address) }),
  };
}

function tunnelFromWire({ type, port, checksum }: IpvsTunnel, address: string): Tunnel {
  const typeNumber = TUNNEL_TYPES.get(type);
  const checksumNumber = TUNNEL_CHECKSUMS.get(checksum);
  if (typeNumber === undefined) throw new InvalidTable(`destination ${address}: tunnel type ${type} is unknown`);
  if (checksumNumber === undefined) {
    throw new InvalidTable(`destination ${address}: tunnel checksum ${checksum} is unknown`);
  }
  return {
    type: typeNumber,
    port: within(port, 65535, `destination ${address} tunnel port`),
    checksum: checksumNumber,
  };
}

function nameOf(text: string, what: string, mayBeEmpty: boolean): string {
  const good = /^[a-z0-9_-]*$/i.test(text) && text.length <= MAX_NAME_LENGTH && (mayBeEmpty || text !== '');
  if (!good) throw new InvalidTable(`${what}: '${text}' is not a name of at most ${MAX_NAME_LENGTH} characters`);
  return text;
}

/** Reads a service with its destinations. Throws InvalidTable. */
export function serviceFromWire(wire: IpvsVirtualService): Service {
  const key = serviceKeyFromWire(wire.key);
  return {
    key,
    settings: {
      scheduler: nameOf(wire.scheduler, 'scheduler', false),
      flags: wire.flags,
      persistenceTimeout: wire.persistenceTimeoutS,
      persistencePrefix: within(wire.persistencePrefixLength, key.family === 4 ? 32 : 128, 'persistence prefix length'),
      persistenceEngine: nameOf(wire.persistenceEngine, 'persistence engine', true),
    },
    destinations: wire.destinations.map(destinationFromWire),
  };
}

const PROTOCOLS: ReadonlyMap<number, IpvsProtocol> = new Map([...PROTOCOL_NUMBERS].map(([wire, own]) => [own, wire]));

function serviceKeyToWire(key: ServiceKey): IpvsServiceKey {
  const { family } = key;
  if (key.kind === 'fwmark') {
    const protocol = IpvsProtocol.IPVS_PROTOCOL_UNSPECIFIED;
    return { family, fwmark: key.fwmark, protocol, address: '', port: 0 };
  }
  const protocol = PROTOCOLS.get(key.protocol) ?? IpvsProtocol.IPVS_PROTOCOL_UNSPECIFIED;
  return { family, fwmark: 0, protocol, address: formatIpBytes(key.address), port: key.port };
}

/** Writes what the kernel has counted for one service. */
export function statisticsToWire({ key, counters, destinations }: ServiceStatistics): IpvsServiceStatistics {
  return {
    key: serviceKeyToWire(key),
    counters,
    destinations: destinations.map(({ destination, counters: own }) => {
      const { activeConnections, inactiveConnections, persistentConnections, ...rest } = own;
      const { port, weight } = destination;
      const address = formatIpBytes(destination.address);
      const connections = { activeConnections, inactiveConnections, persistentConnections };
      return { address, port, weight, ...connections, counters: rest };
    }),
  };
}
