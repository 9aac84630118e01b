/** Virtual and real servers with the numbers KEEPALIVED-MIB gives them, and all that is known of each. Pure. */
import { formatIpAddress, parseIpAddress } from '../../shared/net/address.js';
import type { RealServer, VirtualServer } from '../../shared/rpc/generated/keepwatch/v1/health.js';
import {
  type IpvsDestination,
  type IpvsDestinationStatistics,
  IpvsProtocol,
  type IpvsServiceKey,
  type IpvsServiceStatistics,
  type IpvsVirtualService,
} from '../../shared/rpc/generated/keepwatch/v1/ipvs.js';
import { ConfigBlock, configBlock } from '../configBlock.js';
import type { Served } from './served.js';

/** What a virtual server listens on, as its name says. */
export type ServerTarget =
  | { readonly kind: 'address'; readonly address: string; readonly protocol: string; readonly port: number }
  | { readonly kind: 'fwmark'; readonly fwmark: number }
  | { readonly kind: 'group'; readonly group: string };

/** One virtual server. */
export interface KnownVirtual {
  readonly number: number;
  readonly virtual: VirtualServer;
  readonly target: ServerTarget;
  readonly block: ConfigBlock;
  /** Its service in the table that is wanted; absent for groups of several. */
  readonly wanted: IpvsVirtualService | undefined;
  /** The kernel's counters. */
  readonly statistics: IpvsServiceStatistics | undefined;
  readonly servers: readonly KnownReal[];
}

/** One real server of it, or its sorry server. */
export interface KnownReal {
  readonly number: number;
  readonly real: RealServer;
  readonly sorry: boolean;
  readonly block: ConfigBlock;
  readonly wanted: IpvsDestination | undefined;
  readonly statistics: IpvsDestinationStatistics | undefined;
}

/** Reads `[10.0.0.1]:tcp:80`, `FWM 42` and `[WEB]:0`. */
export function targetOf(name: string): ServerTarget {
  const [, address, protocol, port] = /^\[(.+)\]:(tcp|udp|sctp):(\d+)$/.exec(name) ?? [];
  if (address !== undefined && protocol !== undefined)
    return { kind: 'address', address, protocol, port: Number(port) };
  const fwmark = /^FWM (\d+)$/.exec(name)?.[1];
  if (fwmark !== undefined) return { kind: 'fwmark', fwmark: Number(fwmark) };
  return { kind: 'group', group: /^\[(.+)\]:\d+$/.exec(name)?.[1] ?? name };
}

const PROTOCOLS: ReadonlyMap<IpvsProtocol, string> = new Map([
  [IpvsProtocol.IPVS_PROTOCOL_TCP, 'tcp'],
  [IpvsProtocol.IPVS_PROTOCOL_UDP, 'udp'],
  [IpvsProtocol.IPVS_PROTOCOL_SCTP, 'sctp'],
]);

/** A service under the name healthcheckerd would give it. */
const keyName = ({ key }: { readonly key?: IpvsServiceKey | undefined }): string =>
  key === undefined || key.fwmark !== 0
    ? `FWM ${key?.fwmark ?? 0}`
    : `[${key.address}]:${PROTOCOLS.get(key.protocol) ?? ''}:${key.port}`;

/** All virtual servers, numbered from 1 in the order of the configuration. */
export function numberVirtuals({ status, configuration }: Pick<Served, 'status' | 'configuration'>): KnownVirtual[] {
  const tree = configBlock(configuration.trees.get('healthcheckerd'));
  const blocks = blocksByName(tree.blocks('virtual_server'));
  const desired = new Map((status.health?.desired ?? []).map((service) => [keyName(service), service]));
  const counted = new Map(status.ipvsStatistics.map((service) => [keyName(service), service]));
  return (status.health?.virtualServers ?? []).map((virtual, place) => {
    const { name } = virtual;
    const known = {
      number: place + 1,
      virtual,
      target: targetOf(name),
      block: blocks.get(name) ?? new ConfigBlock(),
      wanted: desired.get(name),
      statistics: counted.get(name),
    };
    return { ...known, servers: serversOf(known) };
  });
}

function serversOf({ virtual, block, wanted, statistics }: Omit<KnownVirtual, 'servers'>): KnownReal[] {
  const blocks = block.blocks('real_server');
  const all = [
    ...virtual.realServers.map((real) => ({ real, sorry: false })),
    ...(virtual.sorryServer === undefined ? [] : [{ real: virtual.sorryServer, sorry: true }]),
  ];
  return all.map(({ real, sorry }, place) => {
    const own = blocks.find(({ words: [address = '', port] }) => {
      return canonical(address) === real.address && Number(port ?? real.port) === real.port;
    });
    const isIt = (one: { readonly address: string; readonly port: number }): boolean =>
      one.address === real.address && (one.port === real.port || real.port === 0);
    return {
      number: place + 1,
      real,
      sorry,
      block: sorry || own === undefined ? new ConfigBlock() : own.block,
      wanted: wanted?.destinations.find(isIt),
      statistics: statistics?.destinations.find(isIt),
    };
  });
}

/** Blocks under the names that healthcheckerd gives what they describe. */
function blocksByName(blocks: ReturnType<ConfigBlock['blocks']>): ReadonlyMap<string, ConfigBlock> {
  const groups = new Map<string, number>();
  return new Map(
    blocks.map(({ words: [first = '', second = '0'], block }) => {
      if (first === 'fwmark') return [`FWM ${second}`, block] as const;
      if (first !== 'group') {
        const protocol = (block.word('protocol') ?? 'tcp').toLowerCase();
        return [`[${canonical(first)}]:${protocol}:${Number(second)}`, block] as const;
      }
      const place = groups.get(second) ?? 0;
      groups.set(second, place + 1);
      return [`[${second}]:${place}`, block] as const;
    }),
  );
}

const canonical = (text: string): string => {
  const address = parseIpAddress(text);
  return address === undefined ? text : formatIpAddress(address);
};
