/** The usual topology: two routers and a client on one bridge, `10.9.0.0/24`. */
import { Capture } from './capture.js';
import type { Host } from './host.js';
import { Lab } from './lab.js';
import type { Cable } from './network.js';
import { Prober } from './prober.js';
import { Router } from './router.js';
import type { Software } from './software.js';

/** The virtual address most tests use. */
export const VIP = '10.9.0.100';
/** Addresses of the two routers. */
export const FIRST = '10.9.0.1';
export const SECOND = '10.9.0.2';

/** The parts. */
export interface Pair {
  readonly lab: Lab;
  readonly first: Router;
  readonly second: Router;
  readonly client: Host;
}

/** A router on the bridge `lan` with `eth0`, and further interfaces where asked for, each on a bridge of its own. */
export async function addRouter(
  lab: Lab,
  name: string,
  software: Software,
  addresses: Readonly<Record<string, string>>,
): Promise<Router> {
  const host = await lab.host(name);
  const cables = new Map<string, Cable>();
  const own = new Map<string, readonly string[]>();
  for (const [device, address] of Object.entries(addresses)) {
    cables.set(device, await lab.network.connect(host, device, device === 'eth0' ? 'lan' : `lan-${device}`, [address]));
    own.set(device, [address]);
  }
  return new Router(host, software, cables, own);
}

/** Lays it out; the routers are not started. */
export async function pair(first: Software, second: Software, moreInterfaces: readonly string[] = []): Promise<Pair> {
  const lab = await Lab.start();
  try {
    const interfaces = (index: number) => ({
      eth0: `10.9.0.${index}/24`,
      ...Object.fromEntries(moreInterfaces.map((device, place) => [device, `10.9.${place + 1}.${index}/24`])),
    });
    const one = await addRouter(lab, 'r1', first, interfaces(1));
    const two = await addRouter(lab, 'r2', second, interfaces(2));
    const client = await lab.host('client');
    await lab.network.connect(client, 'eth0', 'lan', ['10.9.0.50/24']);
    return { lab, first: one, second: two, client };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** Runs the body between a pair's birth and its end, with a capture; a failure comes with the routers' logs. */
export async function withPair(
  first: Software,
  second: Software,
  body: (topology: Pair, capture: Capture) => Promise<void>,
  moreInterfaces: readonly string[] = [],
): Promise<void> {
  const topology = await pair(first, second, moreInterfaces);
  try {
    await body(topology, await Capture.start(topology.lab));
  } catch (error) {
    for (const router of [topology.first, topology.second]) {
      console.error(`--- log of ${router.name} (${router.software.name})\n${router.log()}`);
    }
    throw error;
  } finally {
    await topology.lab.close();
  }
}

/** A client that pings the virtual address until the lab closes. */
export function probe({ lab, client }: Pair, address = VIP, intervalMs?: number): Prober {
  return lab.own(Prober.start(client, address, intervalMs));
}
