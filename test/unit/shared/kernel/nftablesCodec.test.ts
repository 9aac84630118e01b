import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeNftablesNote } from '../../../../services/shared/kernel/nftablesCodec.js';

const message = (type: number, hex: string) => ({ type, flags: 0, sequence: 0, payload: Buffer.from(hex, 'hex') });

describe('notifications of nf_tables', () => {
  it('as Linux 6.18 sends them when `nft flush ruleset` removes a table named kw', () => {
    const removed = '02000003070001006b77000008000300000000000c0004000000000000000001';
    assert.deepEqual(decodeNftablesNote(message(0x0a02, removed)), { kind: 'change', table: 'kw' });
    const ended = '0000000308000100000000030800020000003fba080003006e667400';
    assert.deepEqual(decodeNftablesNote(message(0x0a0f, ended)), { kind: 'end', by: 'nft' });
  });

  it('from a kernel that does not name the program', () => {
    assert.deepEqual(decodeNftablesNote(message(0x0a0f, '000000030800010000000003')), { kind: 'end', by: '' });
  });

  it('of other subsystems, cut short or without a table are none', () => {
    assert.equal(decodeNftablesNote(message(0x0102, '02000003070001006b770000')), undefined);
    assert.equal(decodeNftablesNote(message(0x0a02, '0200')), undefined);
    assert.equal(decodeNftablesNote(message(0x0a02, '02000003')), undefined);
    assert.equal(decodeNftablesNote(message(0x0a02, '02000003ff0001006b770000')), undefined);
  });
});
