/** Control packets byte by byte, and what tshark reads in them. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ControlPacket } from '../../../services/bfdd/packet/controlPacket.js';
import { encodeControlPacket } from '../../../services/bfdd/packet/encode.js';
import { decodeControlPacket } from '../../../services/bfdd/packet/receive.js';
import { micros } from '../../../services/shared/time/duration.js';

const PLAIN: ControlPacket = {
  diagnostic: 0,
  state: 'down',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMultiplier: 5,
  myDiscriminator: 0x1122_3344,
  yourDiscriminator: 0,
  desiredMinTx: micros(1_000_000),
  requiredMinRx: micros(10_000),
  requiredMinEchoRx: micros(0),
};

interface Golden {
  readonly title: string;
  readonly packet: ControlPacket;
  readonly hex: string;
  /** Fields as tshark names them. */
  readonly tshark: Readonly<Record<string, string>>;
}

const GOLDEN: readonly Golden[] = [
  {
    title: 'the first packet of a session',
    packet: PLAIN,
    hex: '20400518 11223344 00000000 000f4240 00002710 00000000',
    tshark: { 'bfd.version': '1', 'bfd.sta': '0x01', 'bfd.diag': '0x00', 'bfd.detect_time_multiplier': '5' },
  },
  {
    title: 'Up with a poll',
    packet: { ...PLAIN, state: 'up', poll: true, yourDiscriminator: 0x5566_7788, desiredMinTx: micros(10_000) },
    hex: '20e00518 11223344 55667788 00002710 00002710 00000000',
    tshark: {
      'bfd.sta': '0x03',
      'bfd.flags.p': '1',
      'bfd.flags.f': '0',
      'bfd.my_discriminator': '0x11223344',
      'bfd.your_discriminator': '0x55667788',
      'bfd.desired_min_tx_interval': '10000',
      'bfd.required_min_rx_interval': '10000',
    },
  },
  {
    title: 'Init with a Final',
    packet: { ...PLAIN, state: 'init', final: true, yourDiscriminator: 1 },
    hex: '20900518 11223344 00000001 000f4240 00002710 00000000',
    tshark: { 'bfd.sta': '0x02', 'bfd.flags.p': '0', 'bfd.flags.f': '1' },
  },
  {
    title: 'Down after silence',
    packet: { ...PLAIN, diagnostic: 1, yourDiscriminator: 1 },
    hex: '21400518 11223344 00000001 000f4240 00002710 00000000',
    tshark: { 'bfd.sta': '0x01', 'bfd.diag': '0x01' },
  },
  {
    title: 'AdminDown with all that can be said',
    packet: {
      ...PLAIN,
      diagnostic: 7,
      state: 'admin-down',
      controlPlaneIndependent: true,
      demand: true,
      detectMultiplier: 255,
      yourDiscriminator: 0xffff_ffff,
      desiredMinTx: micros(0xffff_ffff),
      requiredMinRx: micros(0),
      requiredMinEchoRx: micros(0x0102_0304),
    },
    hex: '270aff18 11223344 ffffffff ffffffff 00000000 01020304',
    tshark: { 'bfd.sta': '0x00', 'bfd.diag': '0x07', 'bfd.flags.c': '1', 'bfd.flags.d': '1' },
  },
];

const bytesOf = ({ hex }: Golden): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('golden BFD control packets', () => {
  for (const golden of GOLDEN) {
    it(`encodes ${golden.title}`, () => assert.deepEqual(encodeControlPacket(golden.packet), bytesOf(golden)));
    it(`decodes ${golden.title}`, () => {
      const expected = { ok: true, authenticated: false, packet: golden.packet };
      assert.deepEqual(decodeControlPacket(bytesOf(golden)), expected);
    });
  }

  const noTshark = spawnSync('tshark', ['--version']).error !== undefined;
  it('are what tshark reads in them', { skip: noTshark && 'tshark is not installed' }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'keepwatch-bfd-'));
    try {
      const file = join(folder, 'packets.pcap');
      writeFileSync(file, pcap(GOLDEN.map((golden) => datagram(encodeControlPacket(golden.packet)))));
      const output = execFileSync('tshark', ['-r', file, '-T', 'json'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const read = JSON.parse(output) as { _source: { layers: { bfd?: unknown } } }[];
      assert.equal(read.length, GOLDEN.length);
      for (const [index, { title, tshark }] of GOLDEN.entries()) {
        const fields = flat(read[index]?._source.layers.bfd);
        for (const [name, value] of Object.entries(tshark)) assert.equal(fields[name], value, `${title}: ${name}`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** An IPv4 datagram to port 3784. */
function datagram(payload: Buffer): Buffer {
  const header = Buffer.alloc(28);
  header[0] = 0x45;
  header.writeUInt16BE(28 + payload.length, 2);
  header[8] = 255;
  header[9] = 17;
  header.writeUInt32BE(0x0a00_0001, 12);
  header.writeUInt32BE(0x0a00_0002, 16);
  header.writeUInt16BE(49_152, 20);
  header.writeUInt16BE(3784, 22);
  header.writeUInt16BE(8 + payload.length, 24);
  return Buffer.concat([header, payload]);
}

/** A capture file (pcap, microseconds, raw IP). */
function pcap(packets: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2_c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(101, 20);
  const records = packets.map((packet) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return Buffer.concat([record, packet]);
  });
  return Buffer.concat([head, ...records]);
}

function flat(node: unknown, into: Record<string, string> = {}): Record<string, string> {
  if (typeof node !== 'object' || node === null) return into;
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === 'string') into[key] = value;
    else flat(value, into);
  }
  return into;
}
