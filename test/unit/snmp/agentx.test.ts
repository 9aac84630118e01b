import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePdu, PduError } from '../../../services/snmp/agentx/decode.js';
import { encodePdu } from '../../../services/snmp/agentx/encode.js';
import { parseEndpoint } from '../../../services/snmp/agentx/endpoint.js';
import { Framer } from '../../../services/snmp/agentx/framer.js';
import { parseOid } from '../../../services/snmp/agentx/oid.js';
import { counter64, gauge32, integer, octets, oidValue, text } from '../../../services/snmp/agentx/value.js';

const hex = (bytes: Buffer): string => bytes.toString('hex').replace(/(.{8})(?=.)/g, '$1 ');
const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const IDS = { session: 7, transaction: 8, packet: 9 };

test('messages of a sub-agent, byte by byte (RFC 2741, 6)', () => {
  assert.equal(
    hex(encodePdu({ ...IDS, kind: 'open', timeoutSeconds: 10, description: 'Keepwatch' })),
    '01011000 00000007 00000008 00000009 00000018 0a000000 00000000 00000009 4b656570 77617463 68000000',
  );
  assert.equal(
    hex(
      encodePdu({
        ...IDS,
        kind: 'register',
        subtree: parseOid('1.3.6.1.4.1.9586.100.5'),
        timeoutSeconds: 5,
        priority: 127,
      }),
    ),
    '01031000 00000007 00000008 00000009 00000018 057f0000 04040000 00000001 00002572 00000064 00000005',
  );
  const varbinds = [
    { oid: parseOid('1.3.6.1.2.1.1'), value: integer(-2) },
    { oid: [2, 5], value: octets(Uint8Array.of(10, 200, 0, 1)) },
    { oid: [1, 3, 6, 1, 4], value: counter64(2n ** 40n) },
    { oid: [], value: oidValue([1, 3, 6, 1, 300]) },
    { oid: [1], value: { type: 'noSuchObject' } as const },
  ];
  assert.equal(
    hex(encodePdu({ ...IDS, kind: 'response', error: 'notWritable', index: 2, varbinds })),
    [
      '01121000 00000007 00000008 00000009 00000070',
      '00000000 00110002',
      '00020000 02020000 00000001 00000001 fffffffe',
      '00040000 02000000 00000002 00000005 00000004 0ac80001',
      '00460000 00040000 00000100 00000000',
      '00060000 00000000 05000000 00000001 00000003 00000006 00000001 0000012c',
      '00800000 01000000 00000001',
    ].join(' '),
  );
});

test('messages of a master, in either byte order', () => {
  const ranges = [
    { start: parseOid('1.3.6.1.2.1.1'), include: true, end: parseOid('1.3.6.1.2.1.2') },
    { start: [1, 3], include: false, end: undefined },
  ];
  const big =
    '01071000 00000007 00000008 00000009 0000002c 00010014 02020100 00000001 00000001 02020000 00000001 00000002 02000000 00000001 00000003 00000000';
  const request = decodePdu(bytes(big));
  assert.deepEqual(request, { ...IDS, kind: 'getBulk', nonRepeaters: 1, maxRepetitions: 20, ranges });
  const little =
    '01070000 07000000 08000000 09000000 2c000000 01001400 02020100 01000000 01000000 02020000 01000000 02000000 02000000 01000000 03000000 00000000';
  assert.deepEqual(decodePdu(bytes(little)), request);
  assert.deepEqual(decodePdu(bytes('01021000 00000007 00000008 00000009 00000004 05000000')), {
    ...IDS,
    kind: 'close',
    reason: 5,
  });
});

test('a set carries negative numbers and bytes as they are', () => {
  const set =
    '01081000 00000007 00000008 00000009 00000024 00020000 01000000 00000001 fffffff6 00040000 01000000 00000002 00000003 ff00fe00';
  assert.deepEqual(decodePdu(bytes(set)), {
    ...IDS,
    kind: 'testSet',
    varbinds: [
      { oid: [1], value: integer(-10) },
      { oid: [2], value: octets(Buffer.from([0xff, 0, 0xfe])) },
    ],
  });
});

test('messages are found however the bytes are cut', () => {
  const whole = [1, 2, 3].map((packet) =>
    encodePdu({ ...IDS, packet, kind: 'notify', varbinds: [{ oid: [1, packet], value: text('x'.repeat(packet)) }] }),
  );
  fc.assert(
    fc.property(fc.array(fc.nat({ max: Buffer.concat(whole).length }), { maxLength: 8 }), (cuts) => {
      const all = Buffer.concat(whole);
      const framer = new Framer();
      const places = [0, ...cuts.sort((a, b) => a - b), all.length];
      const found = places.slice(1).flatMap((end, index) => framer.push(all.subarray(places[index], end)));
      assert.deepEqual(found.map(hex), whole.map(hex));
    }),
  );
});

test('whatever comes, it is a message or a PduError', () => {
  const judge = (input: Uint8Array): void => {
    try {
      for (const message of new Framer().push(Buffer.from(input))) decodePdu(message);
    } catch (error) {
      assert.ok(error instanceof PduError, String(error));
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), judge));
  // With a header that is right.
  fc.assert(
    fc.property(fc.nat({ max: 18 }), fc.uint8Array({ minLength: 60, maxLength: 60 }), (type, payload) => {
      const header = bytes('01001000 00000007 00000008 00000009 0000003c');
      header[1] = type;
      judge(Buffer.concat([header, payload]));
    }),
  );
  assert.throws(() => new Framer().push(bytes('02011000 00000007 00000008 00000009 00000000')), /version 2/);
  assert.throws(() => new Framer().push(bytes('01011000 00000007 00000008 00000009 7fffffff')), PduError);
});

test('values that are too large wrap as counters do, or stay at the most', () => {
  assert.deepEqual(gauge32(2 ** 33), { type: 'gauge32', value: 0xffff_ffff });
  assert.deepEqual(counter64(2n ** 64n + 5n), { type: 'counter64', value: 5n });
});

test('where a master agent is', () => {
  assert.deepEqual(parseEndpoint('unix:/var/agentx/master'), { kind: 'unix', path: '/var/agentx/master' });
  assert.deepEqual(parseEndpoint('/run/agentx'), { kind: 'unix', path: '/run/agentx' });
  assert.deepEqual(parseEndpoint('tcp:127.0.0.1:1705'), { kind: 'tcp', host: '127.0.0.1', port: 1705 });
  assert.deepEqual(parseEndpoint('tcp:master'), { kind: 'tcp', host: 'master', port: 705 });
  assert.deepEqual(parseEndpoint('tcp6:[::1]:705'), { kind: 'tcp', host: '::1', port: 705 });
  for (const bad of ['udp:1.2.3.4:705', 'tcp:', 'tcp:host:0', 'tcp:host:70000'])
    assert.ok('problem' in parseEndpoint(bad), bad);
});
