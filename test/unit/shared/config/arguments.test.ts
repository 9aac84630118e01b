/** Arguments whose order is free, and those of several kinds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import type { KeywordSpec } from '../../../../services/shared/config/keyword.js';
import { readBlock } from '../../../../services/shared/config/readBlock.js';
import { Reporter } from '../../../../services/shared/config/reporter.js';
import { INSTANCE_TABLE } from '../../../../services/vrrpd/config/keywords/instance.js';

/** Values of one line of `vrrp_instance`, or the errors. */
function read(line: string): readonly unknown[] | string {
  const report = new Reporter(['t.conf']);
  const words = line.split(' ').map((text, index) => ({ text, file: 0, line: 1, column: index + 1, quoted: false }));
  const spec = INSTANCE_TABLE.find(words[0]?.text ?? '') as KeywordSpec;
  const block = readBlock([{ words, block: false, children: [] }], INSTANCE_TABLE, report);
  const problem = report.diagnostics.find(({ code }) => code !== 'no-effect-yet');
  return problem === undefined ? (block.last(spec)?.values ?? 'nothing') : formatDiagnostic(problem);
}

describe('arguments in any order', () => {
  it('reads garp_extra_if', () => {
    assert.deepEqual(read('garp_extra_if 10'), [false, 10]);
    assert.deepEqual(read('garp_extra_if all 10'), [true, 10]);
    assert.deepEqual(read('garp_extra_if 10 all'), [true, 10]);
    assert.match(String(read('garp_extra_if all')), /t\.conf:1:1: error: 'garp_extra_if' needs a value: .*\[<all>\]/);
    assert.match(String(read('garp_extra_if all soon')), /1:3: error: .* needs a whole number, not 'soon'/);
    assert.match(String(read('garp_extra_if 86401')), /must be 0\.\.86400/);
    assert.match(String(read('garp_extra_if 1 2')), /warning: '2' after 'garp_extra_if 1' is ignored/);
  });

  it('reads use_vmac', () => {
    const mac = Uint8Array.of(2, 0, 0, 0, 1, 0x0a);
    assert.deepEqual(read('use_vmac'), [undefined, undefined]);
    assert.deepEqual(read('use_vmac kw1'), ['kw1', undefined]);
    assert.deepEqual(read('use_vmac kw1 02:00:00:00:01:0a'), ['kw1', mac]);
    assert.deepEqual(read('use_vmac 2:0:0:0:1:A kw1'), ['kw1', mac]);
    assert.deepEqual(read('use_vmac 02:00:00:00:01'), [undefined, mac.slice(0, 5)]);
    assert.match(String(read('use_vmac abcdefghijklmnop')), /at most 15 characters/);
    assert.match(String(read('use_vmac 02:00:00:00')), /needs a MAC address of 5 or 6 octets/);
    assert.match(String(read('use_vmac 01:00:00:00:00:01')), /multicast/);
  });

  it('reads use_ipvlan', () => {
    const prefix = { address: { family: 4, bytes: Uint8Array.of(192, 0, 2, 8) }, prefixLength: 24 };
    assert.deepEqual(read('use_ipvlan'), [undefined, undefined, undefined]);
    assert.deepEqual(read('use_ipvlan kw1 192.0.2.8/24 vepa'), ['kw1', prefix, 'vepa']);
    assert.deepEqual(read('use_ipvlan private 192.0.2.8/24'), [undefined, prefix, 'private']);
    assert.match(String(read('use_ipvlan 192.0.2.8/33')), /needs a network/);
  });
});
