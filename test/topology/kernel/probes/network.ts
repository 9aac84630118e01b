/** Runs one named scenario on e0 and prints what happened. Argument: the scenario. */
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AddressSpec, LinkEvent } from '../../../../services/shared/kernel/ports.js';
import { SystemClock } from '../../../../services/shared/kernel/systemClock.js';
import { systemKernel } from '../../../../services/shared/kernel/systemKernel.js';
import { after, elapsed, millis } from '../../../../services/shared/time/duration.js';

const clock = new SystemClock();
const say = (value: unknown): void => console.log(JSON.stringify(value));
const kernel = systemKernel(clock, (error) => say({ error: error.message }));
const ifindex = Number(readFileSync('/sys/class/net/e0/ifindex', 'utf8'));
const group = Buffer.from([224, 0, 0, 18]);

/** Buffers print as hex. */
const readable = (event: LinkEvent): unknown => {
  if (event.kind === 'resync') return { kind: 'resync', links: event.links.length, addresses: event.addresses.length };
  if (event.kind === 'link') return { kind: 'link', name: event.link.name, up: event.link.up };
  if (event.kind === 'link-removed') return event;
  return { kind: event.kind, address: [...event.address.address].join('.'), ifindex: event.address.ifindex };
};

const thousand = (change: Partial<AddressSpec> = {}): AddressSpec[] =>
  Array.from({ length: 1000 }, (_, index) => ({
    ifindex,
    family: 4,
    address: Buffer.from([10, 99, index >> 8, index & 0xff]),
    prefixLength: 32,
    ...change,
  }));

const scenarios: Record<string, () => void> = {
  monitor() {
    const netlink = kernel.openRouteNetlink();
    netlink.monitor((event) => say(readable(event)));
    say('ready');
    createInterface({ input: process.stdin }).on('line', () => {
      netlink.close();
      process.stdin.pause();
      say('closed');
    });
  },

  addresses() {
    const netlink = kernel.openRouteNetlink();
    let events = 0;
    netlink.monitor(() => {
      events += 1;
    });
    const ours = (): number =>
      netlink.addresses().filter(({ address }) => address[0] === 10 && address[1] === 99).length;
    const added = netlink.addAddresses(thousand());
    const again = netlink.addAddresses(thousand());
    const present = ours();
    const mixed = netlink.addAddresses([
      ...thousand().slice(0, 1),
      { ifindex: 9999, family: 4, address: Buffer.from([10, 99, 9, 9]), prefixLength: 32 },
      { ifindex, family: 4, address: Buffer.from([10, 99, 9, 9]), prefixLength: 77 },
      { ifindex, family: 4, address: Buffer.from([10, 99, 9, 9]), prefixLength: 24, label: 'e0:vip', scope: 253 },
    ]);
    const labelled = netlink.addresses().find(({ label }) => label === 'e0:vip');
    const removed = netlink.removeAddresses(thousand());
    const removedAgain = netlink.removeAddresses([
      ...thousand().slice(0, 2),
      { ifindex: 9999, family: 4, address: Buffer.from([10, 99, 9, 9]), prefixLength: 32 },
    ]);
    say({
      added: added.filter(({ ok }) => ok).length,
      again: again.filter(({ ok }) => ok).length,
      present,
      mixed: mixed.map((result) => (result.ok ? 'ok' : result.error.code)),
      why: mixed.map((result) => (result.ok ? '' : result.error.message)),
      labelled: labelled && { ...labelled, address: [...labelled.address] },
      removed: removed.filter(({ ok }) => ok).length,
      removedAgain: removedAgain.map(({ ok }) => ok),
      left: ours(),
      eventsInside: events,
    });
    // Everything above happened inside one turn: no notification was taken for an answer, none was told re-entrantly.
    const timer = kernel.openDeadlineTimer(() => {
      say({ eventsAfter: events });
      timer.close();
      netlink.close();
    });
    timer.arm(after(clock.now(), millis(300)));
  },

  overrun() {
    const netlink = kernel.openRouteNetlink();
    let lastKind = '';
    netlink.monitor((event) => {
      lastKind = event.kind;
      if (event.kind === 'resync') say(readable(event));
    });
    // 64,000 notifications while nobody reads: far more than the receive buffer holds.
    for (let round = 0; round < 32; round++) {
      netlink.addAddresses(thousand());
      netlink.removeAddresses(thousand());
    }
    const timer = kernel.openDeadlineTimer(() => {
      timer.close();
      // The monitor still works.
      netlink.addAddresses(thousand().slice(0, 1));
      setTimeout(() => {
        say({ lastKind });
        netlink.close();
      }, 200);
    });
    timer.arm(after(clock.now(), millis(500)));
  },

  frames() {
    const sender = kernel.openFrameSender();
    createInterface({ input: process.stdin }).on('line', (line) => {
      const [count = '1', hex = ''] = line.split(' ');
      const frames = Array.from({ length: Number(count) }, (_, index) => {
        const frame = Buffer.from(hex, 'hex');
        frame.writeUInt16BE(index, frame.length - 2);
        return frame;
      });
      try {
        say({ taken: sender.send(ifindex, frames) });
      } catch (error) {
        say({ error: String(error) });
      }
    });
    say('ready');
  },

  flood() {
    let packets = 0;
    const socket = kernel.openVrrpSocket({
      ifindex,
      interfaceName: 'e0',
      family: 4,
      protocol: 112,
      multicastGroup: group,
      onPacket: () => {
        packets += 1;
      },
      onError: (error) => say({ error: error.message }),
    });
    const lateness: number[] = [];
    const duringFlood: number[] = [];
    let deadline = after(clock.now(), millis(10));
    let packetsBefore = 0;
    const timer = kernel.openDeadlineTimer(() => {
      const late = elapsed(deadline, clock.now());
      lateness.push(late);
      if (packets > packetsBefore) duringFlood.push(late);
      packetsBefore = packets;
      deadline = after(clock.now(), millis(10));
      timer.arm(deadline);
    });
    timer.arm(deadline);
    createInterface({ input: process.stdin }).on('line', (line) => {
      if (line === 'report')
        say({
          packets,
          timers: lateness.length,
          during: duringFlood.length,
          worst: Math.max(0, ...duringFlood),
          least: Math.min(...lateness),
        });
      else {
        timer.close();
        socket.close();
        process.stdin.pause();
      }
    });
    say('ready');
  },

  leaks() {
    const count = (): number => readdirSync('/proc/self/fd').length;
    const cycle = (): void => {
      const netlink = kernel.openRouteNetlink();
      netlink.monitor(() => {});
      const common = { ifindex, interfaceName: 'e0', protocol: 112, onPacket: () => {}, onError: () => {} };
      const closable = [
        netlink,
        kernel.openFrameSender(),
        kernel.openDeadlineTimer(() => {}),
        kernel.openVrrpSocket({ ...common, family: 4, multicastGroup: group }),
        kernel.openVrrpSocket({ ...common, family: 4 }),
        kernel.openVrrpSocket({ ...common, family: 6 }),
      ];
      for (const each of closable) each.close();
    };
    cycle();
    const before = count();
    for (let round = 0; round < 50; round++) cycle();
    const refused: string[] = [];
    for (let round = 0; round < 20; round++) {
      try {
        kernel.openVrrpSocket({
          ifindex: 9999,
          interfaceName: 'nosuch',
          family: 4,
          protocol: 112,
          onPacket: () => {},
          onError: () => {},
        });
      } catch (error) {
        refused.push(String(error));
      }
    }
    say({ before, after: count(), refused: refused[0], refusals: refused.length });
  },
};

scenarios[process.argv[2] ?? '']?.();
