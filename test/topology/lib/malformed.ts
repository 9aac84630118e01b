/** Advertisements with one thing wrong each, as bytes of an IPv4 packet. */

/** What a good packet says, before it is spoiled. */
export interface PacketFacts {
  readonly source: string;
  readonly vrid: number;
  readonly priority: number;
  readonly addresses: readonly string[];
}

interface Spoiling {
  ttl?: number;
  version?: number;
  type?: number;
  count?: number;
  authType?: number;
  interval?: number;
  vrid?: number;
  length?: number;
  badChecksum?: boolean;
}

/** RFC 1071. */
export function internetChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) {
    sum += (bytes[offset] ?? 0) * 256 + (bytes[offset + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The bytes of an IPv4 address. */
export const octets = (address: string): number[] => address.split('.').map(Number);

function packet(facts: PacketFacts, spoiling: Spoiling): Buffer {
  const { addresses } = facts;
  const vrrp = Buffer.from([
    ((spoiling.version ?? 2) << 4) | (spoiling.type ?? 1),
    spoiling.vrid ?? facts.vrid,
    facts.priority,
    spoiling.count ?? addresses.length,
    spoiling.authType ?? 0,
    spoiling.interval ?? 1,
    ...[0, 0],
    ...addresses.flatMap(octets),
    ...new Array<number>(8).fill(0),
  ]);
  vrrp.writeUInt16BE(internetChecksum(vrrp) ^ (spoiling.badChecksum ? 0x5555 : 0), 6);
  const body = spoiling.length === undefined ? vrrp : vrrp.subarray(0, spoiling.length);
  return toGroup(facts.source, body, spoiling.ttl);
}

/** A VRRP message in an IPv4 packet to the group of all VRRP routers. */
export function toGroup(source: string, message: Buffer, ttl = 255): Buffer {
  const ip = Buffer.from([
    ...[0x45, 0xc0, 0, 20 + message.length, 0, 0, 0, 0],
    ...[ttl, 112, 0, 0],
    ...octets(source),
    ...[224, 0, 0, 18],
  ]);
  return Buffer.concat([ip, message]);
}

/** An advertisement of version 2 with nothing wrong about it. */
export const soundPacket = (facts: PacketFacts): Buffer => packet(facts, {});

/** One packet for every rung of the reception checks; each would win the election if it were believed. */
export function malformedPackets(facts: PacketFacts): Buffer[] {
  const spoilings: Spoiling[] = [
    { ttl: 254 },
    { badChecksum: true },
    { version: 1 },
    { version: 7 },
    { type: 2 },
    { count: 20 },
    { count: 0 },
    { authType: 1 },
    { authType: 9 },
    { interval: 7 },
    { vrid: 0 },
    { length: 3 },
    { length: 8 },
  ];
  return spoilings.map((spoiling) => packet(facts, spoiling));
}
