/** A switch: one machine with bridges, and the cables that go out of it. */
import { Host } from './host.js';

/** One cable between a machine and a bridge. */
export class Cable {
  constructor(
    private readonly network: Host,
    readonly port: string,
  ) {}

  /** Pulls the plug on the switch's side: the machine sees its carrier go. */
  async cut(): Promise<void> {
    await this.network.ip('link', 'set', 'dev', this.port, 'down');
  }

  async plug(): Promise<void> {
    await this.network.ip('link', 'set', 'dev', this.port, 'up');
  }

  /** Isolated ports of a bridge do not hear each other, but hear everyone else; their carrier stays. */
  async isolate(isolated: boolean): Promise<void> {
    await this.network.ip('link', 'set', 'dev', this.port, 'type', 'bridge_slave', 'isolated', isolated ? 'on' : 'off');
  }
}

/** Bridges in a machine of their own, so that no router forwards for another. */
export class Network {
  private ports = 0;
  private readonly bridges = new Set<string>();

  private constructor(readonly host: Host) {}

  static async start(directory: string): Promise<Network> {
    return new Network(await Host.start('switch', directory));
  }

  async bridge(name: string): Promise<void> {
    if (this.bridges.has(name)) return;
    this.bridges.add(name);
    // Snooping off: without a querier it would only delay group membership.
    await this.host.ipBatch([`link add ${name} type bridge stp_state 0 mcast_snooping 0`, `link set ${name} up`]);
  }

  /** Lays a cable from a bridge to a new interface of a machine and gives that interface its addresses. */
  async connect(host: Host, device: string, bridge: string, addresses: readonly string[] = []): Promise<Cable> {
    await this.bridge(bridge);
    const port = `p${++this.ports}`;
    await this.host.ipBatch([
      `link add ${port} type veth peer name ${device} netns ${host.pid}`,
      `link set ${port} master ${bridge}`,
      `link set ${port} up`,
    ]);
    await host.ipBatch([
      `link set ${device} up`,
      ...addresses.map((address) => `address add ${address} dev ${device}`),
    ]);
    return new Cable(this.host, port);
  }
}
