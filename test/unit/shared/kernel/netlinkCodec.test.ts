import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decodeAcknowledgement,
  decodeAddress,
  decodeAttributes,
  decodeLink,
  decodeMessages,
  encodeAddressAdd,
  encodeAddressDump,
  encodeAddressRemove,
  encodeLinkDump,
  encodeMessage,
  type NetlinkMessage,
} from '../../../../services/shared/kernel/netlinkCodec.js';
import type { AddressSpec } from '../../../../services/shared/kernel/ports.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');

/** Attributes in the order of their types: their order on the wire has no meaning. */
function canonical(message: Buffer, familyHeader: number): unknown {
  const [only] = decodeMessages(message);
  assert.ok(only);
  const attributes = [...decodeAttributes(only.payload, familyHeader)].map(([type, value]) => [
    type,
    value.toString('hex'),
  ]);
  return {
    type: only.type,
    length: message.length,
    header: only.payload.subarray(0, familyHeader).toString('hex'),
    attributes: attributes.sort(([left], [right]) => Number(left) - Number(right)),
  };
}

const recorded = new Map(
  readFileSync(new URL('./rtnetlink.hex', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ') as [string, string]),
);

function fromKernel(name: string): NetlinkMessage {
  const [message] = decodeMessages(hex(recorded.get(name) ?? ''));
  assert.ok(message, `fixture ${name}`);
  return message;
}

const spec = (change: Partial<AddressSpec>): AddressSpec => ({
  ifindex: 3,
  family: 4,
  address: Buffer.from([10, 1, 2, 3]),
  prefixLength: 24,
  ...change,
});

describe('requests, against the bytes that iproute2 6.1 sends', () => {
  it('ip addr add 10.1.2.3/24 brd 10.1.2.255 dev e0 label e0:1 scope link valid_lft 300 preferred_lft 100 noprefixroute', () => {
    const ours = encodeAddressAdd(
      1,
      spec({
        broadcast: Buffer.from([10, 1, 2, 255]),
        label: 'e0:1',
        scope: 253,
        validLifetime: 300,
        preferredLifetime: 100,
        flags: 0x200,
      }),
    );
    const theirs = hex(`
      58000000 1400 0506 01000000 00000000  02 18 00 fd 03000000  0800 0200 0a010203
      0800 0400 0a0102ff  0900 0300 65303a3100000000  0800 0800 00020000  0800 0100 0a010203
      1400 0600 640000002c0100000000000000000000`);
    assert.deepEqual(canonical(ours, 8), canonical(theirs, 8));
    // NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, where ip says NLM_F_EXCL.
    assert.equal(ours.readUInt16LE(6), 0x505);
  });

  it('ip addr add 10.9.0.1 peer 10.9.0.2/32 dev e0', () => {
    const ours = encodeAddressAdd(
      7,
      spec({ address: Buffer.from([10, 9, 0, 1]), peer: Buffer.from([10, 9, 0, 2]), prefixLength: 32 }),
    );
    assert.equal(
      ours.toString('hex'),
      hex('28000000 1400 0505 07000000 00000000 02200000 03000000 08000200 0a090001 08000100 0a090002').toString('hex'),
    );
  });

  it('ip addr add fd00::5/64 dev e0 nodad home', () => {
    const address = hex('fd000000000000000000000000000005');
    const ours = encodeAddressAdd(1, spec({ family: 6, address, prefixLength: 64, flags: 0x12 }));
    const [message] = decodeMessages(ours);
    assert.equal(message?.payload.subarray(0, 8).toString('hex'), '0a40120003000000');
    const attributes = decodeAttributes(message?.payload ?? Buffer.alloc(0), 8);
    assert.deepEqual(attributes.get(1), address);
    assert.deepEqual(attributes.get(2), address);
  });

  it('ip addr del 10.1.2.3/24 dev e0, whatever else the address was added with', () => {
    const ours = encodeAddressRemove(9, spec({ label: 'e0:1', scope: 253, flags: 0x200, preferredLifetime: 1 }));
    assert.equal(
      ours.toString('hex'),
      hex('28000000 1500 0500 09000000 00000000 02180000 03000000 08000200 0a010203 08000100 0a010203').toString('hex'),
    );
  });

  it('one lifetime alone leaves the other at for ever', () => {
    const [message] = decodeMessages(encodeAddressAdd(1, spec({ preferredLifetime: 0 })));
    const lifetimes = decodeAttributes(message?.payload ?? Buffer.alloc(0), 8).get(6);
    assert.equal(lifetimes?.toString('hex'), '00000000ffffffff0000000000000000');
  });

  it('dumps ask for everything, links without counters', () => {
    assert.equal(
      encodeLinkDump(5).toString('hex'),
      hex(`28000000 1200 0103 05000000 00000000 ${'00'.repeat(16)} 08001d00 08000000`).toString('hex'),
    );
    assert.equal(
      encodeAddressDump(6).toString('hex'),
      hex(`18000000 1600 0103 06000000 00000000 ${'00'.repeat(8)}`).toString('hex'),
    );
  });
});

describe('what the kernel says', () => {
  it('a macvlan added: name, kind, lower device, MTU', () => {
    const message = fromKernel('macvlan-added');
    assert.equal(message.type, 16);
    const link = decodeLink(message.payload);
    assert.equal(link?.name, 'mv0');
    assert.equal(link?.ifindex, 5);
    assert.equal(link?.kind, 'macvlan');
    assert.equal(link?.parent, 3);
    assert.equal(link?.mtu, 1500);
    assert.equal(link?.mac.length, 6);
    assert.equal(link?.up, false);
  });

  it('a link removed', () => {
    const message = fromKernel('macvlan-removed');
    assert.equal(message.type, 17);
    assert.equal(decodeLink(message.payload)?.ifindex, 5);
  });

  it('a port that leaves its bridge is no removed link', () => {
    const message = fromKernel('bridge-port-removed');
    assert.equal(message.type, 17);
    assert.equal(decodeLink(message.payload), undefined);
  });

  it('up means IFF_UP and IFF_RUNNING', () => {
    for (const [flags, up] of [
      [0x1043, true],
      [0x1003, false],
      [0x1040, false],
    ] as const) {
      const payload = Buffer.from(fromKernel('macvlan-added').payload);
      payload.writeUInt32LE(flags, 8);
      assert.equal(decodeLink(payload)?.up, up, `flags ${flags.toString(16)}`);
    }
  });

  it('addresses: label, peer, 32-bit flags', () => {
    const added = decodeAddress(fromKernel('address-added').payload);
    assert.deepEqual(added, {
      ifindex: 3,
      family: 4,
      address: Buffer.from([10, 5, 0, 1]),
      prefixLength: 24,
      flags: 0x80,
      scope: 0,
      label: 'e0:x',
    });
    assert.deepEqual(decodeAddress(fromKernel('address-removed').payload), added);
    const peer = decodeAddress(fromKernel('peer-added').payload);
    assert.deepEqual([peer?.address, peer?.peer], [Buffer.from([10, 9, 0, 1]), Buffer.from([10, 9, 0, 2])]);
    const ipv6 = decodeAddress(fromKernel('ipv6-added').payload);
    assert.equal(ipv6?.address.toString('hex'), 'fd000000000000000000000000000077');
    assert.equal(ipv6?.flags, 0x82);
    assert.equal(ipv6?.peer, undefined);
  });

  it('what is kept is a copy: the receive buffer is reused', () => {
    const payload = Buffer.from(fromKernel('address-added').payload);
    const address = decodeAddress(payload);
    payload.fill(0xff);
    assert.deepEqual(address?.address, Buffer.from([10, 5, 0, 1]));
  });

  it('an extended acknowledgement carries the kernel’s words, with the request repeated or capped', () => {
    const text = Buffer.from('ipv4: Invalid prefix length\0');
    const attribute = Buffer.concat([Buffer.from([text.length + 4, 0, 1, 0]), text]);
    const capped = Buffer.concat([hex('eaffffff'), encodeAddressRemove(1, spec({})).subarray(0, 16), attribute]);
    const answer = decodeAcknowledgement({ type: 2, flags: 0x300, sequence: 1, payload: capped });
    assert.deepEqual(answer, { errno: 22, text: 'ipv4: Invalid prefix length' });
    const repeated = Buffer.concat([hex('eaffffff'), encodeAddressRemove(1, spec({})), attribute]);
    assert.deepEqual(decodeAcknowledgement({ type: 2, flags: 0x200, sequence: 1, payload: repeated }), answer);
    const plain = { type: 2, flags: 0x100, sequence: 1, payload: capped.subarray(0, 20) };
    assert.deepEqual(decodeAcknowledgement(plain), { errno: 22, text: undefined });
  });
});

describe('properties', () => {
  it('messages and attributes survive the round trip, however many and whatever their length', () => {
    const attribute = fc.record({ type: fc.integer({ min: 0, max: 0x3fff }), value: fc.uint8Array({ maxLength: 40 }) });
    const attributes = fc.uniqueArray(attribute, { selector: ({ type }) => type, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(attributes, { maxLength: 5 }), (messages) => {
        const encoded = messages.map((list, index) =>
          encodeMessage(
            20,
            1,
            index + 1,
            Buffer.alloc(8),
            list.map(({ type, value }) => ({ type, value: Buffer.from(value) })),
          ),
        );
        const decoded = decodeMessages(Buffer.concat(encoded));
        assert.equal(decoded.length, messages.length);
        for (const [index, list] of messages.entries()) {
          const found = decodeAttributes(decoded[index]?.payload ?? Buffer.alloc(0), 8);
          assert.equal(found.size, list.length);
          for (const { type, value } of list) assert.deepEqual(found.get(type), Buffer.from(value));
        }
      }),
    );
  });

  it('no bytes whatever make decoding throw', () => {
    const whole = recorded.get('macvlan-added') ?? '';
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(whole.length / 2 - 1), fc.nat(255)).map(([at, value]) => {
        const damaged = hex(whole);
        damaged[at] = value;
        return damaged;
      }),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const buffer = Buffer.from(input);
        for (const message of [...decodeMessages(buffer), { type: 2, flags: 0x200, sequence: 0, payload: buffer }]) {
          decodeLink(message.payload);
          decodeAddress(message.payload);
          decodeAcknowledgement(message);
        }
      }),
    );
  });
});
