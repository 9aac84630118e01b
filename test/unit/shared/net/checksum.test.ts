import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { internetChecksum, partialChecksum } from '../../../../services/shared/net/checksum.js';

describe('internetChecksum', () => {
  it('gives the example of RFC 1071 section 3', () => {
    // Words 0001 f203 f4f5 f6f7 sum to ddf2 with carries folded in.
    const bytes = Uint8Array.from([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
    assert.equal(internetChecksum(bytes), ~0xddf2 & 0xffff);
  });

  it('counts an odd last byte as the high byte of a word', () => {
    assert.equal(
      internetChecksum(Uint8Array.from([0x12, 0x34, 0x56])),
      internetChecksum(Uint8Array.from([0x12, 0x34, 0x56, 0x00])),
    );
  });

  it('makes the sum with the checksum in place 0', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 1500 }), (bytes) => {
        const message = Uint8Array.from(bytes.length % 2 === 0 ? bytes : bytes.slice(1));
        message[0] = 0;
        message[1] = 0;
        const sum = internetChecksum(message);
        message[0] = sum >> 8;
        message[1] = sum & 0xff;
        assert.equal(internetChecksum(message), 0);
      }),
    );
  });

  it('carries a pseudo-header over', () => {
    const head = Uint8Array.from([0xff, 0xff, 0x80, 0x01]);
    const tail = Uint8Array.from([0xab, 0xcd, 0x00, 0x70]);
    assert.equal(internetChecksum(tail, partialChecksum(head)), internetChecksum(Uint8Array.from([...head, ...tail])));
  });
});
