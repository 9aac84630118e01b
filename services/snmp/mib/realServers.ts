/** realServerTable of KEEPALIVED-MIB. Pure. */
import type { Block } from '../../shared/config/readBlock.js';
import { counter32, counter64, gauge32, integer, text, truth, type Varbind } from '../agentx/value.js';
import type { KnownReal, KnownVirtual } from './checkNumbers.js';
import { checkTimes } from './checkTimes.js';
import { methodValue, tunnelValues } from './forwarding.js';
import { inetAddress } from './inet.js';
import { CHECK, entryOf } from './keepalived.js';
import { scriptColumn } from './scripts.js';
import { type Row, table } from './table.js';
import { serverMailsByDefault } from './virtualServers.js';

export const REAL_SERVER_ENTRY = entryOf(CHECK, 4);
export const REAL_ADDRESS_TYPE = 3;
export const REAL_ADDRESS = 4;
export const REAL_PORT = 5;
export const REAL_STATUS = 6;
export const REAL_WEIGHT = 7;

export function realServerObjects(virtuals: readonly KnownVirtual[], globals: Block): Varbind[] {
  return table(
    REAL_SERVER_ENTRY,
    virtuals.flatMap((virtual) =>
      virtual.servers.map((known) => ({
        index: [virtual.number, known.number],
        cells: {
          ...serverCells(known),
          ...(known.sorry ? {} : checkCells(known, virtual, globals)),
          ...counterCells(known),
        },
      })),
    ),
  );
}

function serverCells({ real, sorry, wanted }: KnownReal): Row['cells'] {
  const { type, address } = inetAddress(real.address);
  const [tunnelType, tunnelPort, tunnelChecksum] = tunnelValues(wanted);
  return {
    2: integer(sorry ? 2 : 1),
    3: type,
    4: address,
    5: gauge32(real.port),
    6: sorry ? undefined : integer(real.up ? 1 : 2),
    7: integer(real.weight),
    8: wanted === undefined ? undefined : gauge32(wanted.upperThreshold),
    9: wanted === undefined ? undefined : gauge32(wanted.lowerThreshold),
    40: methodValue(wanted, undefined),
    52: tunnelType,
    53: tunnelPort,
    54: tunnelChecksum,
  };
}

function checkCells({ real, block }: KnownReal, virtual: KnownVirtual, globals: Block): Row['cells'] {
  const times = checkTimes([block, virtual.block]);
  const host = block.word('virtualhost') ?? virtual.block.word('virtualhost');
  const name = block.word('snmp_name');
  const flag = (keyword: string): boolean | undefined => block.flag(keyword) ?? virtual.block.flag(keyword);
  return {
    10: integer((flag('inhibit_on_failure') ?? false) ? 2 : 1),
    11: scriptColumn(block, 'notify_up'),
    12: scriptColumn(block, 'notify_down'),
    13: gauge32(real.checkers.filter(({ up }) => !up).length),
    41: host === undefined ? undefined : text(host),
    42: truth(flag('alpha') ?? false),
    43: times.retry,
    44: times.delayBeforeRetry,
    45: times.warmup,
    46: times.delayLoop,
    // Real servers send mails unless something says that they do not.
    47: truth(flag('smtp_alert') ?? serverMailsByDefault(globals) ?? true),
    48: times.delayBeforeRetryMicros,
    49: times.warmupMicros,
    50: times.delayLoopMicros,
    51: times.connectTimeoutMicros,
    55: name === undefined ? undefined : text(name),
  };
}

function counterCells({ statistics }: KnownReal): Row['cells'] {
  if (statistics === undefined) return {};
  const { counters, activeConnections, inactiveConnections, persistentConnections } = statistics;
  const connections = {
    15: gauge32(activeConnections),
    16: gauge32(inactiveConnections),
    17: gauge32(persistentConnections),
  };
  if (counters === undefined) return connections;
  return {
    14: gauge32(Number(BigInt.asUintN(32, counters.connections))),
    ...connections,
    18: counter32(counters.inPackets),
    19: counter32(counters.outPackets),
    20: counter64(counters.inBytes),
    21: counter64(counters.outBytes),
    27: counter64(counters.connections),
    28: counter64(counters.inPackets),
    29: counter64(counters.outPackets),
  };
}
