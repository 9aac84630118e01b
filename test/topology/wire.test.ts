/** Every kind of packet that vrrpd and bfdd send, as tshark reads it off the wire. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { run } from './lib/command.js';
import { block, configuration, instance, pass } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { Lab } from './lib/lab.js';
import { addRouter } from './lib/pair.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

/** One instance, and what tshark has to find in each of its advertisements. */
interface Kind {
  readonly name: string;
  readonly vrid: number;
  readonly address: string;
  readonly lines: readonly string[];
  readonly advertInt: number;
  readonly expect: Readonly<Record<string, string>>;
}

const V4 = { 'ip.src': '10.9.0.1', 'ip.dst': '224.0.0.18', 'ip.ttl': '255', 'eth.dst': '01:00:5e:00:00:12' };
const V2 = { ...V4, 'vrrp.version': '2', 'vrrp.adver_int': '1', 'vrrp.checksum.status': '1' };
const V3 = { 'vrrp.version': '3', 'vrrp.short_adver_int': '10', 'vrrp.checksum.status': '1' };
const AH = block('authentication', ['auth_type AH', 'auth_pass secret12']);
const HMAC = block('auth_hmac', [`key 1 hex:${'5a'.repeat(32)}`]);

const KINDS: readonly Kind[] = [
  { name: 'V2', vrid: 61, address: '10.9.0.101', lines: [], advertInt: 1, expect: { ...V2, 'vrrp.auth_type': '0' } },
  {
    ...{ name: 'PASS', vrid: 62, address: '10.9.0.102', lines: [pass('1111')], advertInt: 1 },
    expect: { ...V2, 'vrrp.auth_type': '1', 'vrrp.auth_string': '1111' },
  },
  {
    ...{ name: 'AH', vrid: 63, address: '10.9.0.103', lines: [AH], advertInt: 1 },
    expect: { ...V2, 'vrrp.auth_type': '2', 'ip.proto': '51', 'ah.spi': '0x0a090001' },
  },
  {
    ...{ name: 'V3', vrid: 64, address: '10.9.0.104', lines: ['version 3'], advertInt: 0.1 },
    expect: { ...V4, ...V3, 'vrrp.ip_addr': '10.9.0.104' },
  },
  {
    ...{ name: 'SIX', vrid: 65, address: 'fe80::9:105', lines: ['version 3'], advertInt: 0.1 },
    expect: { ...V3, 'ipv6.dst': 'ff02::12', 'ipv6.hlim': '255', 'eth.dst': '33:33:00:00:00:12' },
  },
  {
    name: 'UNICAST',
    vrid: 66,
    address: '10.9.0.106',
    lines: ['version 3', 'unicast_ttl 64', block('unicast_peer', ['10.9.0.50'])],
    advertInt: 0.1,
    expect: { ...V3, 'ip.src': '10.9.0.1', 'ip.dst': '10.9.0.50', 'ip.ttl': '64' },
  },
  {
    ...{ name: 'HMAC', vrid: 67, address: '10.9.0.107', lines: ['version 3', HMAC], advertInt: 0.1 },
    // tshark takes the checksum over the signature too, so it has nothing to say about it; the length says it is there.
    expect: { ...V4, 'vrrp.version': '3', 'vrrp.short_adver_int': '10', 'ip.len': String(20 + 8 + 4 + 28) },
  },
  {
    ...{ name: 'VMAC', vrid: 68, address: '10.9.0.108', lines: ['version 3', 'use_vmac'], advertInt: 0.1 },
    expect: { ...V4, ...V3, 'eth.src': '00:00:5e:00:01:44' },
  },
  {
    ...{ name: 'VMAC6', vrid: 69, address: 'fe80::9:109', lines: ['version 3', 'use_vmac'], advertInt: 0.1 },
    expect: { ...V3, 'ipv6.dst': 'ff02::12', 'ipv6.hlim': '255', 'eth.src': '00:00:5e:00:02:45' },
  },
];

/**
 * A session whose other end does not answer, and what tshark has to find in each of its packets (RFC 5880, RFC 5881). The
 * checksum of UDP is none of them: it is left to the device, and a veth never writes it.
 */
const BFD = block('bfd_instance b', ['neighbor_ip 10.9.0.50', 'min_tx 300', 'min_rx 200', 'multiplier 4']);
const BFD_EXPECT: Readonly<Record<string, string>> = {
  ...{ 'ip.src': '10.9.0.1', 'ip.dst': '10.9.0.50', 'ip.ttl': '255' },
  ...{ 'bfd.version': '1', 'bfd.diag': '0x00', 'bfd.detect_time_multiplier': '4', 'bfd.message_length': '24' },
  ...{ 'bfd.your_discriminator': '0x00000000', 'bfd.required_min_echo_interval': '0' },
  // Until the session is up nobody sends faster than once a second (RFC 5880 section 6.8.3).
  ...{ 'bfd.sta': '0x01', 'bfd.desired_min_tx_interval': '1000000', 'bfd.required_min_rx_interval': '200000' },
};

const FIELDS = [
  ...new Set(KINDS.flatMap(({ expect }) => Object.keys(expect))),
  ...['frame.protocols', 'vrrp.virt_rtr_id', 'vrrp.prio', '_ws.malformed', 'ip.checksum.status', 'ipv6.src'],
  ...['arp.isgratuitous', 'arp.src.proto_ipv4', 'arp.src.hw_mac', 'arp.opcode'],
  ...['icmpv6.type', 'icmpv6.checksum.status', 'icmpv6.nd.na.target_address', 'icmpv6.nd.na.flag.o'],
  ...Object.keys(BFD_EXPECT).filter((field) => !field.startsWith('ip.')),
  ...['udp.dstport', 'udp.srcport', 'bfd.my_discriminator'],
  ...['igmp.type', 'igmp.maddr', 'igmp.checksum.status', 'icmpv6.mldr.mar.multicast_address'],
];

type Frame = Readonly<Record<string, string>>;

async function read(file: string): Promise<Frame[]> {
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const checks = ['-o', 'ip.check_checksum:TRUE'];
  const text = await run(['tshark', '-n', '-r', file, ...checks, '-T', 'fields', '-E', 'separator=|', ...fields]);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => Object.fromEntries(line.split('|').map((value, at) => [FIELDS[at] ?? '', value])));
}

async function everyKind(): Promise<void> {
  const lab = await Lab.start();
  try {
    const router = await addRouter(lab, 'r1', underTest, { eth0: '10.9.0.1/24' });
    const client = await lab.host('client');
    await lab.network.connect(client, 'eth0', 'lan', ['10.9.0.50/24']);
    const file = join(lab.directory, 'wire.pcap');
    const filter =
      'ip proto 112 or ip proto 51 or ip6 proto 112 or arp or igmp or icmp6 or ip6 proto 0 or udp port 3784';
    const tcpdump = lab.network.host.spawnInNetwork([
      'tcpdump',
      '-i',
      'lan',
      '-n',
      '-U',
      '--immediate-mode',
      '-B',
      '16384',
      '-s',
      '2048',
      '-Z',
      'root',
      '-w',
      file,
      filter,
    ]);
    let said = '';
    tcpdump.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await eventually('tcpdump listens', () => said.includes('listening on'));
    const blocks = KINDS.map(({ name, vrid, address, lines, advertInt }) =>
      instance({ name, vrid, priority: 100, advertInt, addresses: [`${address} dev eth0`], more: lines }),
    );
    // An interface of its own for a virtual MAC is where its address goes.
    const text = configuration(BFD, ...blocks).replace(
      /(9:109|0\.108) dev eth0/g,
      (found) => found.split(' ')[0] ?? '',
    );
    await bringUp(lab, router, text);
    const control = Control.of(lab, router);
    for (const { name } of KINDS) await control.reaches('MASTER', name, { within: 15_000 });
    control.close();
    await router.stop();
    // What was sent last may still be on its way through the kernel to tcpdump.
    const frames = await eventually('the recording is whole', async () => {
      const recorded = await read(file);
      return recorded.some((frame) => frame['bfd.sta'] === '0x00') ? recorded : undefined;
    });
    const gone = once(tcpdump, 'exit');
    tcpdump.kill('SIGTERM');
    await gone;
    judge(frames);
  } finally {
    await lab.close();
  }
}

function judge(frames: readonly Frame[]): void {
  for (const frame of frames) {
    assert.equal(frame['_ws.malformed'], '', JSON.stringify(frame));
    assert.ok(['', '1'].includes(frame['ip.checksum.status'] ?? ''), JSON.stringify(frame));
  }
  for (const { name, vrid, expect } of KINDS) {
    const adverts = frames.filter((frame) => frame['vrrp.virt_rtr_id'] === String(vrid));
    const priorities = adverts.map((frame) => frame['vrrp.prio']);
    assert.equal(priorities[0], '100', `${name}: ${priorities}`);
    assert.equal(priorities.at(-1), '0', `${name} says goodbye: ${priorities}`);
    for (const advert of adverts) {
      const found = Object.fromEntries(Object.keys(expect).map((field) => [field, advert[field]]));
      assert.deepEqual(found, expect, name);
    }
  }
  for (const { name, address } of KINDS) {
    const announcements = address.includes(':')
      ? frames.filter((frame) => frame['icmpv6.type'] === '136' && frame['icmpv6.nd.na.target_address'] === address)
      : frames.filter((frame) => frame['arp.isgratuitous'] === '1' && frame['arp.src.proto_ipv4'] === address);
    assert.ok(announcements.length >= 5, `${name} is announced ${announcements.length} times`);
    for (const frame of announcements) {
      if (address.includes(':')) {
        assert.equal(frame['icmpv6.checksum.status'], '1', name);
        assert.equal(frame['icmpv6.nd.na.flag.o'], '1', name);
      } else assert.equal(frame['arp.opcode'], '1', name);
    }
  }
  const bfd = frames.filter((frame) => frame['udp.dstport'] === '3784');
  assert.ok(bfd.length >= 2, `${bfd.length} packets of BFD`);
  assert.deepEqual([bfd.at(-1)?.['bfd.sta'], bfd.at(-1)?.['bfd.diag']], ['0x00', '0x07'], 'AdminDown at the end');
  for (const packet of bfd.filter((one) => one['bfd.sta'] !== '0x00')) {
    const found = Object.fromEntries(Object.keys(BFD_EXPECT).map((field) => [field, packet[field]]));
    assert.deepEqual(found, BFD_EXPECT);
    assert.ok(Number(packet['udp.srcport']) >= 49_152, `source port ${packet['udp.srcport']}`);
    assert.ok(Number(packet['bfd.my_discriminator']) > 0, 'a discriminator of its own');
  }
  assert.equal(new Set(bfd.map((packet) => packet['bfd.my_discriminator'])).size, 1);
  // Switches that snoop have to hear that the virtual MAC's interface wants the group.
  const igmp = frames.filter((frame) => frame['igmp.type'] !== '' && frame['igmp.maddr']?.includes('224.0.0.18'));
  assert.ok(igmp.length > 0, 'an IGMP report for 224.0.0.18');
  const mld = frames.filter((frame) => frame['icmpv6.mldr.mar.multicast_address']?.includes('ff02::12'));
  assert.ok(mld.length > 0, 'an MLD report for ff02::12');
}

describe('on the wire, judged by tshark', { skip: await keepwatchSkip('tshark') }, () => {
  test('every kind of packet is what it should be, to the goodbye', everyKind);
});
