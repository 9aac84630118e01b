import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  compareIpBytes,
  formatIpAddress,
  formatIpBytes,
  isLinkLocal,
  isMulticast,
  parseIpAddress,
} from '../../../../services/shared/net/address.js';

const parsed = (text: string) => {
  const address = parseIpAddress(text);
  assert.ok(address, `${text} is an address`);
  return address;
};

describe('parseIpAddress', () => {
  for (const [text, canonical] of [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ] as const) {
    it(`reads ${text} as ${canonical}`, () => assert.equal(formatIpAddress(parsed(text)), canonical));
  }

  for (const text of [
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '1.2.3.',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '',
    '0x1.2.3.4',
    '1.2.3.-4',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'g::1',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseIpAddress(text), undefined));
  }

  it('reads back what it writes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (value) => {
        const text = formatIpBytes(value);
        assert.deepEqual(parsed(text).bytes, value);
      }),
    );
  });

  it('agrees with node:net about what an address is, zones aside', () => {
    const alphabet = fc.constantFrom(...'0123456789abcf:.'.split(''));
    const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: alphabet, maxLength: 40 }));
    fc.assert(fc.property(text, (value) => assert.equal(parseIpAddress(value)?.family ?? 0, isIP(value))));
  });
});

describe('compareIpBytes', () => {
  it('orders as unsigned integers, so 10.0.0.200 beats 10.0.0.9', () => {
    assert.ok(compareIpBytes(parsed('10.0.0.200').bytes, parsed('10.0.0.9').bytes) > 0);
    assert.ok(compareIpBytes(parsed('9.255.255.255').bytes, parsed('10.0.0.0').bytes) < 0);
    assert.equal(compareIpBytes(parsed('fe80::1').bytes, parsed('fe80::1').bytes), 0);
  });
});

describe('address classes', () => {
  it('knows multicast', () => {
    for (const text of ['224.0.0.18', '239.255.255.255', 'ff02::12']) assert.ok(isMulticast(parsed(text)), text);
    for (const text of ['223.255.255.255', '240.0.0.1', 'fe80::1']) assert.ok(!isMulticast(parsed(text)), text);
  });

  it('knows link-local', () => {
    for (const text of ['fe80::1', 'febf::1', '169.254.1.1']) assert.ok(isLinkLocal(parsed(text)), text);
    for (const text of ['fec0::1', '169.253.1.1', '2001:db8::1']) assert.ok(!isLinkLocal(parsed(text)), text);
  });
});

describe('formatIpBytes', () => {
  it('refuses other lengths', () => assert.throws(() => formatIpBytes(new Uint8Array(5)), RangeError));
});
