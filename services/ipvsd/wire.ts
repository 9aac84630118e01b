/** The table as gRPC carries it ⇄ the table as the kernel understands it; the only place that knows both. */
import { parseIpAddress } from '../shared/net/address.js';
import {
  type IpvsDestination,
  IpvsForwarding,
  IpvsProtocol,
  type IpvsServiceKey,
  type IpvsVirtualService,
} from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import { type Destination, FORWARDING, type Service, type ServiceKey } from './table.js';

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
