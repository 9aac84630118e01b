import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { instant, micros, seconds } from '../../../../services/shared/time/duration.js';
import type { Advertisement, AdvertisementV2, DropReason } from '../../../../services/vrrpd/packet/advertisement.js';
import { encodeAdvertisementV2, encodeAdvertisementV3 } from '../../../../services/vrrpd/packet/encode.js';
import {
  type Channel,
  decodeMessage,
  type Expectation,
  type IncomingMessage,
  receiveAdvertisement,
} from '../../../../services/vrrpd/packet/receive.js';
import { address } from '../fsm/support.js';

const SOURCE = address('10.0.0.3');
const GROUP = address('224.0.0.18');
const PASSWORD = Uint8Array.from(Buffer.from('1111\0\0\0\0'));

const plain: AdvertisementV2 = {
  version: 2,
  vrid: 51,
  priority: 150,
  interval: seconds(1),
  addresses: Uint8Array.of(10, 0, 0, 100, 10, 0, 0, 101),
  authType: 1,
  authData: PASSWORD,
};

const expectation: Expectation = {
  version: 2,
  owner: false,
  auth: { type: 'pass', data: PASSWORD },
  interval: seconds(1),
  addresses: plain.addresses,
  dropOtherAddresses: true,
  trailer: undefined,
  peers: undefined,
  trustsAddressesOf: () => false,
};

const MULTICAST: Channel = { family: 4, unicast: false };
const MULTICAST6: Channel = { family: 6, unicast: false };

const message = (payload: Uint8Array, ttl = 255): IncomingMessage => ({
  payload,
  source: SOURCE,
  destination: GROUP,
  ttl,
  ipHeader: new Uint8Array(0),
  protocol: 112,
  receivedAt: instant(0),
});

/** What a message says, or why it says nothing. */
function decodeAdvertisement(incoming: IncomingMessage, channel: Channel): Advertisement | DropReason {
  const decoded = decodeMessage(incoming, channel);
  return typeof decoded === 'string' ? decoded : decoded.advertisement;
}

const receive = (incoming: IncomingMessage, expected: Partial<Expectation> = {}) =>
  receiveAdvertisement(incoming, MULTICAST, (vrid) => (vrid === 51 ? { ...expectation, ...expected } : undefined));

/** The advertisement with one octet changed and the checksum made right again. */
function altered(offset: number, value: number): Uint8Array {
  const bytes = encodeAdvertisementV2(plain);
  bytes[offset] = value;
  bytes[6] = 0;
  bytes[7] = 0;
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  sum = (sum & 0xffff) + (sum >> 16);
  bytes[6] = (~sum >> 8) & 0xff;
  bytes[7] = ~sum & 0xff;
  return bytes;
}

describe('reception ladder', () => {
  const good = encodeAdvertisementV2(plain);

  it('takes a sound advertisement', () => {
    const outcome = receive(message(good));
    assert.ok('advertisement' in outcome);
    assert.deepEqual(outcome.advertisement, plain);
    assert.equal(outcome.sameAddresses, true);
  });

  const rungs: readonly (readonly [string, DropReason, IncomingMessage, Partial<Expectation>?])[] = [
    ['TTL 254', 'ttl', message(good, 254)],
    ['nothing at all', 'length', message(new Uint8Array(0))],
    ['seven octets', 'length', message(good.subarray(0, 7))],
    ['cut off in the authentication data', 'length', message(good.subarray(0, good.length - 1))],
    ['more octets than the count says', 'length', message(Uint8Array.of(...good, 0))],
    ['a count that does not fit', 'length', message(altered(3, 3))],
    ['version 1', 'version', message(altered(0, 0x11))],
    ['version 4', 'version', message(altered(0, 0x41))],
    ['a version 3 router', 'version', message(good), { version: 3 }],
    ['type 2', 'type', message(altered(0, 0x22))],
    [
      'one bit changed on the way',
      'checksum',
      message(Uint8Array.from(good, (byte, at) => (at === 2 ? byte ^ 1 : byte))),
    ],
    ['VRID nobody has', 'vrid', message(altered(1, 52))],
    ['no authentication', 'auth-type', message(altered(4, 0))],
    ['AH', 'auth-type', message(altered(4, 2))],
    ['authentication nobody asked for', 'auth-type', message(good), { auth: { type: 'none' } }],
    ['another password', 'auth-data', message(altered(good.length - 8, 0x32))],
    ['a longer password with the same beginning', 'auth-data', message(altered(good.length - 1, 0x31))],
    ['interval 2 s', 'interval', message(altered(5, 2))],
    ['another address', 'address-list', message(altered(11, 99))],
  ];
  for (const [title, reason, incoming, expected] of rungs) {
    it(`drops ${title}: ${reason}`, () => {
      const outcome = receive(incoming, expected);
      assert.equal('reason' in outcome ? outcome.reason : 'taken', reason);
    });
  }

  it('finds the first reason when there are several', () => {
    const bad = altered(0, 0x42);
    bad[6] = 0;
    assert.deepEqual(receive(message(bad, 1)), { reason: 'ttl', expectation: undefined });
    assert.deepEqual(receive(message(bad)), { reason: 'version', expectation: undefined });
  });

  it('says of a sound advertisement that it challenges an owner, and of a wrong one what is wrong', () => {
    const outcome = receive(message(good), { owner: true });
    assert.ok('advertisement' in outcome && outcome.challengesOwner);
    const wrong = receive(message(altered(4, 0)), { owner: true });
    assert.equal('reason' in wrong ? wrong.reason : 'taken', 'auth-type');
  });

  it('follows another address list when told to, and says so', () => {
    const outcome = receive(message(altered(11, 99)), { dropOtherAddresses: false });
    assert.ok('advertisement' in outcome);
    assert.equal(outcome.sameAddresses, false);
  });

  it('does not mind the order of addresses', () => {
    const swapped = encodeAdvertisementV2({ ...plain, addresses: Uint8Array.of(10, 0, 0, 101, 10, 0, 0, 100) });
    const outcome = receive(message(swapped));
    assert.ok('advertisement' in outcome && outcome.sameAddresses);
  });

  it('takes other addresses from the owner (RFC 3768 7.1)', () => {
    const owner = encodeAdvertisementV2({ ...plain, priority: 255, addresses: Uint8Array.of(10, 0, 0, 7) });
    assert.ok('advertisement' in receive(message(owner)));
  });

  it('takes a version 3 checksum with and without the pseudo-header over IPv4, but only with it over IPv6', () => {
    const v3 = { version: 3, vrid: 51, priority: 9, interval: micros(10_000), addresses: plain.addresses } as const;
    for (const checksum of [
      { over: 'message' },
      { over: 'pseudo-header', source: SOURCE, destination: GROUP },
    ] as const) {
      assert.deepEqual(decodeAdvertisement(message(encodeAdvertisementV3(v3, 4, checksum)), MULTICAST), v3);
    }
    const ip6 = { source: address('fe80::3'), destination: address('ff02::12') };
    const addresses = address('fe80::100');
    const without = encodeAdvertisementV3({ ...v3, addresses }, 6, { over: 'message' });
    assert.equal(decodeAdvertisement({ ...message(without), ...ip6 }, MULTICAST6), 'checksum');
    const with6 = encodeAdvertisementV3({ ...v3, addresses }, 6, { over: 'pseudo-header', ...ip6 });
    assert.deepEqual(decodeAdvertisement({ ...message(with6), ...ip6 }, MULTICAST6), { ...v3, addresses });
  });

  it('does not take version 2 over IPv6', () => {
    assert.equal(decodeAdvertisement(message(good), MULTICAST6), 'version');
  });
});

const octet = fc.integer({ min: 0, max: 255 });
const addresses = (size: number) =>
  fc
    .array(fc.uint8Array({ minLength: size, maxLength: size }), { maxLength: 255 })
    .map((list) => Uint8Array.from(list.flatMap((one) => [...one])));

describe('codec properties', () => {
  it('decodes what it encoded, version 2', () => {
    fc.assert(
      fc.property(
        fc.record({
          version: fc.constant(2 as const),
          vrid: octet,
          priority: octet,
          interval: octet.map((s) => seconds(s)),
          addresses: addresses(4),
          authType: octet,
          authData: fc.uint8Array({ minLength: 8, maxLength: 8 }),
        }),
        (advertisement) => {
          const bytes = encodeAdvertisementV2(advertisement);
          assert.deepEqual(decodeAdvertisement(message(bytes), MULTICAST), { ...advertisement });
        },
      ),
    );
  });

  it('decodes what it encoded, version 3, both families', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(4 as const, 6 as const).chain((family) =>
          fc.record({
            family: fc.constant(family),
            source: fc.uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 }),
            destination: fc.uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 }),
            advertisement: fc.record({
              version: fc.constant(3 as const),
              vrid: octet,
              priority: octet,
              interval: fc.integer({ min: 1, max: 4095 }).map((cs) => micros(cs * 10_000)),
              addresses: addresses(family === 4 ? 4 : 16),
            }),
          }),
        ),
        ({ family, source, destination, advertisement }) => {
          const payload = encodeAdvertisementV3(advertisement, family, { over: 'pseudo-header', source, destination });
          const decoded = decodeAdvertisement({ ...message(payload), source, destination }, { family, unicast: false });
          assert.deepEqual(decoded, { ...advertisement });
        },
      ),
    );
  });

  it('finds any single changed octet', () => {
    const good = encodeAdvertisementV2(plain);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (offset, change) => {
        const bad = Uint8Array.from(good, (byte, index) => (index === offset ? byte ^ change : byte));
        assert.equal(typeof decodeAdvertisement(message(bad), MULTICAST), 'string');
      }),
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1500 }),
        octet,
        fc.constantFrom(4 as const, 6 as const),
        (bytes, ttl, family) => {
          const outcome = receiveAdvertisement(message(bytes, ttl), { family, unicast: false }, () => expectation);
          assert.ok('reason' in outcome || 'advertisement' in outcome);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never throws on garbage behind a sound beginning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), octet, (rest, count) => {
        const bytes = Uint8Array.of(0x21, 51, 100, count, 1, 1, 0, 0, ...rest);
        const outcome = receiveAdvertisement(message(bytes), MULTICAST, () => expectation);
        assert.ok('reason' in outcome || 'advertisement' in outcome);
      }),
      { numRuns: 2000 },
    );
  });
});
