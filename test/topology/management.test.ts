/** SNMP and D-Bus of keepalived and of Keepwatch for the same configuration on the same machine: what both show is the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { block, instance, pass } from './lib/config.js';
import { eventually } from './lib/eventually.js';
import { Lab } from './lib/lab.js';
import { ONLOOKERS, Onlookers } from './lib/onlookers.js';
import { Router } from './lib/router.js';
import { keepalived, keepwatch, type Software } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

const K = '1.3.6.1.4.1.9586.100.5';
const V2 = '1.3.6.1.2.1.68';
const V3 = '1.3.6.1.2.1.207';
const STATE = `${K}.2.3.1.4`;
const DBUS = '/org/keepalived/Vrrp1';

const CONFIG = `${[
  block('global_defs', [
    'router_id LAB',
    'notification_email {\n  a@example.org\n  b@example.org\n}',
    'notification_email_from vrrp@example.org',
    'smtp_server 192.0.2.25 2525',
    'smtp_connect_timeout 12',
    'smtp_alert_vrrp on',
    'enable_snmp_vrrp',
    'enable_snmp_rfc',
    'enable_traps',
    'enable_dbus',
    'snmp_socket unix:/run/agentx',
    'enable_script_security',
    'script_user root',
    'vrrp_garp_master_delay 3',
  ]),
  block('vrrp_script good', ['script "/usr/bin/test 1 -eq 1"', 'interval 1', 'weight 7', 'rise 1', 'fall 2']),
  block('vrrp_sync_group VG', ['group {\n  TWO\n  THREE\n}', 'notify_master "/usr/bin/true group"', 'smtp_alert off']),
  instance({
    name: 'ONE',
    vrid: 51,
    priority: 100,
    addresses: ['10.9.0.100/24 label eth0:1', '10.9.0.101/32'],
    more: [
      pass('secret'),
      block('track_script', ['good']),
      block('track_interface', ['eth1 weight 5']),
      'notify_master "/usr/bin/true a b"',
      'notify "/usr/bin/true"',
      'preempt_delay 2',
    ],
  }),
  instance({ name: 'TWO', vrid: 52, priority: 90, advertInt: 0.3, addresses: ['10.9.0.102/24'], more: ['version 3'] }),
  instance({
    name: 'THREE',
    vrid: 53,
    priority: 90,
    advertInt: 0.3,
    addresses: ['fe80::53/64', '2001:db8::53/64'],
    more: ['nopreempt', 'garp_master_delay 4', 'smtp_alert off'],
  }),
].join('\n\n')}\n`;

interface Seen {
  readonly objects: ReadonlyMap<string, string>;
  readonly traps: readonly string[][];
  readonly signals: readonly string[];
  readonly introspection: string;
}

/** One router from its start to its stop, as onlookers see it. */
async function look(software: Software): Promise<Seen> {
  const lab = await Lab.start();
  try {
    const host = await lab.host('r1');
    const own = ['10.9.0.1/24', 'fd09::1/64'];
    const cable = await lab.network.connect(host, 'eth0', 'lan', own);
    await lab.network.connect(host, 'eth1', 'other', ['10.9.1.1/24']);
    await eventually('addresses are ready', async () => {
      const all = await host.ip('-6', '-o', 'address', 'show', 'dev', 'eth0');
      return all.includes('fe80:') && (await host.ip('-6', '-o', 'address', 'show', 'tentative')) === '';
    });
    const onlookers = await Onlookers.start(host);
    const router = new Router(host, software, new Map([['eth0', cable]]), new Map([['eth0', own]]));
    await bringUp(lab, router, CONFIG);
    const objects = await eventually(
      `${software.name}: all instances are master and all scripts known`,
      async () => {
        const found = await onlookers.walk(K, V2, V3);
        const seen = [1, 2, 3].map((number) => found.get(`${STATE}.${number}`));
        const known = [...seen, found.get(`${K}.2.9.1.6.1`)].join(', ');
        if (known === 'INTEGER: 2, INTEGER: 2, INTEGER: 2, INTEGER: 3') return found;
        const said = router
          .log()
          .split('\n')
          .filter((line) => line.includes('snmp'));
        throw new Error(`${found.size} objects, states ${known}\n${said.join('\n')}`);
      },
      { within: 12_000, every: 200 },
    );
    const mac = macBytes(await host.ip('-o', 'link', 'show', 'dev', 'eth0'));
    const introspection = await onlookers.introspect(DBUS);
    // Of three instances by two or three MIBs, and of the group.
    const told = (): number => onlookers.traps().filter(isOfMaster).length;
    await eventually('traps of all masters came', () => told() >= MASTER_TRAPS, { within: 10_000 });
    // Not stop(): the onlookers stay.
    router.signal('SIGTERM');
    await router.exited();
    await eventually('VrrpStopped came', () => onlookers.signals().includes(`${DBUS}/Vrrp VrrpStopped`));
    return { objects: withoutMac(objects, mac), traps: onlookers.traps(), signals: onlookers.signals(), introspection };
  } finally {
    await lab.close();
  }
}

/** vrrpInstanceStateChange of three, vrrpSyncGroupStateChange, vrrpTrapNewMaster of one, vrrpv3NewMaster of three. */
const MASTER_TRAPS = 8;
const SIGNALS = [
  'Instance/eth0/51/IPv4 VrrpStatusChange 2',
  'Instance/eth0/52/IPv4 VrrpStatusChange 2',
  'Instance/eth0/53/IPv6 VrrpStatusChange 2',
  'Vrrp VrrpStopped',
];

/** Objects that differ, by their names without the index, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  [`${K}.1.1`]: 'the version is that of the program',
  [`${K}.2.3.1.11`]: 'keepalived says notTracked of an interface whose failure is a fault all the same',
  [`${K}.2.6.1.6`]: 'keepalived says global of link-local addresses',
  [`${K}.2.6.1.11`]: 'keepalived says notAdvertised of the addresses of IPv6 instances, which it advertises',
  [`${V2}.1.3.1.7`]: 'keepalived says 0.0.0.0 for the master that it is itself',
  [`${V3}.1.2.5.1.13`]: 'ours are as old as the status at most; keepalived says its advert_int',
};

/** Objects that only keepalived has, and why. */
const ONLY_THEIRS: Readonly<Record<string, string>> = {
  [`${K}.2.4.1`]: 'the second index counts instead of being ifIndex, as the MIB has it',
  [`${K}.2.3.1.27`]: 'VRRP version 2 has no accept mode; keepalived says 0, which the MIB does not have',
  [`${V2}.1.3.1.13`]: 'since when an instance takes part is not known after a crash that nobody noticed',
  [`${V3}.1.1.1.1.12`]: 'as above',
  [`${V3}.1.1.2.1.2`]: 'keepalived leaves the length of the address out of the index, against RFC 2578',
  [`${V3}.1.2.5.1.2`]: 'why a member follows its sync group is none of the reasons',
};

/** Objects that only Keepwatch has, and why. */
const ONLY_OURS: Readonly<Record<string, string>> = {
  [`${K}.2.4.1`]: 'with ifIndex',
  [`${V2}.1.3.1.10`]: 'the RFC wants it, empty',
  [`${V3}.1.1.2.1.2`]: 'with the length of the address',
};

/** What a list of exceptions says of an object: its name is the object's without some numbers at the end. */
const excused = (oid: string, list: Readonly<Record<string, string>>): string | undefined =>
  Object.keys(list).find((name) => oid === name || oid.startsWith(`${name}.`));

test('SNMP and D-Bus show what those of keepalived show', { skip: await keepwatchSkip(...ONLOOKERS) }, async () => {
  const [theirs, ours] = [await look(keepalived), await look(keepwatch)];
  const used = new Set<string>();
  const wrong: string[] = [];
  const judge = (oid: string, list: Readonly<Record<string, string>>, text: string): void => {
    const reason = excused(oid, list);
    if (reason === undefined) wrong.push(`${oid}: ${text}`);
    else used.add(reason);
  };
  for (const [oid, value] of theirs.objects) {
    const own = ours.objects.get(oid);
    if (own === undefined) judge(oid, ONLY_THEIRS, `only keepalived has it: ${value}`);
    else if (own !== value) judge(oid, DIFFERENT, `keepalived ${value}, Keepwatch ${own}`);
  }
  for (const [oid, value] of ours.objects)
    if (!theirs.objects.has(oid)) judge(oid, ONLY_OURS, `only Keepwatch has it: ${value}`);
  assert.deepEqual(wrong, []);
  const listed = [DIFFERENT, ONLY_THEIRS, ONLY_OURS].flatMap(Object.keys);
  assert.deepEqual(
    listed.filter((name) => !used.has(name)),
    [],
    'every difference that is listed is one',
  );
  assert.ok(theirs.objects.size > 200, `${theirs.objects.size} objects`);
  assert.deepEqual(ours.introspection.split('\n').sort(), theirs.introspection.split('\n').sort());
  assert.deepEqual(namesOf(ours.traps), namesOf(theirs.traps));
  for (const { signals } of [theirs, ours]) {
    for (const signal of SIGNALS)
      assert.ok(signals.includes(`${DBUS}/${signal}`), `${signal} in\n${signals.join('\n')}`);
  }
});

/** The bytes of the hardware address, as snmpwalk prints them. */
const macBytes = (link: string): readonly string[] =>
  (/link\/ether ([0-9a-f:]+)/.exec(link)?.[1] ?? '').toUpperCase().split(':');

/** Each machine has another one, and a link-local address that follows from it. */
function withoutMac(objects: ReadonlyMap<string, string>, mac: readonly string[]): ReadonlyMap<string, string> {
  const [first = '', ...rest] = mac;
  const flipped = (Number.parseInt(first, 16) ^ 2).toString(16).toUpperCase().padStart(2, '0');
  const local = [flipped, ...rest.slice(0, 2), 'FF', 'FE', ...rest.slice(2)].join(' ');
  const plain = (value: string): string => value.replace(mac.join(' '), 'MAC').replace(local, 'OF THE MAC');
  return new Map([...objects].map(([oid, value]) => [oid, plain(value)]));
}

/** Which traps of masters came and the names of what they carry, without the numbers of rows, which keepalived leaves out. */
const namesOf = (traps: readonly string[][]): string[] =>
  [
    ...new Set(
      traps
        .filter(isOfMaster)
        .map(([trap, ...pairs]) =>
          [
            trap,
            ...pairs
              .map((pair) => pair.replace(/ = .*/, '').replace(ROW, '$1'))
              .filter((name) => !name.startsWith(REASON)),
          ].join(' '),
        ),
    ),
  ].sort();

const ROW = /^(\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.[13]\.1\.\d+)\.\d+$/;
/** Why it became master: see the objects that only keepalived has. */
const REASON = `.${V3}.1.2.5.1.2.`;

/** A trap of the RFCs, or one of a state that is master(2). */
function isOfMaster([trap = '', ...pairs]: readonly string[]): boolean {
  // snmpd has traps of its own.
  if ([V2, V3].some((root) => trap.startsWith(`.${root}.`))) return true;
  const isMaster = (pair: string): boolean => /\.(?:1\.1\.3|3\.1\.4)(?:\.\d+)? = INTEGER: 2$/.test(pair);
  return trap.startsWith(`.${K}.`) && pairs.some(isMaster);
}
