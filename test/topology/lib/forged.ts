/** Advertisements of someone on the segment who wants to be master and knows no secret. */
import { randomBytes } from 'node:crypto';
import { internetChecksum, octets, type PacketFacts, toGroup } from './malformed.js';

interface Spoiling {
  readonly ttl?: number;
  readonly head?: number;
  readonly count?: number;
  readonly centiseconds?: number;
  readonly wrongChecksum?: boolean;
  readonly behind?: Buffer;
}

/** A version 3 advertisement with the checksum over the message only, which every router takes. */
function version3(facts: PacketFacts, spoiling: Spoiling): Buffer {
  const { vrid, priority, addresses } = facts;
  const message = Buffer.from([
    ...[spoiling.head ?? 0x31, vrid, priority, spoiling.count ?? addresses.length, 0, 0, 0, 0],
    ...addresses.flatMap(octets),
  ]);
  message.writeUInt16BE(spoiling.centiseconds ?? 10, 4);
  message.writeUInt16BE(internetChecksum(message) ^ (spoiling.wrongChecksum === true ? 0x5555 : 0), 6);
  return toGroup(facts.source, Buffer.concat([message, spoiling.behind ?? Buffer.alloc(0)]), spoiling.ttl);
}

/** One packet for every rung of the reception of version 3; each would win the election if it were believed. */
export function malformedV3(facts: PacketFacts): Buffer[] {
  const spoilings: Spoiling[] = [
    { ttl: 254 },
    { ttl: 1 },
    { head: 0x11 },
    { head: 0xf1 },
    { head: 0x32 },
    { count: 0 },
    { count: 255 },
    { wrongChecksum: true },
    { behind: Buffer.alloc(3) },
    { centiseconds: 0 },
  ];
  const nothing = toGroup(facts.source, Buffer.alloc(0));
  const noAddresses = version3({ ...facts, addresses: [] }, {});
  return [nothing, noAddresses, ...spoilings.map((spoiling) => version3(facts, spoiling))];
}

/** Sound advertisements for an instance that wants signatures (`auth_hmac`): without one, and with made-up ones. */
export function unsignedV3(facts: PacketFacts): Buffer[] {
  const now = Math.floor(Date.now() / 1_000);
  // Type, key, reserved, time of sending, fraction and counter, HMAC.
  const trailer = (seconds: number, key: number, type = 1): Buffer => {
    const time = Buffer.alloc(8);
    time.writeUInt32BE(seconds, 0);
    return Buffer.concat([Buffer.from([type, key, 0, 0]), time, randomBytes(16)]);
  };
  const trailers = [Buffer.alloc(0), trailer(now, 1), trailer(now, 9), trailer(0, 1), trailer(now, 1, 7)];
  return trailers.map((behind) => version3(facts, { behind }));
}
