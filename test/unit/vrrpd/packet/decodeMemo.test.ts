import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { instant, seconds } from '../../../../services/shared/time/duration.js';
import { DecodeMemo } from '../../../../services/vrrpd/packet/decodeMemo.js';
import { encodeAdvertisementV2, encodeAdvertisementV3 } from '../../../../services/vrrpd/packet/encode.js';
import { type Channel, decodeMessage, type IncomingMessage } from '../../../../services/vrrpd/packet/receive.js';
import { address } from '../fsm/support.js';

const SOURCES = [address('10.0.0.3'), address('10.0.0.4')];
const GROUP = address('224.0.0.18');
const CHANNEL: Channel = { family: 4, unicast: false };

const said = fc
  .record({
    version: fc.constantFrom(2 as const, 3 as const),
    vrid: fc.constantFrom(1, 2),
    priority: fc.constantFrom(0, 100, 255),
    last: fc.constantFrom(7, 8),
    source: fc.constantFrom(...SOURCES),
    ttl: fc.constantFrom(255, 254),
    flipped: fc.option(fc.nat(19), { freq: 4 }),
  })
  .map(({ version, vrid, priority, last, source, ttl, flipped }): IncomingMessage => {
    const common = { vrid, priority, interval: seconds(1), addresses: Uint8Array.of(10, 0, 0, last) };
    const payload =
      version === 2
        ? encodeAdvertisementV2({ version, ...common, authType: 0, authData: new Uint8Array(8) })
        : encodeAdvertisementV3({ version, ...common }, 4, { over: 'pseudo-header', source, destination: GROUP });
    const place = flipped === null ? undefined : flipped % payload.length;
    if (place !== undefined) payload[place] = (payload[place] ?? 0) ^ 1;
    const ipHeader = new Uint8Array(20);
    return { payload, source, destination: GROUP, ttl, ipHeader, protocol: 112, receivedAt: instant(0) };
  });

describe('remembering what a master says', () => {
  it('decodes everything as it would be decoded alone, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), (messages) => {
        const memo = new DecodeMemo(CHANNEL);
        for (const message of messages) assert.deepEqual(memo.decode(message), decodeMessage(message, CHANNEL));
      }),
    );
  });

  it('looks once at what is said again, and lends no bytes of it', () => {
    const memo = new DecodeMemo(CHANNEL);
    const [message] = fc.sample(
      said.filter((one) => typeof decodeMessage(one, CHANNEL) !== 'string'),
      1,
    );
    assert.ok(message);
    const first = memo.decode(message);
    assert.equal(memo.decode({ ...message, payload: Uint8Array.from(message.payload) }), first);
    const before = structuredClone(first);
    // The receive buffer is used for the next packet.
    message.payload.fill(0xff);
    assert.deepEqual(first, before);
  });
});
