/** How servers are called, in keepalived's own spelling: scripts, FIFO readers and mail filters match on it. Pure. */
import { formatIpAddress } from '../shared/net/address.js';
import type { RealServerConfig, SorryServerConfig, VirtualServerConfig } from './config/model.js';

/** `[10.8.0.1]:tcp:80`, `FWM 42`, `[WEB]:0` (`groupIndex`: how many virtual servers before it use the same group). */
function virtualServerName(config: VirtualServerConfig, groupIndex: number): string {
  const { target } = config;
  switch (target.kind) {
    case 'address':
      return `[${formatIpAddress(target.address)}]:${config.protocol}:${target.port}`;
    case 'fwmark':
      return `FWM ${target.fwmark}`;
    case 'group':
      return `[${target.name}]:${groupIndex}`;
  }
}

/** The port the table has for a server: DR and TUN cannot change it, a mark has none of its own to give. */
export function tablePort(
  virtual: Pick<VirtualServerConfig, 'target'>,
  server: Pick<RealServerConfig | SorryServerConfig, 'port' | 'forwarding'>,
): number {
  if (server.forwarding.method === 'masq' && server.port !== 0) return server.port;
  switch (virtual.target.kind) {
    case 'address':
      return virtual.target.port;
    case 'fwmark':
      return 0;
    case 'group':
      return server.port;
  }
}

/** `[10.9.1.1]:tcp:80`; with a mark `[10.9.1.1]:none:0`, because a mark says nothing about the protocol. */
export function realServerName(
  virtual: Pick<VirtualServerConfig, 'target' | 'protocol'>,
  server: Pick<RealServerConfig | SorryServerConfig, 'address' | 'port' | 'forwarding'>,
): string {
  const protocol = virtual.target.kind === 'fwmark' ? 'none' : virtual.protocol;
  return `[${formatIpAddress(server.address)}]:${protocol}:${tablePort(virtual, server)}`;
}

/** Every virtual server with its name, in the order of the file. */
export function nameVirtualServers(
  servers: readonly VirtualServerConfig[],
): readonly { readonly name: string; readonly config: VirtualServerConfig }[] {
  const used = new Map<string, number>();
  return servers.map((config) => {
    const group = config.target.kind === 'group' ? config.target.name : '';
    const index = used.get(group) ?? 0;
    used.set(group, index + 1);
    return { name: virtualServerName(config, index), config };
  });
}
