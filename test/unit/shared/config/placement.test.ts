import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interpretCommon } from '../../../../services/shared/config/common.js';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { placementOf, suiteName } from '../../../../services/shared/config/placement.js';
import { treeOf } from './support.js';

const findings = (text: string): string[] =>
  interpretCommon(treeOf(text), { hostname: 'box' }).diagnostics.map(formatDiagnostic);

describe('net_namespace, net_namespace_ipvs and instance', () => {
  it('are read with their places', () => {
    assert.deepEqual(placementOf(treeOf('instance a\nnet_namespace red\nnet_namespace_ipvs table\n')), {
      instance: { name: 'a', position: { file: '/k.conf', line: 1, column: 1 } },
      netNamespace: { name: 'red', position: { file: '/k.conf', line: 2, column: 1 } },
      ipvsNamespace: { name: 'table', position: { file: '/k.conf', line: 3, column: 1 } },
    });
    assert.deepEqual(placementOf(treeOf('vrrp_instance instance {\n}\n')), {});
  });

  it('net_namespace_ipvs without a name is the default namespace, which is something else than none', () => {
    assert.equal(placementOf(treeOf('net_namespace_ipvs')).ipvsNamespace?.name, '');
    assert.deepEqual(findings('net_namespace red\nnet_namespace_ipvs\n'), []);
  });

  it('the command line counts more than the text', () => {
    assert.deepEqual(placementOf(treeOf('net_namespace red'), 'blue'), { netNamespace: { name: 'blue' } });
  });

  it('refuse what is no name of a file', () => {
    for (const name of ['../x', 'a/b', '.', '..', `${'x'.repeat(256)}`]) {
      for (const keyword of ['net_namespace', 'net_namespace_ipvs', 'instance']) {
        const [finding = '', ...more] = findings(`${keyword} ${name}`);
        assert.match(finding, new RegExp(`^/k.conf:1:\\d+: error: '${keyword}' takes a name, not `));
        assert.deepEqual(more, []);
      }
      assert.deepEqual(placementOf(treeOf(`net_namespace ${name}`)), {}, 'and leave it out');
    }
  });
});

describe('the name of a suite', () => {
  it('is made as keepalived makes the ident of its log', () => {
    const of = (text: string): string => suiteName(placementOf(treeOf(text)));
    assert.deepEqual(
      [
        of(''),
        of('instance a'),
        of('net_namespace red'),
        of('instance a\nnet_namespace red'),
        of('net_namespace_ipvs t'),
      ],
      ['', 'a', 'red', 'red_a', ''],
    );
  });
});
