import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { instant } from '../../../services/shared/time/duration.js';
import { encodeAdvertisementV2, encodeAdvertisementV3 } from '../../../services/vrrpd/packet/encode.js';
import { gratuitousArp } from '../../../services/vrrpd/packet/gratuitousArp.js';
import { neighbourAdvertisement } from '../../../services/vrrpd/packet/neighbourAdvertisement.js';
import { decodeMessage } from '../../../services/vrrpd/packet/receive.js';
import { address } from '../../unit/vrrpd/fsm/support.js';
import { GOLDEN, GOLDEN_ARP, GOLDEN_NA, type GoldenAdvertisement, MAC } from './packets.js';

function encode({ advertisement, family, source, destination }: GoldenAdvertisement): Uint8Array {
  return advertisement.version === 2
    ? encodeAdvertisementV2(advertisement)
    : encodeAdvertisementV3(advertisement, family, { over: 'pseudo-header', source, destination });
}

describe('golden packets', () => {
  for (const golden of GOLDEN) {
    it(`encodes ${golden.title}`, () => assert.deepEqual(encode(golden), golden.bytes));
    it(`decodes ${golden.title}`, () => {
      const { bytes: payload, source, destination, family } = golden;
      const rest = { ttl: 255, ipHeader: new Uint8Array(0), protocol: 112, receivedAt: instant(0) };
      const decoded = decodeMessage({ payload, source, destination, ...rest }, { family, unicast: false });
      assert.ok(typeof decoded !== 'string', `dropped: ${String(decoded)}`);
      assert.deepEqual(decoded.advertisement, golden.advertisement);
    });
  }

  it('builds a gratuitous ARP', () => assert.deepEqual(gratuitousArp(MAC, address('10.0.0.100')), GOLDEN_ARP));
  it('builds an unsolicited neighbour advertisement', () => {
    assert.deepEqual(neighbourAdvertisement(MAC, address('fe80::100')), GOLDEN_NA);
  });
});

/** An Ethernet frame around a VRRP message. */
function frame({ family, source, destination }: GoldenAdvertisement, payload: Uint8Array): Buffer {
  const ethernet = Buffer.alloc(14);
  ethernet.writeUInt16BE(family === 4 ? 0x0800 : 0x86dd, 12);
  if (family === 6) {
    const header = Buffer.alloc(8);
    header[0] = 0x60;
    header.writeUInt16BE(payload.length, 4);
    header[6] = 112;
    header[7] = 255;
    return Buffer.concat([ethernet, header, source, destination, payload]);
  }
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header[8] = 255;
  header[9] = 112;
  return Buffer.concat([ethernet, header, source, destination, payload]);
}

/** A capture file (pcap, microseconds, Ethernet). */
function pcap(frames: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  const records = frames.map((bytes) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    return Buffer.concat([record, bytes]);
  });
  return Buffer.concat([header, ...records]);
}

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

/** Fields of every frame as tshark reads them. */
function tshark(frames: readonly Uint8Array[], fields: readonly string[]): Record<string, string>[] {
  const directory = mkdtempSync(join(tmpdir(), 'keepwatch-golden-'));
  try {
    const file = join(directory, 'packets.pcap');
    writeFileSync(file, pcap(frames));
    const wanted = fields.flatMap((field) => ['-e', field]);
    const text = execFileSync('tshark', ['-r', file, '-T', 'fields', '-E', 'separator=|', ...wanted], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = text.trimEnd().split('\n');
    return lines.map((line) => Object.fromEntries(line.split('|').map((value, at) => [fields[at] ?? '', value])));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('golden packets, judged by tshark', { skip: hasTshark ? false : 'tshark is not installed' }, () => {
  it('reads our advertisements as we meant them, with good checksums', () => {
    const fields = ['vrrp.checksum.status', ...new Set(GOLDEN.flatMap((golden) => Object.keys(golden.tshark)))];
    const read = tshark(
      GOLDEN.map((golden) => frame(golden, encode(golden))),
      fields,
    );
    assert.equal(read.length, GOLDEN.length);
    for (const [index, golden] of GOLDEN.entries()) {
      const found = read[index] ?? {};
      // 1: good.
      assert.equal(found['vrrp.checksum.status'], '1', `${golden.title}: checksum`);
      for (const [field, value] of Object.entries(golden.tshark)) {
        assert.equal(found[field], value, `${golden.title}: ${field}`);
      }
    }
  });

  it('sees a wrong checksum when there is one', () => {
    const [golden] = GOLDEN;
    assert.ok(golden);
    const bytes = encode(golden);
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    assert.equal(tshark([frame(golden, bytes)], ['vrrp.checksum.status'])[0]?.['vrrp.checksum.status'], '0');
  });

  it('sees a gratuitous ARP request', () => {
    const [arp] = tshark([GOLDEN_ARP], ['arp.isgratuitous', 'arp.opcode', 'arp.src.proto_ipv4', 'arp.src.hw_mac']);
    assert.deepEqual(arp, {
      'arp.isgratuitous': '1',
      'arp.opcode': '1',
      'arp.src.proto_ipv4': '10.0.0.100',
      'arp.src.hw_mac': '02:00:00:00:00:01',
    });
  });

  it('sees an unsolicited neighbour advertisement with a good checksum', () => {
    const fields = ['icmpv6.type', 'icmpv6.checksum.status', 'icmpv6.nd.na.flag.o', 'icmpv6.nd.na.flag.s'];
    const [found] = tshark([GOLDEN_NA], [...fields, 'icmpv6.nd.na.target_address', 'icmpv6.opt.linkaddr']);
    assert.deepEqual(found, {
      'icmpv6.type': '136',
      'icmpv6.checksum.status': '1',
      'icmpv6.nd.na.flag.o': '1',
      'icmpv6.nd.na.flag.s': '0',
      'icmpv6.nd.na.target_address': 'fe80::100',
      'icmpv6.opt.linkaddr': '02:00:00:00:00:01',
    });
  });
});
