/** lvsSyncDaemon and lvsTimeouts of KEEPALIVED-MIB, as configured. Pure. */
import { LVS_SYNC_DAEMON, LVS_TIMEOUTS } from '../../shared/config/globals/lvs.js';
import type { Block } from '../../shared/config/readBlock.js';
import { integer, type SnmpValue, text, truth, type Varbind } from '../agentx/value.js';
import { inetAddress } from './inet.js';
import { CHECK } from './keepalived.js';
import { scalars } from './table.js';

/** Words of `lvs_sync_daemon` that have a value after them. */
const NAMED = ['inst', 'id', 'maxlen', 'port', 'ttl', 'group'];

export function lvsObjects(globals: Block): Varbind[] {
  const timeouts = pairsOf(globals.last(LVS_TIMEOUTS)?.values[0] ?? []);
  return [
    ...scalars([...CHECK, 6], syncDaemonCells(globals.last(LVS_SYNC_DAEMON)?.values[0])),
    ...scalars([...CHECK, 7], {
      1: numberCell(timeouts.get('tcp')),
      2: numberCell(timeouts.get('tcpfin')),
      3: numberCell(timeouts.get('udp')),
    }),
  ];
}

function syncDaemonCells(words: readonly string[] | undefined): Readonly<Record<number, SnmpValue | undefined>> {
  const [on, ...rest] = words ?? [];
  if (on === undefined) return { 1: truth(false) };
  const [first] = rest;
  // The instance may stand without a word before it.
  const bare = first !== undefined && !NAMED.includes(first);
  const options = pairsOf(bare ? rest.slice(1) : rest);
  const instance = options.get('inst') ?? (bare ? first : undefined);
  const group = inetAddress(options.get('group'));
  return {
    1: truth(true),
    2: text(on),
    3: instance === undefined ? undefined : text(instance),
    4: numberCell(options.get('id')),
    5: numberCell(options.get('maxlen')),
    6: numberCell(options.get('port')),
    7: numberCell(options.get('ttl')),
    8: group.type,
    9: group.address,
  };
}

const pairsOf = (words: readonly string[]): ReadonlyMap<string, string> =>
  new Map(words.flatMap((word, place) => (place % 2 === 0 ? [[word, words[place + 1] ?? ''] as const] : [])));

const numberCell = (value: string | undefined): SnmpValue | undefined =>
  value === undefined || !/^\d+$/.test(value) ? undefined : integer(Number(value));
