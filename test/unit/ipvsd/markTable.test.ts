import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { markElements, ruleset } from '../../../services/ipvsd/markRules.js';
import { MarkTable } from '../../../services/ipvsd/markTable.js';
import { FakeFirewall, MemoryText } from '../../../services/shared/kernel/fakeLinkControl.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { IpvsProtocol, type IpvsVirtualService } from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';

const group = (fwmark: number, marked: IpvsVirtualService['marked'], family = 4): IpvsVirtualService => ({
  key: { family, fwmark, protocol: IpvsProtocol.IPVS_PROTOCOL_UNSPECIFIED, address: '', port: 0 },
  scheduler: 'rr',
  flags: 0,
  persistenceTimeoutS: 0,
  persistencePrefixLength: family === 4 ? 32 : 128,
  persistenceEngine: '',
  destinations: [],
  marked,
});

const TCP = IpvsProtocol.IPVS_PROTOCOL_TCP;
const UDP = IpvsProtocol.IPVS_PROTOCOL_UDP;
const WEB = group(1000, [{ first: '10.8.0.1', last: '10.8.0.9', protocol: TCP, port: 80 }]);
const ANY = group(1001, [{ first: 'fd00::1', last: 'fd00::1', protocol: UDP, port: 0 }], 6);
const TABLE = { table: 'keepwatch_ipvs', priority: -150 };

function lab(firewall = new FakeFirewall(), record = new MemoryText()) {
  let changes = 0;
  const table = new MarkTable({
    firewall,
    record,
    logger: silentLogger(),
    onChange: () => changes++,
    auditMs: 1,
  });
  const written = (): string[] => firewall.runs.filter((text) => text.includes('chain prerouting'));
  return { firewall, record, table, written, changes: () => changes };
}

test('ranges and single addresses become map elements by family, with and without ports', () => {
  const elements = markElements([WEB, ANY]);
  assert.deepEqual(elements, {
    withPort: { 4: ['10.8.0.1-10.8.0.9 . tcp . 80 : 1000'], 6: [] },
    anyPort: { 4: [], 6: ['fd00::1 . udp : 1001'] },
  });
  assert.equal(
    ruleset(TABLE, elements ?? assert.fail()),
    `add table inet keepwatch_ipvs
delete table inet keepwatch_ipvs
table inet keepwatch_ipvs {
  map ports4 { type ipv4_addr . inet_proto . inet_service : mark; flags interval; elements = { 10.8.0.1-10.8.0.9 . tcp . 80 : 1000 } }
  map any6 { type ipv6_addr . inet_proto : mark; flags interval; elements = { fd00::1 . udp : 1001 } }
  chain prerouting {
    type filter hook prerouting priority -150; policy accept;
    meta mark set ip6 daddr . meta l4proto map @any6
    meta mark set ip daddr . meta l4proto . th dport map @ports4
  }
  chain output {
    type filter hook output priority -150; policy accept;
    meta mark set ip6 daddr . meta l4proto map @any6
    meta mark set ip daddr . meta l4proto . th dport map @ports4
  }
}
`,
  );
  assert.equal(markElements([group(42, [])]), undefined, 'marks of others are set by others');
});

test('only a difference is written; without groups, and at the stop, the table goes', () => {
  const { firewall, record, table, written } = lab();
  table.configure(TABLE);
  assert.deepEqual(firewall.runs, []);
  table.apply([WEB]);
  table.apply([WEB]);
  assert.equal(written().length, 1);
  assert.equal(record.text, 'keepwatch_ipvs');
  table.apply([WEB, ANY]);
  assert.equal(written().length, 2);
  table.apply([]);
  assert.match(firewall.runs.at(-1) ?? '', /^add table inet keepwatch_ipvs\ndelete table/);
  assert.equal(record.text, '');
  table.apply([WEB]);
  table.stop(false);
  assert.match(firewall.runs.at(-1) ?? '', /delete table/);
});

test('what a successor does not want any more goes; a kept table stays', () => {
  const first = lab();
  first.table.configure(TABLE);
  first.table.apply([WEB]);
  const runs = first.firewall.runs.length;
  first.table.stop(true);
  assert.equal(first.firewall.runs.length, runs);
  const killed = lab(first.firewall, first.record);
  killed.table.configure(TABLE);
  assert.equal(first.firewall.runs.length, runs, 'before it knows the table, a successor leaves the marks alone');
  const second = lab(first.firewall, first.record);
  second.table.configure(undefined);
  assert.match(first.firewall.runs.at(-1) ?? '', /delete table inet keepwatch_ipvs/);
});

test("somebody else's table is left alone, and it is said", () => {
  const { table, written, record } = lab();
  table.configure({ ...TABLE, table: 'filter' });
  table.apply([WEB]);
  assert.match(table.problem ?? '', /there is an nftables table 'filter' already.*nft delete table inet filter/);
  assert.equal(written().length, 0);
  assert.equal(record.text, undefined);
  table.stop(false);
});

test('a table that was flushed or changed by others is put back', async () => {
  const { firewall, table, written, changes } = lab();
  table.configure(TABLE);
  table.apply([WEB]);
  const repaired = async (count: number): Promise<void> => {
    for (let tries = 0; written().length < count && tries < 500; tries++) await pause(1);
    assert.ok(written().length >= count);
  };
  firewall.listing = 'another chain';
  await repaired(2);
  firewall.listing = undefined;
  await repaired(3);
  firewall.broken = 'missing';
  for (let tries = 0; table.problem === undefined && tries < 500; tries++) await pause(1);
  assert.match(table.problem ?? '', /not balanced: as the test asked. Install .*libnftables1/);
  assert.ok(changes() > 0);
  table.stop(true);
});
