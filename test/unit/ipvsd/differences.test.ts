/** How the lab of test/ipvs/differential holds what differs against the list, and which configurations run together. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Difference } from '../../ipvs/differential/lib/compareFindings.js';
import { groupRuns, readConfiguration } from '../../ipvs/differential/lib/configuration.js';
import { type Explained, judge, writeList } from '../../ipvs/differential/lib/differential.js';

const difference = (configuration: string, line: string): Difference => ({
  configuration,
  rounds: ['start'],
  what: 'table',
  keepalived: [line],
  keepwatch: [],
});
const explained = (configuration: string, line: string): Explained => ({
  ...difference(configuration, line),
  reason: 'because',
});

describe('the list of differences', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keepwatch-differences-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('what is listed and seen is neither new nor gone', () => {
    assert.deepEqual(
      judge([difference('1.conf', 'a')], '1.conf', [explained('1.conf', 'a'), explained('2.conf', 'b')]),
      {
        news: [],
        gone: [],
      },
    );
  });

  test('what is not listed is new, what is listed and not seen is gone', () => {
    assert.deepEqual(judge([difference('1.conf', 'b')], '1.conf', [explained('1.conf', 'a')]), {
      news: [difference('1.conf', 'b')],
      gone: [explained('1.conf', 'a')],
    });
  });

  test('a list is written anew for those that ran, with the reasons that are known, and stays for the others', () => {
    const file = join(folder, 'differences.json');
    writeFileSync(
      file,
      JSON.stringify([explained('1.conf', 'a'), explained('1.conf', 'gone'), explained('2.conf', 'other')]),
    );
    writeList(file, ['1.conf'], [difference('1.conf', 'a'), difference('1.conf', 'new')]);
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), [
      explained('1.conf', 'a'),
      { ...difference('1.conf', 'new'), reason: '' },
      explained('2.conf', 'other'),
    ]);
  });

  const service = (address: string, more = ''): string =>
    `${more}virtual_server ${address} 80 {\n lvs_method NAT\n protocol TCP\n real_server 10.9.9.1 80 {\n }\n}\n`;

  test('those that share no address and have no statements for all run together; a file that cannot be read is refused in words', () => {
    const files = {
      '1.conf': service('10.8.9.1'),
      '2.conf': service('10.8.9.2').replace('10.9.9.1', '10.9.9.2'),
      '3.conf': service('10.8.9.3'),
      '4.conf': service('10.8.9.4', 'global_defs {\n lvs_flush\n}\n'),
      '5.conf': 'virtual_server {',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const read = (name: string) => readConfiguration(join(folder, name));
    const runs = groupRuns(['1.conf', '2.conf', '3.conf', '4.conf'].map(read));
    assert.deepEqual(
      [...runs].map(([run, those]) => [run, ...those.map(({ name }) => name)]),
      [
        ['all', '1.conf', '2.conf'],
        ['3-conf', '3.conf'],
        ['4-conf', '4.conf'],
      ],
    );
    assert.throws(() => read('5.conf'), /5\.conf: /);
  });
});
