import { SMTP_ALERT as GLOBAL_SMTP_ALERT, SMTP_ALERT_CHECKER } from '../../../shared/config/globals/identity.js';
import { CHECKER_LOG_ALL_FAILURES } from '../../../shared/config/globals/lvs.js';
import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { readScript } from '../../../shared/config/scriptWords.js';
import type { Word } from '../../../shared/config/tree.js';
import * as K from '../keywords/server.js';
import { lintVirtualServer } from '../lint/virtualServer.js';
import {
  DEFAULT_PERSISTENCE_TIMEOUT_S,
  DEFAULT_SCHEDULER,
  type Forwarding,
  type PersistenceConfig,
  type RealServerConfig,
  type SorryServerConfig,
  type VirtualServerConfig,
  type VirtualServerGroupConfig,
  type VirtualServerTarget,
} from '../model.js';
import { readEndpoint } from './endpoint.js';
import { checkFamilies, familyOf } from './family.js';
import { readForwarding } from './forwarding.js';
import { readPersistence } from './persistence.js';
import { type RealServerDefaults, readRealServer } from './realServer.js';
import type { CheckerSurroundings } from './surroundings.js';
import { describeTarget, readTarget } from './target.js';
import { NO_TIMING, readTiming } from './timing.js';

/** What virtual servers share. */
export interface VirtualServerContext {
  readonly globals: Block;
  readonly groups: ReadonlyMap<string, VirtualServerGroupConfig>;
  readonly groupNames: ReadonlySet<string>;
  readonly surroundings: CheckerSurroundings;
}

/** Gives meaning to one `virtual_server`; undefined when it is wrong or has no real servers, which is reported. */
export function readVirtualServer(
  found: Occurrence,
  context: VirtualServerContext,
  report: Reporter,
): VirtualServerConfig | undefined {
  const { block, keyword } = found;
  const target = readTarget(found, context.groupNames, report);
  if (target === undefined) return undefined;
  const name = `virtual_server ${describeTarget(target)}`;
  const forwarding = readMethod(block, name, keyword, report);
  const realServers = readPool(block, target, forwarding, context, report);
  const sorryServer = readSorryServer(block, forwarding, report);
  const family = familyOf(block, target, realServers, sorryServer, context.groups);
  checkFamilies(name, family, realServers, sorryServer, target, context.groups, report);
  const scheduler = readScheduler(block, name, keyword, report);
  const persistence = readPersistence(block, family, report) ?? zeroPortPersistence(target, name, keyword, report);
  const { quorum, hysteresis } = readQuorum(block, realServers, name, report);
  const up = block.last(K.QUORUM_UP);
  const down = block.last(K.QUORUM_DOWN);
  const quorumUp = up === undefined ? undefined : readScript(up.statement.words, report);
  const quorumDown = down === undefined ? undefined : readScript(down.statement.words, report);
  const virtualhost = block.last(K.VIRTUALHOST)?.values[0];
  const snmpName = block.last(K.SNMP_NAME)?.values[0];
  if (block.all(K.REAL_SERVER).length === 0) {
    report.warning(keyword, 'no-real-servers', `${name} has no real servers and is ignored`);
  }
  if (realServers.length === 0) return undefined;
  const server: VirtualServerConfig = {
    target,
    protocol: readProtocol(block, name, target, keyword, report),
    family,
    scheduler,
    flags: readFlags(block, scheduler, report),
    forwarding,
    ...(persistence === undefined ? {} : { persistence }),
    alpha: readTiming(block, NO_TIMING).alpha ?? false,
    omega: block.last(K.OMEGA)?.values[0] ?? false,
    quorum,
    hysteresis,
    ...(quorumUp === undefined ? {} : { quorumUp }),
    ...(quorumDown === undefined ? {} : { quorumDown }),
    smtpAlert: block.last(K.SMTP_ALERT)?.values[0] ?? globalSmtpAlert(context.globals) ?? false,
    haSuspend: block.has(K.HA_SUSPEND),
    ...(virtualhost === undefined ? {} : { virtualhost }),
    ...(snmpName === undefined ? {} : { snmpName }),
    ...(sorryServer === undefined ? {} : { sorryServer }),
    realServers,
    position: report.position(keyword),
  };
  lintVirtualServer(name, server, block, report);
  return server;
}

function globalSmtpAlert(globals: Block): boolean | undefined {
  return globals.last(SMTP_ALERT_CHECKER)?.values[0] ?? globals.last(GLOBAL_SMTP_ALERT)?.values[0];
}

function readMethod(block: Block, name: string, keyword: Word, report: Reporter): Forwarding {
  const found = block.last(K.LVS_METHOD);
  if (found !== undefined) return readForwarding(found.statement.words, report) ?? { method: 'masq' };
  const own = block.all(K.REAL_SERVER);
  if (own.length === 0 || own.some((server) => !server.block.has(K.LVS_METHOD))) {
    report.warning(keyword, 'default-used', `${name} has no lvs_method; NAT is used`);
  }
  return { method: 'masq' };
}

function readPool(
  block: Block,
  target: VirtualServerTarget,
  forwarding: Forwarding,
  context: VirtualServerContext,
  report: Reporter,
): readonly RealServerConfig[] {
  const virtualhost = block.last(K.VIRTUALHOST)?.values[0];
  const logAllFailures = context.globals.last(CHECKER_LOG_ALL_FAILURES)?.values[0] ?? false;
  const defaults: RealServerDefaults = {
    timing: readTiming(block, { ...NO_TIMING, logAllFailures }),
    forwarding,
    inhibitOnFailure: block.last(K.INHIBIT_ON_FAILURE)?.values[0] ?? false,
    smtpAlert: block.last(K.SMTP_ALERT)?.values[0] ?? globalSmtpAlert(context.globals) ?? true,
    ...(virtualhost === undefined ? {} : { virtualhost }),
    port: target.kind === 'address' ? target.port : 0,
    surroundings: context.surroundings,
  };
  const servers: RealServerConfig[] = [];
  const seen = new Set<string>();
  for (const found of block.all(K.REAL_SERVER)) {
    const server = readRealServer(found, defaults, report);
    if (server === undefined) continue;
    const key = `${server.address.bytes.join('.')} ${server.port}`;
    if (seen.has(key)) {
      const words = found.statement.words.map((word) => word.text).join(' ');
      report.warning(found.keyword, 'repeated-server', `${words} stands here a second time and is ignored`);
      continue;
    }
    seen.add(key);
    servers.push(server);
  }
  return servers;
}

function readSorryServer(block: Block, forwarding: Forwarding, report: Reporter): SorryServerConfig | undefined {
  const found = block.last(K.SORRY_SERVER);
  if (found === undefined) return undefined;
  const method = block.last(K.SORRY_SERVER_LVS_METHOD);
  const own = method === undefined ? forwarding : readForwarding(method.statement.words, report);
  const endpoint = readEndpoint(found.keyword, found.statement.words.slice(1), report);
  if (own === undefined || endpoint === undefined) return undefined;
  const inhibit = block.has(K.SORRY_SERVER_INHIBIT);
  return { ...endpoint, forwarding: own, inhibit, position: report.position(found.keyword) };
}

/** Schedulers of Linux (net/netfilter/ipvs). Others may exist as modules, so they are only worth a warning. */
const SCHEDULERS: ReadonlySet<string> = new Set([
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'mh',
  'fo',
  'ovf',
  'sed',
  'nq',
  'twos',
]);

function readScheduler(block: Block, name: string, keyword: Word, report: Reporter): string {
  const found = block.last(K.LVS_SCHED);
  if (found === undefined) {
    report.warning(keyword, 'default-used', `${name} has no lvs_sched; ${DEFAULT_SCHEDULER} is used`);
    return DEFAULT_SCHEDULER;
  }
  const [scheduler] = found.values;
  if (!SCHEDULERS.has(scheduler)) {
    const message = `${name}: unknown scheduler '${scheduler}'`;
    report.error(found.statement.words[1], 'bad-value', message, `one of ${[...SCHEDULERS].join(', ')}`);
  }
  return scheduler;
}

function readFlags(block: Block, scheduler: string, report: Reporter): number {
  let flags = 0;
  for (const { spec, flag, only } of K.FLAG_KEYWORDS) {
    const found = block.last(spec);
    if (found === undefined) continue;
    if (only !== undefined && only !== scheduler) {
      report.warning(found.keyword, 'ignored', `'${spec.name}' is for the scheduler ${only} only and is ignored`);
      continue;
    }
    flags |= flag;
  }
  return flags;
}

/** The protocol of a mark matters to checks only, so it is not missed there. */
function readProtocol(
  block: Block,
  name: string,
  target: VirtualServerTarget,
  keyword: Word,
  report: Reporter,
): VirtualServerConfig['protocol'] {
  const protocol = block.last(K.PROTOCOL)?.values[0];
  if (protocol === undefined && target.kind !== 'fwmark') {
    const hint = "add 'protocol TCP' if that is meant";
    report.warning(keyword, 'default-used', `${name} has no protocol; UDP is used, as in keepalived`, hint);
  }
  if (protocol === undefined) return target.kind === 'fwmark' ? 'tcp' : 'udp';
  return protocol === 'TCP' ? 'tcp' : protocol === 'UDP' ? 'udp' : 'sctp';
}

/** A service for every port has to be persistent (ip_vs_ctl.c); keepalived makes it so. */
function zeroPortPersistence(
  target: VirtualServerTarget,
  name: string,
  keyword: Word,
  report: Reporter,
): PersistenceConfig | undefined {
  if (target.kind !== 'address' || target.port !== 0) return undefined;
  const message = `${name} has no port, which only a persistent service may; persistence_timeout is set to 360`;
  report.warning(keyword, 'default-used', message, 'add a port or persistence_timeout');
  return { timeoutSeconds: DEFAULT_PERSISTENCE_TIMEOUT_S, prefixLength: target.address.family === 4 ? 32 : 128 };
}

function readQuorum(
  block: Block,
  realServers: readonly RealServerConfig[],
  name: string,
  report: Reporter,
): { readonly quorum: number; readonly hysteresis: number } {
  const found = block.last(K.QUORUM);
  const wanted = found?.values[0] ?? 1;
  const total = realServers.reduce((sum, server) => sum + server.weight, 0);
  const quorum = Math.max(1, Math.min(wanted, total));
  if (quorum < wanted) {
    const message = `${name}: quorum ${wanted} is above the weight of all real servers, ${total}; ${quorum} is used`;
    report.warning(found?.keyword, 'quorum-too-high', message);
  }
  const given = block.last(K.HYSTERESIS);
  const hysteresis = given?.values[0] ?? 0;
  if (hysteresis < quorum) return { quorum, hysteresis };
  const message = `${name}: hysteresis ${hysteresis} is not below the quorum ${quorum}; ${quorum - 1} is used`;
  report.warning(given?.keyword, 'hysteresis-too-high', message);
  return { quorum, hysteresis: quorum - 1 };
}
