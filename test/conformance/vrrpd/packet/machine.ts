/** The receiving half of vrrpd on a fake kernel: configuration text in, packets in, what they lead to out. */
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { FakeKernel } from '../../../../services/shared/kernel/fakeKernel.js';
import { FakeWorld } from '../../../../services/shared/kernel/fakeWorld.js';
import { silentLogger } from '../../../../services/shared/log/logger.js';
import { formatIpBytes } from '../../../../services/shared/net/address.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { type Micros, micros, seconds } from '../../../../services/shared/time/duration.js';
import { interpretVrrpConfig } from '../../../../services/vrrpd/config/interpret.js';
import type { DropReason } from '../../../../services/vrrpd/packet/advertisement.js';
import { PacketDesk } from '../../../../services/vrrpd/packetDesk.js';
import { SocketPool } from '../../../../services/vrrpd/socketPool.js';
import { VirtualRouter } from '../../../../services/vrrpd/virtualRouter.js';
import { hex } from '../../../golden/vrrpd/packets.js';
import { ENVIRONMENT, load } from '../../../unit/shared/config/support.js';
import { address } from '../../../unit/vrrpd/fsm/support.js';

/** A packet as the fixtures write it. */
export interface PacketText {
  /** `eth0` unless given. */
  readonly on?: string;
  readonly from: string;
  readonly to: string;
  readonly ttl: number;
  /** 112 unless given. */
  readonly protocol?: number;
  /** Of the IPv4 header. */
  readonly identification?: number;
  /** The payload in hexadecimal. */
  readonly bytes: string;
}

const OWN = {
  eth0: { ifindex: 2, 4: '10.0.0.1', 6: 'fe80::1' },
  eth1: { ifindex: 3, 4: '10.1.0.1', 6: 'fe80::1:1' },
} as const;

/** One machine with `VI_1` on eth0 and, where a second text is given, `VI_2` on eth1. */
export class ReceivingMachine {
  readonly #world = new FakeWorld(new FakeClock());
  readonly #kernel = new FakeKernel(this.#world, 'ours');
  readonly #routers: VirtualRouter[] = [];
  readonly #desk: PacketDesk;
  #events: string[] = [];
  #elapsed: Micros = micros(0);

  constructor(first: readonly string[], second: readonly string[] | undefined) {
    this.#desk = new PacketDesk(silentLogger(), (_router, event) => {
      if (event.kind !== 'advert') throw new Error(`a packet leads to ${event.kind}`);
      const { priority, source, interval } = event;
      this.#events.push(`advert ${priority} from ${formatIpBytes(source)} every ${interval / 1_000_000}`);
    });
    const sockets = new SocketPool(this.#kernel, this.#desk);
    for (const [name, { ifindex, 4: own4, 6: own6 }] of Object.entries(OWN)) {
      this.#kernel.addInterface({ name, ifindex, mac: Buffer.from([2, 0, 0, 0, ifindex, 1]), segment: name });
      this.#kernel.netlink.addAddresses([
        { ifindex, family: 4, address: Buffer.from(address(own4)), prefixLength: 24 },
        { ifindex, family: 6, address: Buffer.from(address(own6)), prefixLength: 64 },
      ]);
    }
    for (const config of instances(first, second)) {
      const standing = { effectivePriority: config.priority, terms: [], faults: [], waits: [], trackers: [] };
      const router = new VirtualRouter(config, standing, this.#world.clock, () => {});
      const name = config.interface as keyof typeof OWN;
      router.source = Buffer.from(address(OWN[name][config.family]));
      sockets.acquire(router, { ifindex: OWN[name].ifindex, name, mtu: 1500 });
      this.#routers.push(router);
    }
  }

  /** What one packet leads to, in order of counting and believing. `at`: seconds since the beginning. */
  receive(text: PacketText, at: number): readonly string[] {
    const before = this.#counts();
    this.#events = [];
    this.#world.advance(micros(seconds(at) - this.#elapsed));
    this.#elapsed = seconds(at);
    const source = Buffer.from(address(text.from));
    this.#world.transmit({
      segment: text.on ?? 'eth0',
      family: source.length === 4 ? 4 : 6,
      protocol: text.protocol ?? 112,
      source,
      destination: Buffer.from(address(text.to)),
      ttl: text.ttl,
      identification: text.identification ?? 0,
      payload: Buffer.from(hex(text.bytes)),
      from: 'another machine',
      fromInterface: 'eth0',
    });
    this.#world.settle();
    const counted = [...this.#counts()].flatMap(([what, count]) =>
      new Array<string>(count - (before.get(what) ?? 0)).fill(`count ${what}`),
    );
    return [...counted, ...this.#events];
  }

  /** `ttl of eth0` and how often. */
  #counts(): Map<string, number> {
    const counts = new Map<string, number>();
    const add = (of: string, drops: ReadonlyMap<DropReason, number>): void => {
      for (const [reason, count] of drops) counts.set(`${reason} of ${of}`, count);
    };
    for (const [name, drops] of this.#desk.interfaceDrops) add(name, drops);
    for (const { name, drops } of this.#routers) add(name, drops);
    return counts;
  }
}

function instances(first: readonly string[], second: readonly string[] | undefined) {
  const block = (name: string, device: string, lines: readonly string[]) =>
    [`vrrp_instance ${name} {`, `interface ${device}`, ...lines, '}'].join('\n');
  const text = [block('VI_1', 'eth0', first), ...(second === undefined ? [] : [block('VI_2', 'eth1', second)])];
  const { tree, diagnostics } = load(`${text.join('\n')}\n`);
  const read = tree === undefined ? undefined : interpretVrrpConfig(tree, ENVIRONMENT);
  if (read?.model === undefined) {
    throw new Error([...diagnostics, ...(read?.diagnostics ?? [])].map(formatDiagnostic).join('\n'));
  }
  return read.model.instances;
}
