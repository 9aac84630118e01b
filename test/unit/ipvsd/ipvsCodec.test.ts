import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeDestination,
  decodeService,
  decodeVersion,
  encodeDestination,
  encodeService,
} from '../../../services/ipvsd/ipvsCodec.js';
import { attribute, decodeAttributes } from '../../../services/ipvsd/netlinkAttributes.js';
import { FORWARDING, type ServiceKey } from '../../../services/ipvsd/table.js';
import { bytes, destination, settings } from './support.js';

const SKIP = endianness() === 'LE' ? false : 'the golden bytes are those of a little-endian machine';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const https: ServiceKey = { kind: 'address', family: 4, protocol: 6, address: bytes('10.8.0.2'), port: 443 };
const web6: ServiceKey = { kind: 'address', family: 6, protocol: 6, address: bytes('fd00:8::1'), port: 80 };
const mark: ServiceKey = { kind: 'fwmark', family: 4, fwmark: 42 };
/** IP_VS_SVC_F_SCHED2: `-b sh-port`. */
const SH_PORT = 0x10;

// What ipvsadm 1.31 sends for -A -t 10.8.0.2:443 -s rr -p 50 -M 255.255.255.0; -A -t [fd00:8::1]:80 -s wrr -p 360 -M 64;
// -A -f 42 -s sh -b sh-port.
const SENT = [
  {
    key: https,
    settings: { ...settings, scheduler: 'rr', persistenceTimeout: 50, persistencePrefix: 24 },
    payload: `54000180 0600010002000000 0600020006000000 140003000a080002000000000000000000000000 0600040001bb0000
      0700060072720000 0c00070001000000ffffffff 0800080032000000 08000900ffffff00`,
  },
  {
    key: web6,
    settings: { ...settings, scheduler: 'wrr', persistenceTimeout: 360, persistencePrefix: 64 },
    payload: `54000180 060001000a000000 0600020006000000 14000300fd000008000000000000000000000001 0600040000500000
      0800060077727200 0c00070001000000ffffffff 0800080068010000 0800090040000000`,
  },
  {
    key: mark,
    settings: { ...settings, scheduler: 'sh', flags: SH_PORT },
    payload: `38000180 0600010002000000 080005002a000000 0700060073680000 0c00070010000000ffffffff
      0800080000000000 08000900ffffffff`,
  },
];

const STATISTICS = `5c000a00 0800010000000000 0800020000000000 0800030000000000 0c0004000000000000000000
  0c0005000000000000000000 0800060000000000 0800070000000000 0800080000000000 0800090000000000 08000a0000000000
  7c000c00 0c0001000000000000000000 0c0002000000000000000000 0c0003000000000000000000 0c0004000000000000000000
  0c0005000000000000000000 0c0006000000000000000000 0c0007000000000000000000 0c0008000000000000000000
  0c0009000000000000000000 0c000a000000000000000000`;

test('services are encoded as ipvsadm does, byte for byte', { skip: SKIP }, () => {
  for (const { key, settings: wanted, payload } of SENT) assert.deepEqual(encodeService(key, wanted), hex(payload));
});

test('what Linux 6.1 lists is read back as what was asked for', { skip: SKIP }, () => {
  const listed =
    hex(`2c010100 0600010002000000 0600020006000000 140003000a080002000000000000000000000000 0600040001bb0000
    0700060072720000 0c00070003000000ffffffff 0800080032000000 08000900ffffff00 ${STATISTICS}`);
  assert.deepEqual(decodeService(listed), { key: https, settings: SENT[0]?.settings });
  const marked = hex(`10010100 0600010002000000 080005002a000000 0700060073680000 0c00070012000000ffffffff
    0800080000000000 08000900ffffffff ${STATISTICS}`);
  assert.deepEqual(decodeService(marked), { key: mark, settings: SENT[2]?.settings });
});

test('destinations that Linux 6.1 lists are read with their own family', { skip: SKIP }, () => {
  const listed =
    hex(`50010200 140001000a090101000000000000000000000000 0600020001bb0000 0800030003000000 0800040005000000
    05000d0000000000 06000e0000000000 06000f0000000000 0800050064000000 0800060032000000 0800070000000000
    0800080000000000 0800090000000000 06000b0002000000 ${STATISTICS}`);
  const wanted = destination('10.9.1.1', 5, {
    port: 443,
    forwarding: FORWARDING.droute,
    upperThreshold: 100,
    lowerThreshold: 50,
  });
  assert.deepEqual(decodeDestination(listed, 4), wanted);
  const six = hex(`50010200 14000100fd000009000000000000000000000001 060002001f900000 0800030000000000 0800040003000000
    05000d0000000000 06000e0000000000 06000f0000000000 0800050000000000 0800060000000000 0800070000000000
    0800080000000000 0800090000000000 06000b000a000000 ${STATISTICS}`);
  assert.deepEqual(decodeDestination(six, 6), destination('fd00:9::1', 3, { port: 8080 }));
});

test('a destination is encoded with its service’s key and all its settings', { skip: SKIP }, () => {
  const wanted = destination('10.9.1.1', 5, { forwarding: FORWARDING.droute, upperThreshold: 100, lowerThreshold: 50 });
  assert.deepEqual(
    encodeDestination(mark, wanted),
    hex(`14000180 0600010002000000 080005002a000000
      48000280 140001000a090101000000000000000000000000 0600020000500000 06000b0002000000
      0800030003000000 0800040005000000 0800050064000000 0800060032000000`),
  );
});

const keys = fc.oneof(
  fc.record({
    kind: fc.constant('fwmark' as const),
    family: fc.constantFrom(4 as const, 6 as const),
    fwmark: fc.integer({ min: 1, max: 0xffffffff }),
  }),
  fc.constantFrom(4 as const, 6 as const).chain((family) =>
    fc.record({
      kind: fc.constant('address' as const),
      family: fc.constant(family),
      protocol: fc.constantFrom(6, 17, 132),
      address: fc.uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 }),
      port: fc.nat(65535),
    }),
  ),
);

test('every service and destination survives encoding and decoding', () => {
  fc.assert(
    fc.property(
      keys,
      fc.record({
        scheduler: fc.constantFrom('rr', 'wlc', 'mh'),
        flags: fc.constantFrom(0, 4, 8, 16, 32, 60),
        persistenceTimeout: fc.nat(100_000),
        prefix: fc.nat(128),
        persistenceEngine: fc.constantFrom('', 'sip'),
      }),
      fc.record({
        port: fc.nat(65535),
        weight: fc.nat(0x7fffffff),
        forwarding: fc.constantFrom(0, 2, 3),
        upperThreshold: fc.nat(),
        lowerThreshold: fc.nat(),
      }),
      (key, { prefix, ...rest }, more) => {
        const wanted = { ...rest, persistencePrefix: key.family === 4 ? Math.min(prefix, 32) : prefix };
        assert.deepEqual(decodeService(encodeService(key, wanted)), { key: { ...key }, settings: { ...wanted } });
        const server = destination(key.family === 4 ? '10.9.1.1' : 'fd00::1', 1, more);
        const payload = encodeDestination(key, server);
        assert.deepEqual(decodeDestination(payload, key.family), server);
      },
    ),
  );
});

test('garbage is refused, never misread or thrown over', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
      const payload = Buffer.from(garbage);
      decodeService(payload);
      decodeDestination(payload, 4);
      decodeVersion(payload);
      const found = decodeAttributes(payload);
      if (found === undefined) return;
      for (const { payload: inner } of found.values()) assert.ok(inner.length <= payload.length);
    }),
  );
  assert.equal(decodeService(hex('ffff0100')), undefined);
  assert.equal(decodeService(attribute(1, hex('0600010063000000'))), undefined);
});

test('the version of IPVS is three numbers', { skip: SKIP }, () => {
  assert.equal(decodeVersion(hex('0800010001020100')), '1.2.1');
  assert.equal(decodeVersion(Buffer.alloc(0)), undefined);
});
