/** vrrpAddressTable of KEEPALIVED-MIB: the virtual addresses. Pure. */
import type { VrrpInstance, VrrpVirtualAddress } from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { gauge32, integer, type SnmpValue, text, truth, type Varbind } from '../agentx/value.js';
import type { ConfigBlock } from '../configBlock.js';
import { inetAddress, inetOf, prefixLength } from './inet.js';
import { entryOf, VRRP } from './keepalived.js';
import type { Machine } from './served.js';
import { table } from './table.js';
import type { Numbered } from './vrrpNumbers.js';

const ADDRESS_ENTRY = entryOf(VRRP, 6);

/** InetScopeType of INET-ADDRESS-MIB by the names of scopes. */
const SCOPES: ReadonlyMap<string, number> = new Map([
  ['host', 1],
  ['link', 2],
  ['site', 5],
  ['global', 14],
]);
/** An address without `brd` has none. */
const NO_BROADCAST = '0.0.0.0';
const GLOBAL_SCOPE = 14;
const LINK_SCOPE = 2;

export function addressObjects(instances: readonly Numbered<VrrpInstance>[], machine: Machine): Varbind[] {
  return table(
    ADDRESS_ENTRY,
    instances.flatMap(({ number, item, block }) => {
      const lines = linesByAddress(block);
      return item.addresses.map((address, place) => ({
        index: [number, place + 1],
        cells: cellsOf(address, lines.get(keyOf(address.address)) ?? [], machine),
      }));
    }),
  );
}

function cellsOf(
  { address, interface: on, present, excluded }: VrrpVirtualAddress,
  line: readonly string[],
  machine: Machine,
): Record<number, SnmpValue | undefined> {
  const { type, address: value } = inetAddress(address);
  const length = prefixLength(address);
  const index = machine.interfaceIndex(on);
  const label = after(line, 'label');
  return {
    2: type,
    3: value,
    4: inetAddress(after(line, 'brd') ?? (address.includes(':') ? undefined : NO_BROADCAST)).address,
    5: length === undefined ? undefined : gauge32(length),
    6: integer(SCOPES.get(after(line, 'scope') ?? '') ?? defaultScope(address)),
    7: index === undefined ? undefined : integer(index),
    8: text(on),
    9: label === undefined ? undefined : text(label),
    10: truth(present),
    11: truth(!excluded),
    12: inetAddress(after(line, 'peer')).address,
  };
}

/** Link-local IPv6 addresses have no other scope. */
const defaultScope = (address: string): number => (/^fe[89ab]/i.test(address) ? LINK_SCOPE : GLOBAL_SCOPE);

/** The lines of the two blocks by their address. */
function linesByAddress(block: ConfigBlock): ReadonlyMap<string, readonly string[]> {
  const lines = [...block.lines('virtual_ipaddress'), ...block.lines('virtual_ipaddress_excluded')];
  return new Map(lines.map((words) => [keyOf(words[0] ?? ''), words]));
}

/** An address in one spelling. */
const keyOf = (text: string): string => inetOf(text)?.bytes.join(' ') ?? text;

const after = (words: readonly string[], name: string): string | undefined => {
  const place = words.indexOf(name);
  return place < 0 ? undefined : words[place + 1];
};
