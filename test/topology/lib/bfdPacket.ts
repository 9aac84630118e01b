/** BFD control packets by hand, as bytes of an IPv4 packet. */

import { octets } from './malformed.js';

/** States of RFC 5880 section 4.1. */
export const TO_US = { adminDown: 0, down: 1, init: 2, up: 3 } as const;

export interface BfdFacts {
  readonly source: string;
  readonly destination: string;
  readonly state: number;
  /** Your Discriminator. */
  readonly yours: number;
  readonly ttl?: number;
  readonly multiplier?: number;
  /** Octets of the control packet that are sent. */
  readonly length?: number;
}

/** A packet with 300 ms both ways and no UDP checksum (RFC 768: 0 = none). */
export function bfdPacket({ source, destination, state, yours, ttl, multiplier, length }: BfdFacts): Buffer {
  const bfd = Buffer.alloc(24);
  bfd[0] = 0x20;
  bfd[1] = state << 6;
  bfd[2] = multiplier ?? 3;
  bfd[3] = 24;
  bfd.writeUInt32BE(0x0bad_cafe, 4);
  bfd.writeUInt32BE(yours, 8);
  bfd.writeUInt32BE(300_000, 12);
  bfd.writeUInt32BE(300_000, 16);
  const body = bfd.subarray(0, length ?? 24);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(50_000, 0);
  udp.writeUInt16BE(3784, 2);
  udp.writeUInt16BE(8 + body.length, 4);
  const ip = Buffer.from([
    ...[0x45, 0xc0, 0, 28 + body.length, 0, 0, 0, 0],
    ...[ttl ?? 255, 17, 0, 0],
    ...octets(source),
    ...octets(destination),
  ]);
  return Buffer.concat([ip, udp, body]);
}
