/**
 * Attributes of the generic netlink family `IPVS` (linux/ip_vs.h): encodes requests, decodes what the kernel lists.
 *
 * ```
 * request  = genlmsghdr(command, version 1) ┬ IPVS_CMD_ATTR_SERVICE { AF, PROTOCOL, ADDR, PORT | FWMARK, settings… }
 *                                           └ IPVS_CMD_ATTR_DEST    { ADDR_FAMILY, ADDR, PORT, settings… }
 * ```
 * The settings are present in NEW and SET requests only; DEL and GET need the key alone.
 */
import {
  type Attribute,
  attribute,
  cString,
  decodeAttributes,
  hostUint16,
  hostUint32,
  nested,
  networkUint16,
  readCString,
  readHostNumber,
  readNetworkUint16,
} from './netlinkAttributes.js';
import { type Destination, type DestinationKey, FORWARDING, type ServiceKey, type ServiceSettings } from './table.js';

/** Name and version of the family. */
export const IPVS_FAMILY = 'IPVS';
export const IPVS_VERSION = 1;

/** IPVS_CMD_* used here. */
export const IPVS_COMMAND = {
  newService: 1,
  setService: 2,
  deleteService: 3,
  getService: 4,
  newDestination: 5,
  setDestination: 6,
  deleteDestination: 7,
  getDestination: 8,
  newDaemon: 9,
  deleteDaemon: 10,
  getDaemon: 11,
  setConfig: 12,
  getConfig: 13,
  getInfo: 15,
  flush: 17,
} as const;

const COMMAND_SERVICE = 1;
const COMMAND_DESTINATION = 2;

const SERVICE = {
  family: 1,
  protocol: 2,
  address: 3,
  port: 4,
  fwmark: 5,
  scheduler: 6,
  flags: 7,
  timeout: 8,
  netmask: 9,
  engine: 11,
} as const;

const DESTINATION = {
  address: 1,
  port: 2,
  forwarding: 3,
  weight: 4,
  upperThreshold: 5,
  lowerThreshold: 6,
  addressFamily: 11,
  tunnelType: 13,
  tunnelPort: 14,
  tunnelFlags: 15,
} as const;

const INFO_VERSION = 1;

const AF_INET = 2;
const AF_INET6 = 10;
/** IP_VS_SVC_F_PERSISTENT. */
const FLAG_PERSISTENT = 0x1;
/** IP_VS_SVC_F_ONEPACKET and IP_VS_SVC_F_SCHED1..3: the flags a user may set besides persistence. */
const SETTABLE_FLAGS = 0x3c;
/** IP_VS_CONN_F_FWD_MASK. */
const FORWARDING_MASK = 0x7;
/** The kernel takes every address as a 16-byte `union nf_inet_addr`. */
const ADDRESS_BYTES = 16;

const addressFamily = (family: 4 | 6): number => (family === 4 ? AF_INET : AF_INET6);

function addressPayload(address: Uint8Array): Buffer {
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  bytes.set(address);
  return bytes;
}

/** IPv4 wants a mask in network order, IPv6 a prefix length in host order. */
function netmaskPayload(family: 4 | 6, prefix: number): Buffer {
  if (family === 6) return hostUint32(prefix);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);
  return bytes;
}

function serviceAttributes(key: ServiceKey, settings?: ServiceSettings): Buffer {
  const parts = [attribute(SERVICE.family, hostUint16(addressFamily(key.family)))];
  if (key.kind === 'fwmark') {
    parts.push(attribute(SERVICE.fwmark, hostUint32(key.fwmark)));
  } else {
    parts.push(
      attribute(SERVICE.protocol, hostUint16(key.protocol)),
      attribute(SERVICE.address, addressPayload(key.address)),
      attribute(SERVICE.port, networkUint16(key.port)),
    );
  }
  if (settings !== undefined) {
    const flags = (settings.flags & SETTABLE_FLAGS) | (settings.persistenceTimeout > 0 ? FLAG_PERSISTENT : 0);
    parts.push(
      attribute(SERVICE.scheduler, cString(settings.scheduler)),
      // struct ip_vs_flags: value, then the mask of the bits that are meant.
      attribute(SERVICE.flags, Buffer.concat([hostUint32(flags), hostUint32(0xffffffff)])),
      attribute(SERVICE.timeout, hostUint32(settings.persistenceTimeout)),
      attribute(SERVICE.netmask, netmaskPayload(key.family, settings.persistencePrefix)),
    );
    if (settings.persistenceEngine !== '') parts.push(attribute(SERVICE.engine, cString(settings.persistenceEngine)));
  }
  return nested(COMMAND_SERVICE, parts);
}

function isDestination(destination: DestinationKey | Destination): destination is Destination {
  return 'weight' in destination;
}

function destinationAttributes(destination: DestinationKey | Destination): Buffer {
  const parts = [
    attribute(DESTINATION.address, addressPayload(destination.address)),
    attribute(DESTINATION.port, networkUint16(destination.port)),
    attribute(DESTINATION.addressFamily, hostUint16(addressFamily(destination.family))),
  ];
  if (isDestination(destination)) {
    parts.push(
      attribute(DESTINATION.forwarding, hostUint32(destination.forwarding)),
      attribute(DESTINATION.weight, hostUint32(destination.weight)),
      attribute(DESTINATION.upperThreshold, hostUint32(destination.upperThreshold)),
      attribute(DESTINATION.lowerThreshold, hostUint32(destination.lowerThreshold)),
    );
    const { tunnel } = destination;
    if (tunnel !== undefined) {
      parts.push(
        attribute(DESTINATION.tunnelType, Buffer.from([tunnel.type])),
        attribute(DESTINATION.tunnelPort, networkUint16(tunnel.port)),
        attribute(DESTINATION.tunnelFlags, hostUint16(tunnel.checksum)),
      );
    }
  }
  return nested(COMMAND_DESTINATION, parts);
}

/** Payload of NEW_SERVICE and SET_SERVICE (with settings), DEL_SERVICE, GET_SERVICE and the dump of destinations (without). */
export function encodeService(key: ServiceKey, settings?: ServiceSettings): Buffer {
  return serviceAttributes(key, settings);
}

/** Payload of NEW_DEST and SET_DEST (a whole destination) and DEL_DEST (its key). */
export function encodeDestination(key: ServiceKey, destination: DestinationKey | Destination): Buffer {
  return Buffer.concat([serviceAttributes(key), destinationAttributes(destination)]);
}

function decodeFamily(value: number | undefined): 4 | 6 | undefined {
  return value === AF_INET ? 4 : value === AF_INET6 ? 6 : undefined;
}

function decodeAddress(family: 4 | 6, found: Attribute | undefined): Uint8Array | undefined {
  const length = family === 4 ? 4 : 16;
  if (found === undefined || found.payload.length < length) return undefined;
  return Uint8Array.from(found.payload.subarray(0, length));
}

function decodePrefix(family: 4 | 6, found: Attribute | undefined): number | undefined {
  if (found?.payload.length !== 4) return undefined;
  if (family === 6) return readHostNumber(found);
  const mask = found.payload.readUInt32BE(0);
  return Math.clz32(~mask >>> 0);
}

function decodeServiceKey(family: 4 | 6, found: ReadonlyMap<number, Attribute>): ServiceKey | undefined {
  const fwmark = readHostNumber(found.get(SERVICE.fwmark));
  if (fwmark !== undefined && fwmark !== 0) return { kind: 'fwmark', family, fwmark };
  const protocol = readHostNumber(found.get(SERVICE.protocol));
  const address = decodeAddress(family, found.get(SERVICE.address));
  const port = readNetworkUint16(found.get(SERVICE.port));
  if (protocol === undefined || address === undefined || port === undefined) return undefined;
  return { kind: 'address', family, protocol, address, port };
}

/** One answer of GET_SERVICE; undefined when it is not a service as linux/ip_vs.h describes it. */
export function decodeService(payload: Buffer): { key: ServiceKey; settings: ServiceSettings } | undefined {
  const outer = decodeAttributes(payload)?.get(COMMAND_SERVICE);
  const found = outer && decodeAttributes(outer.payload);
  if (found === undefined) return undefined;
  const family = decodeFamily(readHostNumber(found.get(SERVICE.family)));
  if (family === undefined) return undefined;
  const key = decodeServiceKey(family, found);
  const scheduler = readCString(found.get(SERVICE.scheduler));
  const flagBytes = found.get(SERVICE.flags)?.payload;
  const timeout = readHostNumber(found.get(SERVICE.timeout));
  const prefix = decodePrefix(family, found.get(SERVICE.netmask));
  if (key === undefined || scheduler === undefined || flagBytes?.length !== 8) return undefined;
  if (timeout === undefined || prefix === undefined) return undefined;
  const flags = readHostNumber({ type: SERVICE.flags, payload: flagBytes.subarray(0, 4) }) ?? 0;
  return {
    key,
    settings: {
      scheduler,
      flags: flags & SETTABLE_FLAGS,
      // A service that is not persistent may still carry a timeout; only the flag counts.
      persistenceTimeout: (flags & FLAG_PERSISTENT) === 0 ? 0 : timeout,
      persistencePrefix: prefix,
      persistenceEngine: readCString(found.get(SERVICE.engine)) ?? '',
    },
  };
}

/** The tunnel of a listed destination; kernels before 5.3 do not tell it. */
function decodeTunnel(forwarding: number, found: ReadonlyMap<number, Attribute>): Pick<Destination, 'tunnel'> {
  const type = readHostNumber(found.get(DESTINATION.tunnelType));
  if (forwarding !== FORWARDING.tunnel || type === undefined) return {};
  const port = readNetworkUint16(found.get(DESTINATION.tunnelPort)) ?? 0;
  return { tunnel: { type, port, checksum: readHostNumber(found.get(DESTINATION.tunnelFlags)) ?? 0 } };
}

/** One answer of GET_DEST; `family` is that of the service, for kernels that do not tell the destination's own (before 3.18). */
export function decodeDestination(payload: Buffer, family: 4 | 6): Destination | undefined {
  const outer = decodeAttributes(payload)?.get(COMMAND_DESTINATION);
  const found = outer && decodeAttributes(outer.payload);
  if (found === undefined) return undefined;
  const ownFamily = decodeFamily(readHostNumber(found.get(DESTINATION.addressFamily))) ?? family;
  const address = decodeAddress(ownFamily, found.get(DESTINATION.address));
  const port = readNetworkUint16(found.get(DESTINATION.port));
  const forwarding = readHostNumber(found.get(DESTINATION.forwarding));
  const weight = readHostNumber(found.get(DESTINATION.weight));
  if (address === undefined || port === undefined || forwarding === undefined || weight === undefined) return undefined;
  return {
    family: ownFamily,
    address,
    port,
    weight,
    forwarding: forwarding & FORWARDING_MASK,
    upperThreshold: readHostNumber(found.get(DESTINATION.upperThreshold)) ?? 0,
    lowerThreshold: readHostNumber(found.get(DESTINATION.lowerThreshold)) ?? 0,
    ...decodeTunnel(forwarding & FORWARDING_MASK, found),
  };
}

/** The answer of GET_INFO: the version of IPVS, `1.2.1`. */
export function decodeVersion(payload: Buffer): string | undefined {
  const version = readHostNumber(decodeAttributes(payload)?.get(INFO_VERSION));
  if (version === undefined) return undefined;
  return `${(version >> 16) & 0xff}.${(version >> 8) & 0xff}.${version & 0xff}`;
}
