/** Lint of virtual servers: valid, but not what anybody can want. All of it are warnings with reason and fix. */
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { HYSTERESIS, OPS, QUORUM } from '../keywords/server.js';
import type { VirtualServerConfig } from '../model.js';

/** Looks at one virtual server. `name`: as in messages; `block`: what its keywords stand in. */
export function lintVirtualServer(name: string, server: VirtualServerConfig, block: Block, report: Reporter): void {
  lintQuorum(name, server, block, report);
  const ops = block.last(OPS);
  if (ops !== undefined && server.protocol !== 'udp') {
    report.warning(ops.keyword, 'ignored', `${name}: 'ops' is for UDP only and has no effect`, 'remove it');
  }
}

/**
 * The quorum is lost below quorum - hysteresis and comes back at quorum + hysteresis (keepalived.conf(5), `hysteresis`), so
 * with too little weight it never comes back.
 */
function lintQuorum(name: string, server: VirtualServerConfig, block: Block, report: Reporter): void {
  const { quorum, hysteresis, realServers } = server;
  const total = realServers.reduce((sum, { weight }) => sum + weight, 0);
  const place = block.last(HYSTERESIS) ?? block.last(QUORUM);
  if (total === 0) {
    const message = `${name}: all real servers have weight 0, so none gets connections`;
    report.warningAt(server.position, 'no-weight', message);
  } else if (quorum + hysteresis > total && place !== undefined) {
    const message = `${name}: once lost, the quorum never comes back: quorum ${quorum} and hysteresis ${hysteresis} are above the weight of all real servers, ${total}`;
    const hint = `quorum and hysteresis together may be ${total} at most`;
    report.warning(place.keyword, 'quorum-unreachable', message, hint);
  }
}
