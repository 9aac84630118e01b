import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { instant, micros, seconds } from '../../../../services/shared/time/duration.js';
import { keyedHash } from '../../../../services/vrrpd/keyedHash.js';
import type { DropReason } from '../../../../services/vrrpd/packet/advertisement.js';
import {
  checkValueIsRight,
  openAdvertisement,
  sealAdvertisement,
} from '../../../../services/vrrpd/packet/authenticationHeader.js';
import { encodeAdvertisementV2, encodeAdvertisementV3, withTrailer } from '../../../../services/vrrpd/packet/encode.js';
import {
  type ExpectedTrailer,
  hmacTrailer,
  type TrailerContext,
  TrailerSequence,
} from '../../../../services/vrrpd/packet/hmacTrailer.js';
import {
  type Channel,
  type Expectation,
  type ExpectedPeers,
  type IncomingMessage,
  receiveAdvertisement,
} from '../../../../services/vrrpd/packet/receive.js';
import { ReplayGuard } from '../../../../services/vrrpd/packet/replayGuard.js';
import { hex } from '../../../golden/vrrpd/packets.js';
import { address } from '../fsm/support.js';

const MULTICAST: Channel = { family: 4, unicast: false };
const UNICAST: Channel = { family: 4, unicast: true };
const GROUP = address('224.0.0.18');
const OTHER = address('10.77.0.1');
const OWN = address('10.77.0.2');

const PLAIN: Expectation = {
  version: 2,
  owner: false,
  auth: { type: 'none' },
  trailer: undefined,
  peers: undefined,
  interval: seconds(1),
  addresses: address('10.77.0.9'),
  dropOtherAddresses: false,
  trustsAddressesOf: () => false,
};

const incoming = (payload: Uint8Array, changes: Partial<IncomingMessage> = {}): IncomingMessage => ({
  payload,
  source: OTHER,
  destination: GROUP,
  ttl: 255,
  ipHeader: new Uint8Array(0),
  protocol: 112,
  receivedAt: instant(0),
  ...changes,
});

const verdict = (message: IncomingMessage, channel: Channel, expected: Partial<Expectation>): DropReason | 'taken' => {
  const outcome = receiveAdvertisement(message, channel, () => ({ ...PLAIN, ...expected }));
  return 'reason' in outcome ? outcome.reason : 'taken';
};

const v2 = (changes: Partial<Parameters<typeof encodeAdvertisementV2>[0]> = {}): Uint8Array =>
  encodeAdvertisementV2({
    version: 2,
    vrid: 5,
    priority: 100,
    interval: seconds(1),
    addresses: address('10.77.0.9'),
    authType: 0,
    authData: new Uint8Array(8),
    ...changes,
  });

const v3 = (changes: Partial<Parameters<typeof encodeAdvertisementV3>[0]> = {}) =>
  ({ version: 3, vrid: 5, priority: 100, interval: seconds(1), addresses: address('10.77.0.9'), ...changes }) as const;

describe('unicast', () => {
  const peers: ExpectedPeers = {
    only: true,
    range: (source) => (source.join('.') === '10.77.0.1' ? { minTtl: 60, maxTtl: 64 } : undefined),
    oldChecksumGroup: GROUP,
  };
  const unicast = (changes: Partial<IncomingMessage> = {}) => incoming(v2(), { destination: OWN, ttl: 62, ...changes });

  it('takes what comes from a peer with a TTL within its bounds', () => {
    assert.equal(verdict(unicast(), UNICAST, { peers }), 'taken');
    assert.equal(verdict(unicast({ ttl: 60 }), UNICAST, { peers }), 'taken');
    assert.equal(verdict(unicast({ ttl: 64 }), UNICAST, { peers }), 'taken');
  });

  it('drops what came from further away, or from nearer', () => {
    assert.equal(verdict(unicast({ ttl: 59 }), UNICAST, { peers }), 'ttl');
    assert.equal(verdict(unicast({ ttl: 255 }), UNICAST, { peers }), 'ttl');
  });

  it('drops strangers only when told to', () => {
    const stranger = { source: address('10.77.0.3') };
    assert.equal(verdict(unicast(stranger), UNICAST, { peers }), 'unicast-source');
    assert.equal(verdict(unicast(stranger), UNICAST, { peers: { ...peers, only: false } }), 'taken');
  });

  it('takes the checksum of keepalived until 1.3.6 where that is allowed, and says so', () => {
    const old = encodeAdvertisementV3(v3(), 4, { over: 'pseudo-header', source: OTHER, destination: GROUP });
    const message = incoming(old, { destination: OWN, ttl: 62 });
    const outcome = receiveAdvertisement(message, UNICAST, () => ({ ...PLAIN, version: 3, peers }));
    assert.ok('advertisement' in outcome && outcome.oldChecksum);
    const never = { ...peers, oldChecksumGroup: undefined };
    assert.equal(verdict(message, UNICAST, { version: 3, peers: never }), 'checksum');
    const wrong = Uint8Array.from(old, (byte, at) => (at === 6 ? byte ^ 1 : byte));
    assert.equal(verdict(incoming(wrong, { destination: OWN, ttl: 62 }), UNICAST, { version: 3, peers }), 'checksum');
  });
});

describe('version 3', () => {
  it('does not believe an interval of 0, which would let every backup take over', () => {
    const bytes = encodeAdvertisementV3(v3({ interval: micros(0) }), 4, { over: 'message' });
    assert.equal(verdict(incoming(bytes), MULTICAST, { version: 3 }), 'interval');
  });

  it('compares addresses unless the sender is known for the same ones', () => {
    const bytes = encodeAdvertisementV3(v3({ addresses: address('10.77.0.8') }), 4, { over: 'message' });
    const judge = (trusts: boolean) => {
      const expected = { ...PLAIN, version: 3 as const, trustsAddressesOf: () => trusts };
      const outcome = receiveAdvertisement(incoming(bytes), MULTICAST, () => expected);
      assert.ok('advertisement' in outcome);
      return outcome.sameAddresses;
    };
    assert.deepEqual([judge(false), judge(true)], [false, true]);
  });
});

describe('the Authentication Header', () => {
  const hash = keyedHash('md5', Buffer.from('secret12'));
  const advertisement = v2({ authType: 2 });
  const by = { hash, source: OTHER, destination: GROUP, identification: 1, ttl: 255, sequence: 1 } as const;
  const ipHeader = (length: number, identification = 1, ttl = 255, destination = GROUP): Uint8Array => {
    const header = Buffer.from(hex('45 c0 00 00  00 00 00 00  00 33 00 00'));
    header.writeUInt16BE(20 + length, 2);
    header.writeUInt16BE(identification, 4);
    header[8] = ttl;
    header.writeUInt16BE(0x1234, 10);
    return Uint8Array.from([...header, ...OTHER, ...destination]);
  };
  const guard = () => new ReplayGuard({ bits: 32, forgetAfter: seconds(3) });
  const sealed = (sequence: number): IncomingMessage => {
    const payload = sealAdvertisement(advertisement, { ...by, sequence });
    return incoming(payload, { protocol: 51, ipHeader: ipHeader(payload.length) });
  };

  // Two packets of keepalived 2.2.7, to its multicast group and to a peer with unicast_ttl 77.
  it('is the one of keepalived to a multicast group, with the TTL in the check value', () => {
    const packet = hex(`70 04 00 00  0a 4d 00 01  00 00 00 01  72 91 50 0a d3 c7 df 05 f2 5d bf 2a
      21 05 64 01  02 01 6e a2  0a 4d 00 09  00 00 00 00 00 00 00 00`);
    assert.deepEqual(sealAdvertisement(advertisement, by), packet);
    assert.ok(checkValueIsRight(ipHeader(packet.length), packet, hash));
  });

  it('is the one of keepalived to a peer, without the TTL', () => {
    const packet = hex(`70 04 00 00  0a 4d 00 01  00 00 00 01  10 a0 ba f7 ca 28 f5 f8 fb e7 06 42
      21 08 64 01  02 01 6e 9d  0a 4d 00 0b  00 00 00 00 00 00 00 00`);
    const toPeer = v2({ authType: 2, vrid: 8, addresses: address('10.77.0.11') });
    assert.deepEqual(sealAdvertisement(toPeer, { ...by, destination: OWN, ttl: 0 }), packet);
    assert.ok(checkValueIsRight(ipHeader(packet.length, 1, 77, OWN), packet, hash));
  });

  it('is taken with the TTL left out of the check value too, as RFC 2402 has it', () => {
    const packet = sealAdvertisement(advertisement, { ...by, ttl: 0 });
    assert.ok(checkValueIsRight(ipHeader(packet.length), packet, hash));
  });

  it('opens what it sealed', () => {
    const opened = openAdvertisement(sealAdvertisement(advertisement, { ...by, sequence: 0xffff_fffe }));
    assert.deepEqual(opened, { sequence: 0xffff_fffe, advertisement });
  });

  it('proves every octet of the packet', () => {
    const good = sealed(7);
    const whole = [...good.ipHeader, ...good.payload];
    const mutable = new Set([1, 6, 7, 10, 11]);
    for (const at of whole.keys()) {
      // The TTL has a rung of its own, and the length is the kernel's business.
      if (mutable.has(at) || at === 8 || (at >= 32 && at < 44)) continue;
      const bytes = Uint8Array.from(whole, (byte, index) => (index === at ? byte ^ 1 : byte));
      assert.equal(checkValueIsRight(bytes.subarray(0, 20), bytes.subarray(20), hash), false, `octet ${at}`);
    }
  });

  it('is asked for, and nothing else will do', () => {
    const auth = { type: 'ah', hash, guard: guard() } as const;
    assert.equal(verdict(sealed(1), MULTICAST, { auth }), 'taken');
    assert.equal(verdict(incoming(advertisement), MULTICAST, { auth }), 'auth-type');
    assert.equal(verdict(sealed(2), MULTICAST, {}), 'auth-type');
    const other = { ...auth, hash: keyedHash('md5', Buffer.from('another1')) };
    assert.equal(verdict(sealed(3), MULTICAST, { auth: other }), 'ah-value');
    assert.equal(verdict(incoming(new Uint8Array(23), { protocol: 51 }), MULTICAST, { auth }), 'ah-header');
    assert.equal(verdict({ ...sealed(4), ipHeader: new Uint8Array(24) }, MULTICAST, { auth }), 'ah-value');
  });

  it('is not taken twice, nor out of order, unless its sender was silent long enough to have been restarted', () => {
    const auth = { type: 'ah', hash, guard: guard() } as const;
    assert.equal(verdict(sealed(5), MULTICAST, { auth }), 'taken');
    assert.equal(verdict(sealed(5), MULTICAST, { auth }), 'ah-replay');
    assert.equal(verdict(sealed(4), MULTICAST, { auth }), 'ah-replay');
    assert.equal(verdict(sealed(6), MULTICAST, { auth }), 'taken');
    assert.equal(verdict({ ...sealed(1), receivedAt: instant(2_999_999) }, MULTICAST, { auth }), 'ah-replay');
    assert.equal(verdict({ ...sealed(1), receivedAt: instant(3_000_000) }, MULTICAST, { auth }), 'taken');
  });

  it('is counted in a circle, so that 0 follows the last number', () => {
    const auth = { type: 'ah', hash, guard: guard() } as const;
    assert.equal(verdict(sealed(0xffff_ffff), MULTICAST, { auth }), 'taken');
    assert.equal(verdict(sealed(0), MULTICAST, { auth }), 'taken');
    assert.equal(verdict(sealed(0xffff_ffff), MULTICAST, { auth }), 'ah-replay');
  });

  it('with a forged check value does not move the mark', () => {
    const auth = { type: 'ah', hash, guard: guard() } as const;
    const forged = sealed(1000);
    forged.payload[20] = (forged.payload[20] ?? 0) ^ 1;
    assert.equal(verdict(forged, MULTICAST, { auth }), 'ah-value');
    assert.equal(verdict(sealed(1), MULTICAST, { auth }), 'taken');
  });

  it('never throws, whatever comes', () => {
    const auth = { type: 'ah', hash, guard: guard() } as const;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 24 }), (payload, header) => {
        for (const bytes of [payload, Uint8Array.of(112, 4, ...payload)]) {
          const message = incoming(bytes, { protocol: 51, ipHeader: header });
          assert.notEqual(verdict(message, MULTICAST, { auth }), 'taken');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the trailer of auth_hmac', () => {
  // Key, addresses and images of the appendix of draft-cassen-vrrp-auth-hmac.
  const KEY = Uint8Array.from({ length: 32 }, (_, index) => index);
  const key = { id: 1, hash: keyedHash('sha256', KEY) };
  const SENT = 0x6800_0000;
  const SEQUENCE = 0x6800_0000_8000_0000n;
  const IMAGE4 = hex('3133c80100644402c0000264 010100006800000080000000 1b84bc4e8e43892dc6d98448f8ee2265');
  const IMAGE6 = hex(`3133c8010064a2e9 fe800000000000000000000000000100
    010100006800000080000000 c8c56146ebfd66ee10ec4d8186461b78`);
  const context4: TrailerContext = { family: 4, version: 3, vrid: 51, source: address('198.51.100.10') };
  const context6: TrailerContext = { family: 6, version: 3, vrid: 51, source: address('fe80::10') };
  const draft = v3({ vrid: 51, priority: 200, addresses: address('192.0.2.100') });

  const expected = (changes: Partial<ExpectedTrailer> = {}): ExpectedTrailer => ({
    keys: new Map([[1, key.hash]]),
    required: true,
    windowSeconds: 5,
    wallSeconds: () => SENT + 0.5,
    guard: new ReplayGuard({ bits: 64 }),
    ...changes,
  });
  const judge = (image: Uint8Array, trailer: ExpectedTrailer | undefined): DropReason | 'taken' =>
    verdict(incoming(image, { source: context4.source }), MULTICAST, { version: 3, trailer });

  it('over IPv4 is the one of the draft', () => {
    const message = encodeAdvertisementV3(draft, 4, { over: 'message' });
    assert.deepEqual(withTrailer(message, hmacTrailer(message, context4, key, SEQUENCE), undefined), IMAGE4);
  });

  it('over IPv6 is the one of the draft, with a checksum of the whole', () => {
    const pseudo = { source: context6.source, destination: address('fe80::20') };
    const message = encodeAdvertisementV3({ ...draft, addresses: address('fe80::100') }, 6, {
      over: 'pseudo-header',
      ...pseudo,
    });
    assert.deepEqual(withTrailer(message, hmacTrailer(message, context6, key, SEQUENCE), pseudo), IMAGE6);
    const received = incoming(IMAGE6, pseudo);
    const ours = { version: 3, trailer: expected(), addresses: address('fe80::100') } as const;
    assert.equal(verdict(received, { family: 6, unicast: true }, ours), 'taken');
  });

  it('is taken once', () => {
    const trailer = expected();
    assert.equal(judge(IMAGE4, trailer), 'taken');
    assert.equal(judge(IMAGE4, trailer), 'hmac-replay');
  });

  const altered = (at: number): Uint8Array =>
    Uint8Array.from(IMAGE4, (byte, index) => (index === at ? byte ^ 1 : byte));
  const cases: readonly (readonly [string, number, DropReason])[] = [
    ['another type', 12, 'hmac-malformed'],
    ['another key id', 13, 'hmac-key'],
    ['something reserved', 15, 'hmac-malformed'],
    ['another time', 19, 'hmac-value'],
    ['another fraction', 20, 'hmac-value'],
    ['another counter', 23, 'hmac-value'],
    ['another HMAC', 39, 'hmac-value'],
  ];
  for (const [title, at, reason] of cases) {
    it(`with ${title}: ${reason}`, () => assert.equal(judge(altered(at), expected()), reason));
  }

  it('of another sender, or for another priority with a right checksum, is wrong', () => {
    const other = incoming(IMAGE4, { source: OTHER });
    assert.equal(verdict(other, MULTICAST, { version: 3, trailer: expected() }), 'hmac-value');
    const message = encodeAdvertisementV3({ ...draft, priority: 255 }, 4, { over: 'message' });
    assert.equal(judge(Uint8Array.of(...message, ...IMAGE4.subarray(12)), expected()), 'hmac-value');
  });

  it('has to be fresh', () => {
    const at = (seconds: number, windowSeconds?: number) =>
      judge(IMAGE4, {
        ...expected({ wallSeconds: () => SENT + seconds }),
        ...(windowSeconds === undefined ? {} : { windowSeconds }),
      });
    assert.deepEqual(
      [at(5), at(6), at(-5), at(-6), at(60, 60), at(61, 60)],
      ['taken', 'hmac-stale', 'taken', 'hmac-stale', 'taken', 'hmac-stale'],
    );
  });

  it('may be old where only growing numbers are asked for', () => {
    const { windowSeconds: _, ...monotonic } = expected({ wallSeconds: () => SENT + 1e6 });
    assert.equal(judge(IMAGE4, monotonic), 'taken');
    assert.equal(judge(IMAGE4, monotonic), 'hmac-replay');
  });

  it('is needed in mode enforce, welcome in the others, and too long where nobody expects it', () => {
    const unsigned = IMAGE4.subarray(0, 12);
    assert.equal(judge(unsigned, expected()), 'hmac-missing');
    assert.equal(judge(unsigned, expected({ required: false })), 'taken');
    assert.equal(judge(altered(39), expected({ required: false })), 'hmac-value');
    assert.equal(judge(IMAGE4, undefined), 'length');
    assert.equal(judge(IMAGE4.subarray(0, 39), expected()), 'length');
  });

  it('lets a sender whose clock was put right be heard again', () => {
    let clock = SENT;
    const trailer = expected({ wallSeconds: () => clock });
    const send = (sequence: bigint) => {
      const message = encodeAdvertisementV3(draft, 4, { over: 'message' });
      return judge(withTrailer(message, hmacTrailer(message, context4, key, sequence), undefined), trailer);
    };
    assert.equal(send(BigInt(SENT + 4) << 32n), 'taken');
    assert.equal(send(BigInt(SENT) << 32n), 'hmac-replay');
    clock = SENT + 10;
    assert.equal(send(BigInt(SENT + 10) << 32n), 'taken');
  });

  it('proves version 2 as well', () => {
    const message = v2();
    const context: TrailerContext = { family: 4, version: 2, vrid: 5, source: OTHER };
    const signed = withTrailer(message, hmacTrailer(message, context, key, SEQUENCE), undefined);
    assert.equal(verdict(incoming(signed), MULTICAST, { trailer: expected() }), 'taken');
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 28, maxLength: 28 }), (trailer) => {
        assert.notEqual(judge(Uint8Array.of(...IMAGE4.subarray(0, 12), ...trailer), expected()), 'taken');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('sequence numbers of the trailer', () => {
  it('are the time, and always above the last one', () => {
    const sequence = new TrailerSequence();
    assert.equal(sequence.next(0x6800_0000 + 0.5, 5), 0x6800_0000_8000_0000n);
    assert.equal(sequence.next(0x6800_0000 + 0.5, 5), 0x6800_0000_8000_0001n);
    assert.equal(sequence.next(0x6800_0000, 5), 0x6800_0000_8000_0002n);
    assert.equal(sequence.next(0x6800_0001, 5), 0x6800_0001_0000_0000n);
  });

  it('begin anew when the clock is put back further than receivers accept', () => {
    const sequence = new TrailerSequence();
    sequence.next(0x6800_0000 + 3600, 5);
    assert.equal(sequence.next(0x6800_0000, 5), 0x6800_0000_0000_0000n);
    const growing = new TrailerSequence();
    growing.next(0x6800_0000 + 3600, undefined);
    assert.equal(growing.next(0x6800_0000, undefined), (BigInt(0x6800_0000 + 3600) << 32n) + 1n);
  });

  it('go on over the end of their 32 bits of seconds', () => {
    const sequence = new TrailerSequence();
    const guard = new ReplayGuard({ bits: 64 });
    const before = sequence.next(0xffff_ffff, 5);
    const after = sequence.next(0x1_0000_0000, 5);
    assert.equal(after, 0n);
    assert.ok(guard.admits(OTHER, before, instant(0)));
    assert.ok(guard.admits(OTHER, after, instant(0)));
  });
});
