/** From the statement tree to what ipvsd runs on. Its keywords are in `global_defs`, but for one. */
import type { Interpretation } from '../../shared/config/diagnostic.js';
import * as Lvs from '../../shared/config/globals/lvs.js';
import { type InterpretEnvironment, readGlobals } from '../../shared/config/globals.js';
import type { Block } from '../../shared/config/readBlock.js';
import { Reporter } from '../../shared/config/reporter.js';
import type { ConfigTree } from '../../shared/config/tree.js';
import type { ConnectionTimeouts, IpvsConfig, MarkTableConfig } from './model.js';
import { readSyncDaemon, syncDaemonOfInstance } from './syncDaemon.js';

/** Gives meaning to ipvsd's part of a tree. */
export function interpretIpvsConfig(tree: ConfigTree, _environment: InterpretEnvironment): Interpretation<IpvsConfig> {
  const report = new Reporter(tree.files, tree.lenient);
  const globals = readGlobals(tree);
  const daemon = globals.last(Lvs.LVS_SYNC_DAEMON);
  const syncDaemon =
    daemon === undefined ? syncDaemonOfInstance(tree, report) : readSyncDaemon(daemon.statement.words, report);
  const marks = readMarks(globals, report);
  const model: IpvsConfig = {
    flushOnStart: globals.has(Lvs.LVS_FLUSH),
    flushOnStop: readFlushOnStop(globals, report),
    timeouts: readTimeouts(globals, report),
    ...(syncDaemon === undefined ? {} : { syncDaemon }),
    ...(marks === undefined ? {} : { marks }),
  };
  return report.hasErrors ? { diagnostics: report.diagnostics } : { model, diagnostics: report.diagnostics };
}

function readFlushOnStop(globals: Block, report: Reporter): IpvsConfig['flushOnStop'] {
  const found = globals.last(Lvs.LVS_FLUSH_ON_STOP);
  if (found === undefined) return 'none';
  const [what] = found.values;
  if (what === undefined) return 'all';
  if (what === 'VS') return 'services';
  report.error(
    found.statement.words[1],
    'bad-value',
    `'lvs_flush_on_stop' is followed by VS or nothing, not '${what}'`,
  );
  return 'all';
}

/** Not keepalived's: both may run on one machine while it is moved. */
const MARK_TABLE_DEFAULT = 'keepwatch_ipvs';
/** NF_IP_PRI_MANGLE, where marks are made: before routing, and before IPVS looks at packets of this machine. */
const MARK_PRIORITY_DEFAULT = -150;

function readMarks(globals: Block, report: Reporter): MarkTableConfig | undefined {
  const found = globals.last(Lvs.NFTABLES_IPVS);
  if (found === undefined) return undefined;
  const table = found.values[0] ?? MARK_TABLE_DEFAULT;
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/.test(table)) {
    report.error(
      found.statement.words[1] ?? found.keyword,
      'bad-value',
      `'${table}' cannot be the name of an nftables table`,
    );
  }
  return { table, priority: globals.last(Lvs.NFTABLES_IPVS_PRIORITY)?.values[0] ?? MARK_PRIORITY_DEFAULT };
}

/** ip_vs_ctl.c refuses more seconds than a signed int of jiffies holds. */
const MAXIMUM_TIMEOUT_S = 2_147_483;

const TIMEOUT_NAMES: Readonly<Record<string, keyof ConnectionTimeouts>> = { tcp: 'tcp', tcpfin: 'tcpFin', udp: 'udp' };

function readTimeouts(globals: Block, report: Reporter): ConnectionTimeouts {
  const words = globals.last(Lvs.LVS_TIMEOUTS)?.statement.words.slice(1) ?? [];
  let timeouts: ConnectionTimeouts = {};
  for (let index = 0; index < words.length; index += 2) {
    const name = words[index];
    const value = words[index + 1];
    if (name === undefined) break;
    const key = Object.hasOwn(TIMEOUT_NAMES, name.text) ? TIMEOUT_NAMES[name.text] : undefined;
    if (key === undefined) {
      report.error(name, 'unknown-option', `'lvs_timeouts' knows tcp, tcpfin and udp, not '${name.text}'`);
      break;
    }
    if (
      value === undefined ||
      !/^[0-9]{1,7}$/.test(value.text) ||
      Number(value.text) < 1 ||
      Number(value.text) > MAXIMUM_TIMEOUT_S
    ) {
      report.error(
        value ?? name,
        'out-of-range',
        `'lvs_timeouts' ${name.text} must be 1..${MAXIMUM_TIMEOUT_S} seconds`,
      );
      continue;
    }
    timeouts = { ...timeouts, [key]: Number(value.text) };
  }
  return timeouts;
}
