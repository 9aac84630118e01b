import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interpretBfdConfig } from '../../../../services/bfdd/config/interpret.js';
import { diffConfigs } from '../../../../services/bfdd/configDiff.js';
import { wantedScheduling } from '../../../../services/bfdd/scheduling.js';
import { bfdWeights } from '../../../../services/shared/config/bfd.js';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { formatIpAddress } from '../../../../services/shared/net/address.js';
import { millis } from '../../../../services/shared/time/duration.js';
import { treeOf as parse } from '../../shared/config/support.js';

const run = (text: string) => {
  const { model, diagnostics } = interpretBfdConfig(parse(text));
  return { model, messages: diagnostics.map((one) => formatDiagnostic(one).replace(/^[^:]*:/, '')) };
};

const sessionOf = (lines: string) => {
  const { model, messages } = run(`bfd_instance b {\n${lines}\n}\n`);
  assert.deepEqual(messages, []);
  const [session] = model?.instances ?? [];
  assert.ok(session !== undefined);
  return session;
};

describe('bfd_instance', () => {
  it('has the defaults of keepalived', () => {
    const { settings, ttl, neighborTtl, maxHops, source, tellsVrrp, tellsCheckers } =
      sessionOf('neighbor_ip 192.0.2.2');
    assert.deepEqual(settings, {
      minTx: millis(10),
      minRx: millis(10),
      idleTx: millis(1000),
      multiplier: 5,
      passive: false,
    });
    assert.deepEqual([ttl, neighborTtl, maxHops, source], [255, 255, 0, undefined]);
    assert.deepEqual([tellsVrrp, tellsCheckers], [true, true]);
  });

  it('reads every keyword', () => {
    const session = sessionOf(
      'neighbour_ip 192.0.2.2\nsource_ip 192.0.2.1\nmin_rx 3.312\nmin_tx 50\nidle_tx 2000\nmultiplier 3\npassive\nttl 200\nmax_hops 2\nweight -20 reverse\nvrrp',
    );
    assert.deepEqual(session.settings, {
      minTx: millis(50),
      minRx: 3312,
      idleTx: millis(2000),
      multiplier: 3,
      passive: true,
    });
    assert.deepEqual([session.ttl, session.neighborTtl, session.maxHops], [200, 200, 2]);
    assert.equal(session.source === undefined ? '' : formatIpAddress(session.source), '192.0.2.1');
    assert.deepEqual([session.tellsVrrp, session.tellsCheckers], [true, false]);
  });

  it('sends 255 over IPv6 and takes the 64 of keepalived, unless a hop limit is set', () => {
    const { ttl, neighborTtl } = sessionOf('neighbor_ip fd00::2');
    assert.deepEqual([ttl, neighborTtl], [255, 64]);
    const strict = sessionOf('neighbor_ip fd00::2\nhoplimit 255');
    assert.deepEqual([strict.ttl, strict.neighborTtl], [255, 255]);
  });

  it('keepalived takes ttl and hoplimit for either family', () => {
    assert.equal(sessionOf('neighbor_ip 192.0.2.2\nhoplimit 9').ttl, 9);
    assert.equal(sessionOf('neighbor_ip fd00::2\nttl 9').ttl, 9);
  });

  it('both words for both audiences', () => {
    const { tellsVrrp, tellsCheckers } = sessionOf('neighbor_ip 192.0.2.2\nvrrp\nchecker');
    assert.deepEqual([tellsVrrp, tellsCheckers], [true, true]);
  });

  const wrong: readonly (readonly [title: string, text: string, messages: readonly string[]])[] = [
    [
      'no neighbour',
      'bfd_instance b {\n source_ip 192.0.2.1\n}\n',
      ["1:1: error: bfd_instance b has no valid neighbor_ip (add 'neighbor_ip' to it)"],
    ],
    [
      'two families',
      'bfd_instance b {\n source_ip 192.0.2.1\n neighbor_ip 2001:db8::1\n}\n',
      ['2:2: error: bfd_instance b: source_ip and neighbor_ip must be of one family'],
    ],
    [
      'one name twice',
      'bfd_instance b {\n neighbor_ip 192.0.2.1\n}\nbfd_instance b {\n neighbor_ip 192.0.2.2\n}\n',
      ['4:1: error: bfd_instance b already exists (first on line 1)'],
    ],
    [
      'the same ends twice',
      'bfd_instance a {\n neighbor_ip 192.0.2.1\n}\nbfd_instance b {\n neighbor_ip 192.0.2.1\n}\n',
      [
        '4:1: error: bfd_instance b has the same ends as a: packets could not be told apart (remove one, or give each a source_ip of its own)',
      ],
    ],
    [
      'a group of neighbours',
      'bfd_instance b {\n neighbor_ip 224.0.0.1\n}\n',
      [
        '2:2: error: bfd_instance b: neighbor_ip 224.0.0.1 cannot be the address of one neighbour (write a unicast address that needs no interface)',
      ],
    ],
    [
      'an address that needs an interface',
      'bfd_instance b {\n neighbor_ip fe80::1\n}\n',
      [
        '2:2: error: bfd_instance b: neighbor_ip fe80::1 cannot be the address of one neighbour (write a unicast address that needs no interface)',
      ],
    ],
  ];
  for (const [title, text, messages] of wrong) it(title, () => assert.deepEqual(run(text).messages, messages));

  const refused = [
    'ttl 0',
    'ttl 256',
    'hoplimit 0',
    'max_hops 256',
    'multiplier 0',
    'min_rx 0',
    'idle_tx 10',
    'weight 254',
  ];
  for (const line of refused) {
    it(`${line}, as keepalived`, () => {
      const { messages } = run(`bfd_instance b {\n neighbor_ip 192.0.2.2\n ${line}\n}\n`);
      assert.equal(messages.length, 1, messages.join());
      assert.match(messages[0] ?? '', /^3:\d+: error: /);
    });
  }
});

describe('the difference of two configurations', () => {
  const config = (text: string) => {
    const { model } = run(text);
    assert.ok(model !== undefined);
    return model;
  };
  const before = config(
    'bfd_instance a {\n neighbor_ip 192.0.2.1\n}\nbfd_instance b {\n neighbor_ip 192.0.2.2\n}\nbfd_instance c {\n neighbor_ip 192.0.2.3\n}\n',
  );
  const after = config(
    'bfd_instance b {\n neighbor_ip 192.0.2.2\n multiplier 3\n}\n\nbfd_instance c {\n neighbor_ip 192.0.2.4\n}\nbfd_instance d {\n neighbor_ip 192.0.2.5\n}\n',
  );

  it('tells by name what is added, removed, changed in place, and begun anew', () => {
    assert.deepEqual(
      diffConfigs(before, after).map(({ kind, name, details }) => [kind, name, details.join()]),
      [
        ['remove', 'a', ''],
        ['update', 'b', 'multiplier 5 -> 3'],
        ['restart', 'c', 'neighbor_ip 192.0.2.3 -> 192.0.2.4'],
        ['add', 'd', ''],
      ],
    );
  });

  it('is none when only the place in the file is another', () => {
    const moved = config(
      '\n\nbfd_instance a {\n neighbor_ip 192.0.2.1\n}\nbfd_instance b {\n neighbor_ip 192.0.2.2\n}\nbfd_instance c {\n neighbor_ip 192.0.2.3\n}\n',
    );
    assert.ok(diffConfigs(before, moved).every(({ kind }) => kind === 'same'));
  });
});

describe('weights of sessions', () => {
  it('are those of their definitions; of two of one name the first counts', () => {
    const text =
      'bfd_instance a {\n neighbor_ip 192.0.2.1\n weight -20 reverse\n}\nbfd_instance b {\n neighbor_ip 192.0.2.2\n}\nbfd_instance a {\n weight 3\n}\n';
    assert.deepEqual(bfdWeights(parse(text)).get('a'), { weight: -20, reverse: true });
    assert.deepEqual(bfdWeights(parse(text)).get('b'), { weight: 0, reverse: false });
  });
});

describe('scheduling', () => {
  const wanted = (globals: string, interval: number) => {
    const { model } = run(
      `global_defs {\n${globals}\n}\nbfd_instance b {\n neighbor_ip 192.0.2.1\n min_tx ${interval}\n min_rx ${interval}\n}\n`,
    );
    assert.ok(model !== undefined);
    const { wanted: found, automatic } = wantedScheduling(model);
    return [found.realtimePriority, automatic];
  };

  it('takes real time where an interval is shorter than a second, unless somebody decided otherwise', () => {
    assert.deepEqual(wanted('', 300), [10, true]);
    assert.deepEqual(wanted('', 1000), [undefined, false]);
    assert.deepEqual(wanted('bfd_rt_priority 40', 300), [40, false]);
    assert.deepEqual(wanted('bfd_priority -5', 300), [undefined, false]);
    assert.deepEqual(wanted('max_auto_priority 4', 300), [4, true]);
    assert.deepEqual(wanted('max_auto_priority 0', 300), [undefined, false]);
  });
});
