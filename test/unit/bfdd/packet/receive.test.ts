import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SESSION_STATES } from '../../../../services/bfdd/packet/controlPacket.js';
import { encodeControlPacket } from '../../../../services/bfdd/packet/encode.js';
import { decodeControlPacket, hopsAcceptable } from '../../../../services/bfdd/packet/receive.js';
import { micros } from '../../../../services/shared/time/duration.js';
import { packetOf } from '../fsm/support.js';

const good = encodeControlPacket(packetOf('up'));

/** The packet with some octets replaced. */
const changed = (...changes: readonly (readonly [offset: number, value: number])[]): Buffer => {
  const bytes = Buffer.from(good);
  for (const [offset, value] of changes) bytes[offset] = value;
  return bytes;
};

const dropped = (bytes: Uint8Array): string => {
  const received = decodeControlPacket(bytes);
  return received.ok ? 'taken' : received.reason;
};

describe('RFC 5880 6.8.6: the ladder of reception', () => {
  const rows: readonly (readonly [title: string, bytes: Uint8Array, outcome: string])[] = [
    ['a sound packet', good, 'taken'],
    ['nothing', Buffer.alloc(0), 'short'],
    ['one octet less than the mandatory section', good.subarray(0, 23), 'short'],
    ['"If the version number is not correct (1), the packet MUST be discarded": 0', changed([0, 0x00]), 'version'],
    ['version 2', changed([0, 0x40]), 'version'],
    [
      '"If the Length field is less than the minimum correct value (24 if the A bit is clear"',
      changed([3, 23]),
      'length',
    ],
    ['"… or 26 if the A bit is set"', changed([1, 0xc4], [3, 25]), 'length'],
    ['"If the Length field is greater than the payload of the encapsulating protocol"', changed([3, 25]), 'length'],
    ['"If the Detect Mult field is zero"', changed([2, 0]), 'detect-multiplier'],
    ['"If the Multipoint (M) bit is nonzero"', changed([1, 0xc1]), 'multipoint'],
    ['"If the My Discriminator field is zero"', changed([4, 0], [5, 0], [6, 0], [7, 0]), 'my-discriminator'],
    [
      '"If the Your Discriminator field is zero and the State field is not Down or AdminDown": Up',
      changed([8, 0], [9, 0], [10, 0], [11, 0]),
      'your-discriminator',
    ],
    ['Init without it', changed([1, 0x80], [8, 0], [9, 0], [10, 0], [11, 0]), 'your-discriminator'],
    ['Down without it', changed([1, 0x40], [8, 0], [9, 0], [10, 0], [11, 0]), 'taken'],
    ['AdminDown without it', changed([1, 0x00], [8, 0], [9, 0], [10, 0], [11, 0]), 'taken'],
    ['octets behind the length', Buffer.concat([good, Buffer.from('more')]), 'taken'],
  ];
  for (const [title, bytes, outcome] of rows) it(`${title}: ${outcome}`, () => assert.equal(dropped(bytes), outcome));

  it('tells of an authentication section, which no session of ours uses', () => {
    const bytes = Buffer.concat([changed([1, 0xc4], [3, 26]), Buffer.from([1, 2])]);
    const received = decodeControlPacket(bytes);
    assert.ok(received.ok && received.authenticated);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const received = decodeControlPacket(bytes);
        assert.ok(received.ok || received.reason.length > 0);
      }),
      { numRuns: 3000 },
    );
  });

  it('never throws on garbage behind a sound beginning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 21, maxLength: 60 }), fc.nat(255), (rest, flags) => {
        const received = decodeControlPacket(Uint8Array.of(0x20, flags, 3, ...rest));
        assert.ok(received.ok || received.reason.length > 0);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads what it writes', () => {
    const number = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const packets = fc.record({
      diagnostic: fc.nat(31),
      state: fc.constantFrom(...SESSION_STATES),
      poll: fc.boolean(),
      final: fc.boolean(),
      controlPlaneIndependent: fc.boolean(),
      demand: fc.boolean(),
      detectMultiplier: fc.integer({ min: 1, max: 255 }),
      myDiscriminator: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      yourDiscriminator: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      desiredMinTx: number.map(micros),
      requiredMinRx: number.map(micros),
      requiredMinEchoRx: number.map(micros),
    });
    fc.assert(
      fc.property(packets, (packet) => {
        assert.deepEqual(decodeControlPacket(encodeControlPacket(packet)), {
          ok: true,
          authenticated: false,
          packet: { ...packet },
        });
      }),
    );
  });
});

describe('RFC 5881 5 (GTSM): how far a packet may have come', () => {
  const rows: readonly (readonly [title: string, ttl: number, sent: number, maxHops: number, taken: boolean])[] = [
    ['255 from a neighbour', 255, 255, 0, true],
    ['254: it came over a router', 254, 255, 0, false],
    ['one hop allowed', 254, 255, 1, true],
    ['two hops where one is allowed', 253, 255, 1, false],
    ['255 turns the check off', 1, 255, 255, true],
    ['the hop limit of keepalived over IPv6', 64, 64, 0, true],
    ['more than expected came from nearby', 255, 64, 0, true],
    ['less than it is sent with', 63, 64, 0, false],
  ];
  for (const [title, ttl, sent, maxHops, taken] of rows) {
    it(title, () => assert.equal(hopsAcceptable(ttl, { neighborTtl: sent, maxHops }), taken));
  }
});
