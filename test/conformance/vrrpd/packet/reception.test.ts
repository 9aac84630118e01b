import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DROP_REASONS } from '../../../../services/vrrpd/packet/advertisement.js';
import { type CaseHead, readFixtures } from '../cases.js';
import { type PacketText, ReceivingMachine } from './machine.js';

interface CaseLine extends CaseHead {
  /** Lines of `vrrp_instance VI_1`, which is on eth0. */
  readonly config: readonly string[];
  /** Lines of `vrrp_instance VI_2`, which is on eth1. */
  readonly also?: readonly string[];
}

interface PacketLine {
  /** Seconds since the beginning of the case. */
  readonly at: number;
  readonly packet: PacketText;
  readonly actions: readonly string[];
}

const cases = readFixtures<CaseLine, PacketLine>(new URL('.', import.meta.url));

for (const [name, list] of cases) {
  describe(name, () => {
    for (const { case: title, rfc, config, also, steps } of list) {
      it(title, () => {
        assert.ok(steps.length > 0, 'a case has packets');
        const machine = new ReceivingMachine(config, also);
        for (const { at, packet, actions } of steps) {
          assert.deepEqual(machine.receive(packet, at), actions, `${rfc}\nat ${at} s: ${JSON.stringify(packet)}`);
        }
      });
    }
  });
}

describe('the fixtures', () => {
  const all = [...cases.values()].flat();

  it('cover every reason for which a packet is dropped', () => {
    const counted = new Set(all.flatMap(({ steps }) => steps.flatMap(({ actions }) => actions.flatMap(reasonOf))));
    assert.deepEqual([...counted].sort(), [...DROP_REASONS].sort());
  });

  it('name the statement that each of them checks', () => {
    for (const { case: title, rfc } of all) {
      assert.match(rfc, /^(RFC \d+ \d|draft-|keepalived\.conf\(5\)|Keepwatch)/, title);
    }
  });

  it('believe something in every file, so that nothing passes by dropping all', () => {
    for (const [name, list] of cases) {
      const believed = list.some(({ steps }) => steps.some(({ actions }) => actions.at(-1)?.startsWith('advert')));
      assert.ok(believed, name);
    }
  });
});

/** The reason in `count ttl of eth0`. */
function reasonOf(action: string): readonly string[] {
  const [verb, reason = ''] = action.split(' ');
  return verb === 'count' ? [reason] : [];
}
