import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeFirewall, MemoryText } from '../../../../services/shared/kernel/fakeLinkControl.js';
import { Schedule } from '../../../../services/shared/kernel/schedule.js';
import { type Logger, silentLogger } from '../../../../services/shared/log/logger.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import {
  elapsed,
  type Instant,
  type Micros,
  millis,
  seconds,
  toMillis,
} from '../../../../services/shared/time/duration.js';
import { FirewallKeeper } from '../../../../services/vrrpd/network/firewallKeeper.js';
import { type FirewallNeeds, ruleset } from '../../../../services/vrrpd/network/firewallRules.js';
import { MachineRecord } from '../../../../services/vrrpd/network/machineRecord.js';
import {
  QUIET,
  type RepairPace,
  repairAt,
  repaired,
  UNDISTURBED,
} from '../../../../services/vrrpd/network/repairPace.js';
import { vip } from '../support.js';

const options = { table: 'keepwatch', priority: -1, counters: false, byIndex: false, outbound: false };
const needs: FirewallNeeds = {
  options,
  links: [],
  closed: [{ vip: vip('10.0.0.100/24'), interface: 'eth0', exists: true }],
};

/** A keeper with its tables in place, and the other program. */
function keeping() {
  const clock = new FakeClock();
  const firewall = new FakeFirewall();
  const warnings: string[] = [];
  let expire = (): void => {};
  let armed: Instant | undefined;
  const schedule = new Schedule(
    clock,
    (onExpire) => {
      expire = onExpire;
      return {
        arm: (at) => {
          armed = at;
        },
        close: () => {},
      };
    },
    (task) => task(),
  );
  const logger = { ...silentLogger, warn: (text: string) => warnings.push(text), error: () => {} } as unknown as Logger;
  const record = new MachineRecord(new MemoryText(), (error) => assert.ifError(error));
  const keeper = new FirewallKeeper({ firewall, record, clock, schedule, logger });
  keeper.keep(needs, false);
  /** Another program takes the tables away, `after` a while. */
  const flush = (after: Micros): void => {
    clock.advance(after);
    firewall.table = undefined;
    for (const changed of [...firewall.watchers]) changed('nft');
  };
  /** The time until the timer rings, which it then does. */
  const wait = (): Micros => {
    assert.ok(armed !== undefined, 'something is due');
    const time = elapsed(clock.now(), armed);
    clock.advanceTo(armed);
    expire();
    return time;
  };
  return { keeper, firewall, warnings, flush, wait };
}

describe('tables that another program takes away', () => {
  it('are put back at once, and who did it is told', () => {
    const { firewall, warnings, flush } = keeping();
    assert.equal(firewall.runs.length, 1);
    flush(seconds(100));
    assert.deepEqual(firewall.runs, [ruleset(needs, true), ruleset(needs, true)]);
    assert.deepEqual(warnings, ["nftables table keepwatch was changed by 'nft' and is put back"]);
    assert.ok(firewall.has('keepwatch'));
  });

  it('again and again: put back ever later, told as an impairment, and at once after a quiet time', () => {
    const { keeper, firewall, warnings, flush, wait } = keeping();
    flush(seconds(1));
    const waits: number[] = [];
    for (let count = 0; count < 9; count++) {
      flush(millis(1));
      const runs = firewall.runs.length;
      const fight = keeper.impairments();
      waits.push(Math.round(toMillis(wait())));
      assert.equal(fight.length, (waits.at(-1) ?? 0) >= 1000 ? 1 : 0);
      assert.equal(firewall.runs.length, runs + 1);
      assert.deepEqual(keeper.impairments(), []);
    }
    assert.deepEqual(waits, [49, 99, 199, 399, 799, 1599, 3199, 6399, 9999]);
    assert.match(warnings.at(-1) ?? '', /time 10 in a row$/);
    flush(QUIET);
    assert.ok(firewall.has('keepwatch'), 'at once');
  });

  it('and whatever comes meanwhile is one repair', () => {
    const { firewall, flush, wait } = keeping();
    flush(seconds(1));
    for (let count = 0; count < 5; count++) flush(millis(1));
    assert.equal(firewall.runs.length, 2);
    wait();
    assert.equal(firewall.runs.length, 3);
  });

  it('stay away once nobody wants them', () => {
    const { keeper, firewall } = keeping();
    keeper.keep(undefined, true);
    assert.equal(firewall.watchers.size, 0);
    assert.match(firewall.runs.at(-1) ?? '', /delete table ip6 keepwatch$/);
  });

  it('stay for a successor when this process leaves', () => {
    const { keeper, firewall } = keeping();
    keeper.close();
    assert.equal(firewall.watchers.size, 0);
    assert.ok(firewall.has('keepwatch'));
  });

  it('are told as missing when they cannot be put back', () => {
    const { keeper, firewall, warnings, flush } = keeping();
    firewall.broken = 'refused';
    flush(seconds(1));
    assert.match(keeper.impairments()[0] ?? '', /no packet filter.*accepted in spite of no_accept/);
    assert.deepEqual(warnings, []);
  });
});

describe('the pace of repairs', () => {
  it('never has two within 50 ms, and never makes the first of a row wait', () => {
    const clock = new FakeClock();
    let pace: RepairPace = UNDISTURBED;
    let last: Instant | undefined;
    for (const gap of [1, 1, 60, 3, 25_000, 1, 1].map(millis)) {
      clock.advance(gap);
      const at = repairAt(pace, clock.now());
      if (last === undefined || elapsed(last, clock.now()) >= QUIET) assert.equal(at, clock.now());
      else assert.ok(elapsed(last, at) >= millis(50));
      clock.advanceTo(at);
      pace = repaired(pace, at);
      last = at;
    }
    assert.equal(pace.inARow, 3);
  });
});

describe('the text of the tables', () => {
  const link = { name: 'vrrp.51', base: 'eth0' };

  it('drops what is for an address without accept, by set, in one transaction that replaces what was there', () => {
    assert.equal(
      ruleset(needs, true),
      [
        'add table ip keepwatch',
        'delete table ip keepwatch',
        'add table ip6 keepwatch',
        'delete table ip6 keepwatch',
        'table ip keepwatch {',
        '  set vips { type ipv4_addr; elements = { 10.0.0.100 } }',
        '  chain in {',
        '    type filter hook input priority -1; policy accept;',
        '    ip daddr @vips drop',
        '  }',
        '}',
        'table ip6 keepwatch {',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('lets neighbour discovery through before it drops, and names the interface of link-local addresses', () => {
    const closed = [
      { vip: vip('2001:db8::1/64'), interface: 'eth0', exists: true },
      { vip: vip('fe80::1/64'), interface: 'eth1', exists: true },
    ];
    const text = ruleset({ options: { ...options, outbound: true, counters: true }, links: [], closed }, true);
    const rules = text.split('\n').filter((line) => /^ {2,4}(set|icmpv6|ip6|chain)/.test(line));
    assert.deepEqual(
      rules.map((rule) => rule.trim()),
      [
        'set vips { type ipv6_addr; elements = { 2001:db8::1 } }',
        'set link_local_vips { type ipv6_addr . ifname; elements = { fe80::1 . "eth1" } }',
        'chain out {',
        'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
        'ip6 saddr @vips counter drop',
        'ip6 saddr . oifname @link_local_vips counter drop',
        'chain in {',
        'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
        'ip6 daddr @vips counter drop',
        'ip6 daddr . iifname @link_local_vips counter drop',
      ],
    );
  });

  it('by index leaves out interfaces that are not there', () => {
    const closed = [{ vip: vip('fe80::1/64'), interface: 'eth1', exists: false }];
    const text = ruleset({ options: { ...options, byIndex: true }, links: [], closed }, true);
    assert.ok(!text.includes('link_local_vips'));
  });

  it('sends reports of a virtual MAC out by its base, or drops them where the kernel has no dup, or there is no base', () => {
    const reports = (links: FirewallNeeds['links'], duplicate: boolean): string | undefined =>
      /oifname .*igmp.*/.exec(ruleset({ options, links, closed: [] }, duplicate))?.[0];
    assert.equal(reports([link], true), 'oifname "vrrp.51" ip protocol igmp dup to ip daddr device "eth0" drop');
    assert.equal(reports([link], false), 'oifname "vrrp.51" ip protocol igmp drop');
    assert.equal(reports([{ name: 'vrrp.51' }], true), 'oifname "vrrp.51" ip protocol igmp drop');
  });

  it('has no rule for a name that nft would read as something else', () => {
    for (const name of ['a"b', 'x*', 'y;drop', 'a\\b', 'z}'])
      assert.ok(!ruleset({ options, links: [{ name, base: 'eth0' }], closed: [] }, true).includes('oifname'), name);
  });
});
