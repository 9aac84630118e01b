import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { canMakeNamespaces, NamespacePair } from './namespaces.js';

interface Packet {
  readonly payload: string;
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly protocol: number;
  readonly header: string;
  readonly age: number;
}

/** What descriptor `fd` of this process refers to. */
function target(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

const ADVERT = '2133640101010cb70a4d00643131313100000000';

describe('raw VRRP sockets between two namespaces', {
  skip: !canMakeNamespaces() && 'needs network namespaces',
}, () => {
  let pair: NamespacePair;
  before(() => {
    pair = new NamespacePair();
  });
  after(() => pair.remove());

  it('delivers an IPv4 multicast advertisement with its source, TTL, TOS and payload', async () => {
    const receiver = pair.probe(pair.right, 'receiver', '4', '224.0.0.18');
    const sender = pair.probe(pair.left, 'sender', '4', '224.0.0.18');
    await Promise.all([receiver.next(), sender.next()]);
    sender.say(`10.77.0.1 224.0.0.18 ${ADVERT}`);
    const packet = await receiver.next<Packet>();
    assert.equal(packet.payload, ADVERT);
    assert.equal(packet.source, '10.77.0.1');
    assert.equal(packet.destination, '224.0.0.18');
    assert.equal(packet.ttl, 255);
    assert.equal(packet.protocol, 112);
    // Version, TOS CS6, length, identification 1, no flags: as keepalived sends.
    assert.match(packet.header, /^45c0002800010000ff70/);
    assert.ok(packet.age >= 0 && packet.age < 1_000_000, `received ${packet.age} µs ago`);
    // A source that is not ours, as `mcast_src_ip` allows.
    sender.say(`10.77.0.99 224.0.0.18 ${ADVERT}`);
    assert.equal((await receiver.next<Packet>()).source, '10.77.0.99');
    // The sender does not hear itself: everything it printed is `sent`.
    assert.equal(await sender.next(), 'sent');
    assert.equal(await sender.next(), 'sent');
    await sender.stop();
    await receiver.stop();
  });

  it('delivers a packet with a wrong TTL, telling its TTL', async () => {
    const receiver = pair.probe(pair.right, 'receiver', '4', '224.0.0.18');
    const sender = pair.probe(pair.left, 'sender', '4', '224.0.0.18', '254');
    await Promise.all([receiver.next(), sender.next()]);
    sender.say(`10.77.0.1 224.0.0.18 ${ADVERT}`);
    assert.equal((await receiver.next<Packet>()).ttl, 254);
    await sender.stop();
    await receiver.stop();
  });

  it('keeps unicast and multicast apart', async () => {
    const unicast = pair.probe(pair.right, 'receiver', '4', '-');
    const multicast = pair.probe(pair.right, 'receiver', '4', '224.0.0.18');
    const sender = pair.probe(pair.left, 'sender', '4', '-');
    const multicaster = pair.probe(pair.left, 'sender', '4', '224.0.0.18');
    await Promise.all([unicast.next(), multicast.next(), sender.next(), multicaster.next()]);
    sender.say(`10.77.0.1 10.77.0.2 aa`);
    assert.equal((await unicast.next<Packet>()).payload, 'aa');
    multicaster.say(`10.77.0.1 224.0.0.18 bb`);
    assert.equal((await multicast.next<Packet>()).payload, 'bb');
    sender.say(`10.77.0.1 10.77.0.2 cc`);
    // Had the multicast packet reached the unicast socket, it would stand before this one.
    assert.equal((await unicast.next<Packet>()).payload, 'cc');
    multicaster.say(`10.77.0.1 224.0.0.18 dd`);
    assert.equal((await multicast.next<Packet>()).payload, 'dd');
    for (const probe of [unicast, multicast, sender, multicaster]) await probe.stop();
  });

  it('delivers IPv6 advertisements with hop limit, source and destination', async () => {
    const receiver = pair.probe(pair.right, 'receiver', '6', 'ff02::12');
    const sender = pair.probe(pair.left, 'sender', '6', 'ff02::12');
    const far = pair.probe(pair.left, 'sender', '6', 'ff02::12', '7');
    await Promise.all([receiver.next(), sender.next(), far.next()]);
    sender.say(`fe80::1 ff02::12 ${ADVERT}`);
    const packet = await receiver.next<Packet>();
    assert.equal(packet.payload, ADVERT);
    assert.equal(packet.source, 'fe80::1');
    assert.equal(packet.destination, 'ff02::12');
    assert.equal(packet.ttl, 255);
    assert.equal(packet.protocol, 112);
    far.say(`fd77::1 ff02::12 00`);
    const second = await receiver.next<Packet>();
    assert.equal(second.source, 'fd77::1');
    assert.equal(second.ttl, 7);
    sender.say(`fe80::dead ff02::12 00`);
    assert.equal(await sender.next(), 'sent');
    assert.equal((await sender.next<{ code: string }>()).code, 'EINVAL');
    for (const probe of [receiver, sender, far]) await probe.stop();
  });

  it('reports a lost link on send, works again when it is back, and fails when the interface is gone', async () => {
    const receiver = pair.probe(pair.right, 'receiver', '4', '224.0.0.18');
    const sender = pair.probe(pair.left, 'sender', '4', '224.0.0.18');
    await Promise.all([receiver.next(), sender.next()]);
    pair.ip('-n', pair.left, 'link', 'set', 'e0', 'down');
    sender.say(`10.77.0.1 224.0.0.18 01`);
    const refused = await sender.next<{ code: string; message: string }>();
    assert.match(refused.code, /^E(NETUNREACH|NETDOWN)$/);
    assert.match(refused.message, /VRRP on e0/);
    pair.ip('-n', pair.left, 'link', 'set', 'e0', 'up');
    sender.say(`10.77.0.1 224.0.0.18 02`);
    assert.equal(await sender.next(), 'sent');
    assert.equal((await receiver.next<Packet>()).payload, '02');
    await receiver.stop();
    await sender.stop();
  });

  it('loses no packet of a burst of 2000 while the process is stopped', async () => {
    const receiver = pair.probe(pair.right, 'receiver', '4', '224.0.0.18', 'quiet');
    const sender = pair.probe(pair.left, 'sender', '4', '224.0.0.18');
    await Promise.all([receiver.next(), sender.next()]);
    execFileSync('kill', ['-STOP', String(receiver.pid)]);
    sender.say(`10.77.0.1 224.0.0.18 ${ADVERT} 2000`);
    assert.equal(await sender.next(), 'sent');
    execFileSync('kill', ['-CONT', String(receiver.pid)]);
    let count = 0;
    for (let tries = 0; tries < 100 && count < 2000; tries++) {
      receiver.say('count');
      ({ count } = await receiver.next<{ count: number }>());
    }
    assert.equal(count, 2000);
    await receiver.stop();
    await sender.stop();
  });

  it('keeps its descriptors from children and gives them back', async () => {
    const receiver = pair.probe(pair.right, 'receiver', '6', 'ff02::12');
    await receiver.next();
    // Whoever started this test may have left descriptors open.
    const inherited = new Set(['0', '1', '2', ...readdirSync('/proc/self/fd')].map(target));
    const fds = `/proc/${receiver.pid}/fd`;
    const opened = readdirSync(fds).filter((fd) => Number(fd) > 2 && !inherited.has(readlinkSync(`${fds}/${fd}`)));
    assert.ok(opened.length > 0);
    for (const fd of opened) {
      const flags = /flags:\s+([0-7]+)/.exec(readFileSync(`/proc/${receiver.pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
      assert.ok(Number.parseInt(flags, 8) & 0o2000000, `descriptor ${fd} is not close-on-exec`);
    }
    await receiver.stop();
  });
});
