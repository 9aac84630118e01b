/** The configuration as orders of an operator have it: servers added and taken out, weights set. Pure. */
import { formatIpAddress, type IpAddress, parseIpAddress } from '../shared/net/address.js';
import type { AddServer, Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { namedByText, namesServer } from '../shared/rpc/serverPattern.js';
import type { CheckerConfig } from './config/checkerModel.js';
import type { HealthConfig, RealServerConfig, VirtualServerConfig } from './config/model.js';
import { nameVirtualServers, realServerName, tablePort } from './names.js';

/** A real server with what an operator ordered for it. */
export type SteeredServer = RealServerConfig & {
  readonly order?: {
    /** In place of the configured weight and of what checkers make of it. */
    readonly weight?: number;
    /** `ordered by root: new disk`. */
    readonly text: string;
  };
};

/** `config` under `orders`; the last one about a server counts. Orders about what is not there do nothing. */
export function steeredConfig(config: HealthConfig, orders: readonly Order[]): HealthConfig {
  if (orders.length === 0) return config;
  const names = new Map(nameVirtualServers(config.virtualServers).map(({ name, config: own }) => [own, name]));
  return {
    ...config,
    virtualServers: config.virtualServers.map((virtual) => steered(virtual, names.get(virtual) ?? '', orders)),
  };
}

function steered(virtual: VirtualServerConfig, name: string, orders: readonly Order[]): VirtualServerConfig {
  let realServers: readonly SteeredServer[] = virtual.realServers;
  for (const { action, text } of orders) {
    if (action === undefined || !('virtualServer' in action.value)) continue;
    const { virtualServer } = action.value;
    if (virtualServer !== '' && !namesServer(virtualServer, namedByText(name))) continue;
    if (action.$case === 'addServer') {
      const added = addedServer(virtual, action.value, text);
      const known = added === undefined || realServers.some((server) => sameServer(virtual, server, added));
      if (!known) realServers = [...realServers, added];
      continue;
    }
    const { realServer } = action.value;
    const isMeant = (server: RealServerConfig): boolean =>
      namesServer(realServer, {
        name: realServerName(virtual, server),
        address: formatIpAddress(server.address),
        port: tablePort(virtual, server),
      });
    if (action.$case === 'setWeight') {
      const { weight } = action.value;
      realServers = realServers.map((server) => (isMeant(server) ? { ...server, order: { weight, text } } : server));
    } else {
      const left = realServers.filter((server) => !isMeant(server));
      // A pool without servers would not be a pool: the virtual server itself would go.
      if (left.length > 0) realServers = left;
    }
  }
  return realServers === virtual.realServers ? virtual : { ...virtual, realServers };
}

const sameServer = (virtual: VirtualServerConfig, one: RealServerConfig, other: RealServerConfig): boolean =>
  realServerName(virtual, one) === realServerName(virtual, other);

/** A server like the first one of the pool, at another address. */
function addedServer(virtual: VirtualServerConfig, wanted: AddServer, text: string): SteeredServer | undefined {
  const [like] = virtual.realServers;
  const address = parseIpAddress(wanted.address);
  if (like === undefined || address === undefined) return undefined;
  const port = wanted.port === 0 ? like.port : wanted.port;
  const { notifyUp: _up, notifyDown: _down, ...rest } = like;
  const checkers = like.checkers.map((checker) => aimedAt(checker, like, address, port));
  return { ...rest, address, port, weight: wanted.weight, checkers, order: { text } };
}

/** The check of a sibling; one that connects somewhere else (`connect_ip`, `connect_port`) goes on doing so. */
function aimedAt(checker: CheckerConfig, like: RealServerConfig, address: IpAddress, port: number): CheckerConfig {
  if (!('endpoint' in checker)) return checker;
  const { endpoint } = checker;
  const sameAddress = formatIpAddress(endpoint.address) === formatIpAddress(like.address);
  return {
    ...checker,
    endpoint: {
      ...endpoint,
      address: sameAddress ? address : endpoint.address,
      port: endpoint.port === like.port ? port : endpoint.port,
    },
  };
}
