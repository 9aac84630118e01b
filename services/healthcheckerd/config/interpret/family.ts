import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { formatIpAddress } from '../../../shared/net/address.js';
import { IP_FAMILY } from '../keywords/server.js';
import type { RealServerConfig, SorryServerConfig, VirtualServerGroupConfig, VirtualServerTarget } from '../model.js';

/** Family of the service: of the address; of marks and groups what `ip_family`, group or real servers say; else IPv4. */
export function familyOf(
  block: Block,
  target: VirtualServerTarget,
  realServers: readonly RealServerConfig[],
  sorryServer: SorryServerConfig | undefined,
  groups: ReadonlyMap<string, VirtualServerGroupConfig>,
): 4 | 6 {
  if (target.kind === 'address') return target.address.family;
  const named = block.last(IP_FAMILY)?.values[0];
  if (named !== undefined) return named === 'inet' ? 4 : 6;
  const ofGroup = target.kind === 'group' ? groupFamily(groups.get(target.name)) : undefined;
  return ofGroup ?? realServers[0]?.address.family ?? sorryServer?.address.family ?? 4;
}

function groupFamily(group: VirtualServerGroupConfig | undefined): 4 | 6 | undefined {
  for (const member of group?.members ?? []) {
    const family = member.kind === 'addresses' ? member.first.family : member.family;
    if (family !== undefined) return family;
  }
  return undefined;
}

/** Only tunnels may lead to the other family (keepalived.conf(5), "LVS CONFIGURATION"). */
export function checkFamilies(
  name: string,
  family: 4 | 6,
  realServers: readonly RealServerConfig[],
  sorryServer: SorryServerConfig | undefined,
  target: VirtualServerTarget,
  groups: ReadonlyMap<string, VirtualServerGroupConfig>,
  report: Reporter,
): void {
  for (const server of [...realServers, ...(sorryServer === undefined ? [] : [sorryServer])]) {
    if (server.address.family === family || server.forwarding.method === 'tunnel') continue;
    const message = `${name} is IPv${family}, ${formatIpAddress(server.address)} is not; only TUN may mix them`;
    report.errorAt(server.position, 'mixed-families', message);
  }
  if (target.kind !== 'group') return;
  const group = groups.get(target.name);
  const onlyTunnels = realServers.every((server) => server.forwarding.method === 'tunnel');
  const mixed = group?.members.some((member) => member.kind === 'addresses' && member.first.family !== family);
  if (group !== undefined && mixed === true && !onlyTunnels) {
    const message = `virtual_server_group ${group.name} has addresses that are not IPv${family} like ${name}`;
    report.errorAt(group.position, 'mixed-families', message);
  }
}
