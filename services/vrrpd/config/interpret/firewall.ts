/** `accept`, `no_accept` and the globals of the packet filter. */
import {
  NFTABLES,
  NFTABLES_COUNTERS,
  NFTABLES_IFINDEX,
  NFTABLES_PRIORITY,
  VRRP_IPTABLES,
} from '../../../shared/config/globals/firewall.js';
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { ACCEPT, NO_ACCEPT } from '../keywords/virtualLink.js';
import type { FirewallConfig, InstanceConfig } from '../model.js';

/** keepalived.conf(5). */
const PRIORITY_DEFAULT = -1;
const PRIORITY_OWNER = 255;
/** Without a name in the configuration. Not keepalived's: both may run on one machine while it is moved. */
const TABLE_DEFAULT = 'keepwatch';

/** What `global_defs` says about the packet filter. */
export function readFirewall(globals: Block, report: Reporter): FirewallConfig {
  const found = globals.last(NFTABLES);
  const table = found?.values[0] ?? TABLE_DEFAULT;
  if (found !== undefined && !/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/.test(table)) {
    report.error(found.keyword, 'bad-value', `'${table}' cannot be the name of an nftables table`);
  }
  const iptables = globals.last(VRRP_IPTABLES);
  return {
    table,
    priority: globals.last(NFTABLES_PRIORITY)?.values[0] ?? PRIORITY_DEFAULT,
    counters: globals.has(NFTABLES_COUNTERS),
    byIndex: globals.has(NFTABLES_IFINDEX),
    // keepalived.conf(5): one chain, and only what comes in is dropped; nftables drops both ways.
    outbound: found !== undefined || iptables?.values[0] === undefined || iptables.values[1] !== undefined,
  };
}

/** Whether packets to the virtual addresses are dropped (RFC 9568 6.1, Accept_Mode). */
export function dropsTraffic(
  block: Block,
  config: Pick<InstanceConfig, 'name' | 'priority' | 'version' | 'strict'>,
  report: Reporter,
): boolean {
  const { strict } = config;
  const accept = block.last(ACCEPT);
  const refuse = block.last(NO_ACCEPT);
  if (accept !== undefined && refuse !== undefined) {
    const message = `${config.name}: accept and no_accept contradict each other; no_accept counts`;
    report.warning(accept.keyword, 'contradiction', message, 'remove one');
  }
  if (accept !== undefined && strict && config.version === 2) {
    const message = `${config.name}: strict mode has no accept in VRRP version 2; it is ignored`;
    report.warning(accept.keyword, 'ignored', message, 'remove it or use version 3');
  }
  // The owner of the addresses is the machine they belong to.
  if (config.priority === PRIORITY_OWNER) return false;
  if (refuse !== undefined) return true;
  return strict && (accept === undefined || config.version === 2);
}
