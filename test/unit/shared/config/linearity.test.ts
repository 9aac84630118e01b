import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnose, load } from './support.js';

const instances = (count: number): string =>
  Array.from(
    { length: count },
    (_, index) =>
      `vrrp_instance VI_${index} {\n interface e${index >> 7}\n virtual_router_id ${(index & 127) + 1}\n priority 100\n` +
      ` track_interface {\n  x${index}\n }\n virtual_ipaddress {\n  10.${index >> 16}.${(index >> 8) & 255}.${index & 255}\n }\n}\n`,
  ).join('') +
  `vrrp_sync_group G {\n group {\n${Array.from({ length: count }, (_, index) => `VI_${index}\n`).join('')} }\n}\n`;

const realServers = (count: number): string =>
  `virtual_server 10.0.0.1 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n${Array.from(
    { length: count },
    (_, index) =>
      `real_server 10.${index >> 16}.${(index >> 8) & 255}.${index & 255} 80 {\nTCP_CHECK {\nretry 2\n}\n}\n`,
  ).join('')}}\n`;

const mistakes = (count: number): string =>
  Array.from({ length: count }, (_, index) => `vrrp_instance V${index} {\n prioritty${index} 1\n}\n`).join('');

const oneLine = (count: number): string => `x ${'"a\\"b" { } '.repeat(count)}`;
const quotes = (count: number): string => `notify ${`'"\\`.repeat(count)}`;
const unresolved = (count: number): string => `x ${'$A ${B '.repeat(count)}`;
const sequence = (count: number): string => `$M= \\\n a \${I} { \\\n  b \\\n }\n~SEQ(I, ${count}) $M\n`;

/** Shortest of several runs: noise of the machine only ever adds. */
function shortest(text: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 4; run++) {
    const before = process.cpuUsage();
    diagnose(load(text));
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, user + system);
  }
  return best;
}

describe('eight times the text takes about eight times the work', () => {
  const shapes: readonly (readonly [string, (count: number) => string, number])[] = [
    ['instances and a group', instances, 500],
    ['real servers', realServers, 1000],
    ['unknown keywords', mistakes, 500],
    ['words and blocks on one line', oneLine, 2000],
    ['quotes and escapes of a script', quotes, 4000],
    ['references without value', unresolved, 1000],
    ['a sequence', sequence, 1000],
  ];
  for (const [name, make, count] of shapes) {
    it(name, () => {
      // Quadratic work would be 64 times; a compiler that warms up and a collector leave room between.
      const small = shortest(make(count));
      const large = shortest(make(count * 8));
      const ratio = large / Math.max(small, 500);
      assert.ok(ratio < 30, `${count}: ${small} µs, ${count * 8}: ${large} µs, ratio ${ratio.toFixed(1)}`);
    });
  }
});
