import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { formatOid, isBelow } from '../../../services/snmp/agentx/oid.js';
import type { SnmpValue } from '../../../services/snmp/agentx/value.js';
import { servedObjects, servedRoots } from '../../../services/snmp/mib/objects.js';
import { MibView } from '../../../services/snmp/mibView.js';
import { CONFIG, served } from './fixture.js';
import { readMib } from './mibFile.js';

const K = '1.3.6.1.4.1.9586.100.5';
const V2 = '1.3.6.1.2.1.68';
const V3 = '1.3.6.1.2.1.207';

const whole = new MibView(servedObjects(served()).objects);
const shown = new Map(whole.objects.map(({ oid, value }) => [formatOid(oid), plain(value)]));

function plain(value: SnmpValue): unknown {
  if (!('value' in value)) return value.type;
  return value.value instanceof Uint8Array ? Buffer.from(value.value).toString('latin1') : value.value;
}

const check = (values: Readonly<Record<string, unknown>>): void => {
  for (const [oid, value] of Object.entries(values)) assert.deepEqual(shown.get(oid), value, oid);
};

test('what the global part says', () => {
  check({
    [`${K}.1.1.0`]: 'Keepwatch v0.1.0',
    [`${K}.1.2.0`]: 'R1',
    [`${K}.1.3.1.0`]: 1,
    [`${K}.1.3.2.0`]: '\xc0\x00\x02\x19',
    [`${K}.1.3.4.0`]: 'keepalived@host',
    [`${K}.1.3.5.1.2.2`]: 'b@example.org',
    [`${K}.1.3.6.0`]: 2525,
    [`${K}.1.3.8.0`]: 1,
    [`${K}.1.3.9.0`]: 3,
    [`${K}.1.4.0`]: 1,
    [`${K}.1.8.0`]: '',
    [`${K}.1.9.0`]: 2,
  });
});

test('instances are numbered as they stand in the configuration; what nobody knows is not there', () => {
  const entry = `${K}.2.3.1`;
  check({
    [`${entry}.2.1`]: 'VI_1',
    [`${entry}.2.2`]: 'VI_2',
    [`${entry}.4.1`]: 2,
    [`${entry}.4.2`]: 3,
    [`${entry}.7.1`]: 100,
    [`${entry}.8.1`]: 110,
    [`${entry}.9.1`]: 1,
    [`${entry}.12.1`]: 1,
    [`${entry}.12.2`]: 50,
    [`${entry}.13.1`]: 2,
    [`${entry}.15.1`]: 1,
    [`${entry}.18.1`]: 'VG',
    [`${entry}.20.1`]: 1,
    [`${entry}.20.2`]: 2,
    [`${entry}.22.1`]: "'/bin/notify' 'a'",
    [`${entry}.22.2`]: undefined,
    [`${entry}.35.1`]: '\xe0\x00\x00\x12',
    // A unicast instance has no group.
    [`${entry}.35.2`]: undefined,
    // A silent service: unknown(4).
    [`${K}.2.1.1.3.1`]: 4,
    [`${K}.2.2.1.2.1.2`]: 'VI_2',
    [`${K}.2.5.1.2.1.1`]: 'chk',
    [`${K}.2.6.1.3.1.1`]: '\x0a\x09\x00\x64',
    [`${K}.2.6.1.4.1.1`]: '\x0a\x09\x00\xff',
    [`${K}.2.6.1.4.1.2`]: undefined,
    [`${K}.2.6.1.9.1.1`]: 'eth0:1',
    [`${K}.2.6.1.11.1.2`]: 2,
    [`${K}.2.9.1.3.1`]: "'/bin/check' 'me'",
    [`${K}.2.9.1.6.1`]: 3,
    [`${K}.2.9.1.7.1`]: 3,
    [`${K}.2.9.1.9.1`]: 1,
  });
});

test('virtual and real servers with what the kernel counted', () => {
  const [virtual, server] = [`${K}.3.3.1`, `${K}.3.4.1`];
  check({
    [`${virtual}.2.1`]: 2,
    [`${virtual}.2.2`]: 1,
    [`${virtual}.4.2`]: 42,
    [`${virtual}.9.1`]: 8,
    [`${virtual}.10.1`]: 2,
    [`${virtual}.14.1`]: 60,
    [`${virtual}.15.1`]: '\xff\xff\xff\x00',
    [`${virtual}.16.1`]: 6,
    [`${virtual}.20.1`]: 2,
    [`${virtual}.21.1`]: 1,
    [`${virtual}.23.1`]: 2,
    [`${virtual}.28.1`]: 1,
    [`${virtual}.30.1`]: 2n ** 40n,
    [`${virtual}.39.1`]: 2n ** 32n + 1n,
    // sh-fallback and sh-port.
    [`${virtual}.53.1`]: 2,
    [`${virtual}.54.1`]: 1,
    [`${virtual}.64.1`]: 6_500_000,
    [`${virtual}.71.1`]: 'front',
    // Not in the table, not counted.
    [`${virtual}.11.2`]: undefined,
    [`${virtual}.27.2`]: undefined,
    [`${server}.2.1.3`]: 2,
    [`${server}.4.1.1`]: '\x0a\x09\x01\x01',
    [`${server}.6.1.2`]: 2,
    [`${server}.7.1.1`]: 5,
    [`${server}.8.1.1`]: 9,
    [`${server}.10.1.2`]: 2,
    [`${server}.12.1.1`]: "'/bin/down'",
    [`${server}.13.1.2`]: 1,
    [`${server}.14.1.1`]: 4,
    [`${server}.15.1.1`]: 2,
    [`${server}.55.1.1`]: 'one',
    [`${K}.3.1.1.2.1`]: 'WEB',
    [`${K}.3.2.1.2.1.1`]: 2,
    [`${K}.3.2.1.7.1.2`]: '\x0a\x08\x00\x09',
    [`${K}.3.2.1.3.1.3`]: 3,
    [`${K}.3.6.2.0`]: 'eth0',
    [`${K}.3.6.3.0`]: 'VI_1',
    [`${K}.3.6.4.0`]: 7,
    [`${K}.3.7.1.0`]: 900,
    [`${K}.3.7.2.0`]: undefined,
    [`${K}.3.7.3.0`]: 300,
  });
});

test('the MIBs of the RFCs: rows by interface and VRID, where the interface is there', () => {
  check({
    [`${V2}.1.1.0`]: 2,
    [`${V2}.1.3.1.2.2.51`]: '\x02\x00\x00\x00\x00\x09',
    [`${V2}.1.3.1.3.2.51`]: 3,
    [`${V2}.1.3.1.5.2.51`]: 100,
    [`${V2}.1.3.1.7.2.51`]: '\x0a\x09\x00\x01',
    [`${V2}.1.3.1.8.2.51`]: '\x0a\x09\x00\x01',
    [`${V2}.1.3.1.9.2.51`]: 2,
    [`${V2}.1.4.1.2.2.51.10.9.0.100`]: 1,
    [`${V2}.2.3.0`]: 4,
    [`${V2}.2.4.1.1.2.51`]: 2,
    // Counter32 wraps.
    [`${V2}.2.4.1.2.2.51`]: 0,
    [`${V2}.2.4.1.5.2.51`]: 3,
    [`${V3}.1.1.1.1.9.2.51.1`]: 100,
    [`${V3}.1.1.2.1.2.2.51.1.4.10.9.0.100`]: 1,
    [`${V3}.1.2.5.1.2.2.51.1`]: 3,
    [`${V3}.1.2.5.1.3.2.51.1`]: 2n ** 33n,
    [`${V3}.1.2.5.1.6.2.51.1`]: undefined,
  });
  // eth1 is not there.
  assert.ok(![...shown.keys()].some((oid) => oid.startsWith(V3) && oid.includes('.52.')));
});

test('only what is asked for is served', () => {
  const vrrpOnly = served('global_defs {\n enable_snmp_vrrp\n}\n');
  const roots = servedRoots(vrrpOnly.settings);
  assert.deepEqual(roots.map(formatOid), [`${K}.1`, `${K}.2`]);
  const { objects } = servedObjects(vrrpOnly);
  assert.ok(objects.length > 20);
  assert.ok(objects.every(({ oid }) => roots.some((root) => isBelow(oid, root))));
  assert.deepEqual(servedRoots(served('global_defs {\n enable_traps\n}\n').settings), []);
});

const MIBS = '/usr/share/snmp/mibs';
const [KEEPALIVED_FILE, V2_FILE, V3_FILE] = ['KEEPALIVED-MIB', 'VRRP-MIB', 'VRRPv3-MIB'].map(
  (name) => `${MIBS}/${name}.txt`,
);
const skip = existsSync(KEEPALIVED_FILE ?? '') ? false : `no ${KEEPALIVED_FILE}: it comes with keepalived`;

/** Syntaxes of the MIBs, as types on the wire. */
const TYPES: Readonly<Record<string, SnmpValue['type']>> = {
  INTEGER: 'integer',
  Integer32: 'integer',
  TruthValue: 'integer',
  RowStatus: 'integer',
  InetAddressType: 'integer',
  InetScopeType: 'integer',
  InterfaceIndex: 'integer',
  TimeInterval: 'integer',
  Unsigned32: 'gauge32',
  Gauge32: 'gauge32',
  InetPortNumber: 'gauge32',
  InetAddressPrefixLength: 'gauge32',
  DisplayString: 'octets',
  InetAddress: 'octets',
  MacAddress: 'octets',
  OCTET: 'octets',
  Counter32: 'counter32',
  Counter64: 'counter64',
  TimeStamp: 'timeTicks',
  IpAddress: 'ipAddress',
};

test('every object is one of the MIB files, with its type and a number that is allowed', { skip }, () => {
  const mib = new Map([
    ...readMib(KEEPALIVED_FILE ?? '', { enterprises: '1.3.6.1.4.1' }),
    ...readMib(V2_FILE ?? '', { 'mib-2': '1.3.6.1.2.1' }),
    ...readMib(V3_FILE ?? '', { 'mib-2': '1.3.6.1.2.1' }),
  ]);
  assert.ok(mib.size > 400, String(mib.size));
  for (const { oid, value } of whole.objects) {
    const definition = oid
      .map((_, index) => mib.get(formatOid(oid.slice(0, oid.length - index))))
      .find((one) => one !== undefined);
    const about = `${formatOid(oid)} ${definition?.name}`;
    assert.ok(
      definition !== undefined && definition.access !== 'not-accessible' && !/Table|Entry/.test(definition.name),
      about,
    );
    assert.equal(value.type, TYPES[definition.syntax], `${about}: ${definition.syntax}`);
    if (definition.numbers.size > 0)
      assert.ok(definition.numbers.has(Number(plain(value))), `${about}: ${plain(value)}`);
  }
});

test('a large suite is built in one piece, in order', () => {
  const one = served(CONFIG);
  const [, instance] = one.status.vrrp?.instances ?? [];
  const instances = Array.from({ length: 2_000 }, (_, index) => ({
    ...(instance ?? assert.fail()),
    name: `I_${index}`,
    vrid: 1 + (index % 255),
  }));
  const { objects } = servedObjects({
    ...one,
    status: { ...one.status, vrrp: { ...(one.status.vrrp ?? assert.fail()), instances } },
  });
  assert.ok(objects.length > 100_000);
  assert.equal(new MibView(objects).objects.length, objects.length);
});
