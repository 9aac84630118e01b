import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { canMakeNamespaces, NamespacePair } from './namespaces.js';

interface Event {
  readonly kind: string;
  readonly name?: string;
  readonly up?: boolean;
  readonly address?: string;
}

interface AddressReport {
  readonly added: number;
  readonly again: number;
  readonly present: number;
  readonly mixed: readonly string[];
  readonly why: readonly string[];
  readonly labelled: { readonly address: readonly number[]; readonly scope: number; readonly prefixLength: number };
  readonly removed: number;
  readonly removedAgain: readonly boolean[];
  readonly left: number;
  readonly eventsInside: number;
}

describe('the kernel in a namespace', { skip: !canMakeNamespaces() && 'needs network namespaces' }, () => {
  let pair: NamespacePair;
  before(() => {
    pair = new NamespacePair();
  });
  after(() => pair.remove());

  it('tells links going down, up, coming and going, and addresses', async () => {
    const probe = pair.probe(pair.left, 'network', 'monitor');
    await probe.until((value) => value === 'ready');
    const left = (...args: readonly string[]): string => pair.ip('-n', pair.left, ...args);
    left('link', 'set', 'e0', 'down');
    await probe.until<Event>((event) => event.kind === 'link' && event.name === 'e0' && event.up === false);
    left('link', 'set', 'e0', 'up');
    await probe.until<Event>((event) => event.kind === 'link' && event.name === 'e0' && event.up === true);
    // The cable: the peer goes down, the link stays administratively up.
    pair.ip('-n', pair.right, 'link', 'set', 'e0', 'down');
    await probe.until<Event>((event) => event.kind === 'link' && event.name === 'e0' && event.up === false);
    pair.ip('-n', pair.right, 'link', 'set', 'e0', 'up');
    await probe.until<Event>((event) => event.kind === 'link' && event.name === 'e0' && event.up === true);
    left('link', 'add', 'd0', 'type', 'bridge');
    await probe.until<Event>((event) => event.kind === 'link' && event.name === 'd0');
    left('addr', 'add', '10.66.0.1/24', 'dev', 'd0');
    await probe.until<Event>((event) => event.kind === 'address' && event.address === '10.66.0.1');
    left('addr', 'del', '10.66.0.1/24', 'dev', 'd0');
    await probe.until<Event>((event) => event.kind === 'address-removed' && event.address === '10.66.0.1');
    left('link', 'del', 'd0');
    await probe.until<Event>((event) => event.kind === 'link-removed' && event.name === 'd0');
    probe.say('close');
    await probe.until((value) => value === 'closed');
    await probe.stop();
  });

  it('adds and removes 1000 addresses in one call each, with one result each', async () => {
    const probe = pair.probe(pair.left, 'network', 'addresses');
    const result = await probe.next<AddressReport>();
    assert.equal(result.added, 1000);
    assert.equal(result.again, 1000);
    assert.equal(result.present, 1000);
    assert.deepEqual(result.mixed, ['ok', 'ENODEV', 'EINVAL', 'ok']);
    assert.match(result.why[2] ?? '', /10\.99\.9\.9\/77 on interface \d+.*[Ii]nvalid prefix/);
    const labelled = result.labelled;
    assert.deepEqual([labelled.address, labelled.scope, labelled.prefixLength], [[10, 99, 9, 9], 253, 24]);
    assert.equal(result.removed, 1000);
    assert.deepEqual(result.removedAgain, [true, true, true]);
    assert.equal(result.left, 1);
    assert.equal(result.eventsInside, 0);
    const { eventsAfter } = await probe.next<{ eventsAfter: number }>();
    assert.ok(eventsAfter >= 2001, `${eventsAfter} notifications`);
    pair.ip('-n', pair.left, 'addr', 'del', '10.99.9.9/24', 'dev', 'e0');
    await probe.stop();
  });

  it('survives a monitor that was overrun: one resync, then life goes on', async () => {
    const probe = pair.probe(pair.left, 'network', 'overrun');
    const resync = await probe.next<{ kind: string; links: number; addresses: number }>();
    assert.equal(resync.kind, 'resync');
    assert.equal(resync.links, 2);
    assert.ok(resync.addresses >= 3 && resync.addresses < 1000);
    const { lastKind } = await probe.until<{ lastKind?: string }>((value) => value.lastKind !== undefined);
    assert.equal(lastKind, 'address');
    await probe.stop();
    pair.ip('-n', pair.left, 'addr', 'del', '10.99.0.0/32', 'dev', 'e0');
  });

  it('sends frames exactly as they are, in order, more than one batch', async () => {
    const capture = spawn('ip', [
      'netns', 'exec', pair.right,
      'tcpdump', '-i', 'e0', '-n', '-U', '-s', '0', '-w', '-', '-c', '300', 'ether src 02:00:5e:00:01:33 and arp',
    ]); // biome-ignore format: one argument list
    const chunks: Buffer[] = [];
    capture.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const exit = once(capture, 'exit');
    let listening = '';
    while (!listening.includes('listening')) {
      const [text] = (await once(capture.stderr, 'data')) as [Buffer];
      listening += text.toString();
    }
    const probe = pair.probe(pair.left, 'network', 'frames');
    await probe.until((value) => value === 'ready');
    // A gratuitous ARP from a MAC that is not the interface's; the last two bytes are numbered.
    const arp = 'ffffffffffff02005e0001330806000108000604000102005e0001330a4d0064ffffffffffff0a4d0064';
    probe.say(`300 ${arp}`);
    assert.deepEqual(await probe.next(), { taken: 300 });
    await exit;
    const frames = readPcap(Buffer.concat(chunks));
    assert.equal(frames.length, 300);
    for (const [index, frame] of frames.entries()) {
      assert.equal(frame.toString('hex', 0, 40), arp.slice(0, 80));
      assert.equal(frame.readUInt16BE(40), index);
    }
    probe.say('1 ffffffff');
    assert.match((await probe.next<{ error: string }>()).error, /a frame of 4 bytes has no Ethernet header/);
    pair.ip('-n', pair.left, 'link', 'set', 'e0', 'down');
    probe.say(`2 ${arp}`);
    assert.match((await probe.next<{ error: string }>()).error, /sendmmsg: ENETDOWN/);
    pair.ip('-n', pair.left, 'link', 'set', 'e0', 'up');
    await probe.stop();
  });

  it('keeps its timer under a flood of 20,000 packets', async () => {
    const probe = pair.probe(pair.right, 'network', 'flood');
    const sender = pair.probe(pair.left, 'sender', '4', '224.0.0.18');
    await Promise.all([probe.until((value) => value === 'ready'), sender.next()]);
    sender.say('10.77.0.1 224.0.0.18 2133640101010cb70a4d00643131313100000000 20000');
    assert.equal(await sender.next(), 'sent');
    let report = { packets: 0, timers: 0, during: 0, worst: 0, least: 0 };
    for (let tries = 0; tries < 50 && report.packets < 19_000; tries++) {
      probe.say('report');
      report = await probe.next();
    }
    // Some loss is the receive buffer's, with two processes on a busy machine.
    assert.ok(report.packets > 15_000, JSON.stringify(report));
    assert.ok(report.during >= 3, JSON.stringify(report));
    assert.ok(report.least >= 0, JSON.stringify(report));
    // Without a bound per wake-up the timer would wait for the whole backlog, some hundred milliseconds.
    assert.ok(report.worst < 150_000, JSON.stringify(report));
    await probe.stop();
    await sender.stop();
  });

  it('gives back every descriptor, also when opening fails half-way', async () => {
    const probe = pair.probe(pair.left, 'network', 'leaks');
    const result = await probe.next<{ before: number; after: number; refused: string; refusals: number }>();
    assert.equal(result.after, result.before);
    assert.equal(result.refusals, 20);
    assert.match(result.refused, /setsockopt SO_BINDTODEVICE: ENODEV: no such device/);
    await probe.stop();
  });
});

/** The frames of a pcap file (little-endian, microseconds), as tcpdump writes on this machine. */
function readPcap(file: Buffer): Buffer[] {
  assert.equal(file.readUInt32LE(0), 0xa1b2c3d4);
  const frames: Buffer[] = [];
  for (let offset = 24; offset + 16 <= file.length; ) {
    const length = file.readUInt32LE(offset + 8);
    frames.push(file.subarray(offset + 16, offset + 16 + length));
    offset += 16 + length;
  }
  return frames;
}
