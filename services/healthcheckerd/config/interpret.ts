/** From the statement tree to what healthcheckerd runs on. */
import type { Interpretation } from '../../shared/config/diagnostic.js';
import {
  NFTABLES_IPVS,
  NFTABLES_IPVS_START_FWMARK,
  NO_CHECKER_EMAILS,
  RS_INIT_NOTIFIES,
} from '../../shared/config/globals/lvs.js';
import {
  type InterpretEnvironment,
  isMailConfigured,
  readGlobals,
  routerId,
  scriptDefaults,
} from '../../shared/config/globals.js';
import { type Block, readBlock } from '../../shared/config/readBlock.js';
import { Reporter } from '../../shared/config/reporter.js';
import { readScheduling } from '../../shared/config/scheduling.js';
import { statementsOf } from '../../shared/config/topLevel.js';
import type { ConfigTree, Statement } from '../../shared/config/tree.js';
import { readGroup } from './interpret/group.js';
import type { CheckerSurroundings, PatternProblem } from './interpret/surroundings.js';
import { readTlsFiles, readTrackFiles } from './interpret/surroundings.js';
import { describeTarget } from './interpret/target.js';
import { readVirtualServer, type VirtualServerContext } from './interpret/virtualServer.js';
import { VIRTUAL_SERVER } from './keywords/server.js';
import { HEALTH_TABLE, VIRTUAL_SERVER_GROUP } from './keywords.js';
import type { HealthConfig, HealthGlobalConfig, VirtualServerConfig, VirtualServerGroupConfig } from './model.js';

/** What the meaning of this part depends on besides its text. */
export interface HealthEnvironment extends InterpretEnvironment {
  readonly patternProblem?: PatternProblem;
}

/** Gives meaning to healthcheckerd's part of a tree: `global_defs` and its own top-level blocks. Others are passed over. */
export function interpretHealthConfig(tree: ConfigTree, environment: HealthEnvironment): Interpretation<HealthConfig> {
  const report = new Reporter(tree.files, tree.lenient);
  const globals = readGlobals(tree);
  const statements = statementsOf(tree, 'healthcheckerd');
  const virtual = statements.filter(isVirtualServer);
  const others = statements.filter((statement) => !isVirtualServer(statement));
  const block = readBlock(others, HEALTH_TABLE, report);
  const groups = readGroups(block, report);
  const surroundings: CheckerSurroundings = {
    scripts: scriptDefaults(globals),
    tls: readTlsFiles(block),
    trackFiles: readTrackFiles(tree),
    ...(environment.patternProblem === undefined ? {} : { patternProblem: environment.patternProblem }),
  };
  const virtualServers = readVirtualServers(virtual, block, { globals, groups, surroundings }, report);
  const model: HealthConfig = {
    global: readGlobal(globals, environment),
    groups: [...groups.values()],
    virtualServers,
  };
  return report.hasErrors ? { diagnostics: report.diagnostics } : { model, diagnostics: report.diagnostics };
}

function readGlobal(globals: Block, environment: InterpretEnvironment): HealthGlobalConfig {
  return {
    routerId: routerId(globals, environment),
    mailConfigured: isMailConfigured(globals),
    initNotifies: globals.has(RS_INIT_NOTIFIES),
    noCheckerEmails: globals.has(NO_CHECKER_EMAILS),
    scheduling: readScheduling(globals, 'checker'),
    ...(globals.has(NFTABLES_IPVS)
      ? { firstGroupMark: globals.last(NFTABLES_IPVS_START_FWMARK)?.values[0] ?? DEFAULT_GROUP_MARK }
      : {}),
  };
}

/** keepalived.conf(5), nftables_ipvs_start_fwmark. */
const DEFAULT_GROUP_MARK = 1000;

function readGroups(block: Block, report: Reporter): ReadonlyMap<string, VirtualServerGroupConfig> {
  const groups = new Map<string, VirtualServerGroupConfig>();
  for (const found of block.all(VIRTUAL_SERVER_GROUP)) {
    const [name] = found.values;
    const group = readGroup(found, name, report);
    const other = groups.get(name);
    if (other === undefined) {
      groups.set(name, group);
    } else {
      const hint = `first on line ${other.position.line}`;
      report.error(found.keyword, 'duplicate-name', `virtual_server_group ${name} already exists`, hint);
    }
  }
  return groups;
}

const isVirtualServer = ({ words: [first] }: Statement): boolean =>
  first?.quoted === false && first.text === VIRTUAL_SERVER.name;

/** Each is read and done with before the next: what a hundred thousand servers read into never is there all at once. */
function readVirtualServers(
  statements: readonly Statement[],
  block: Block,
  shared: Omit<VirtualServerContext, 'groupNames'>,
  report: Reporter,
): readonly VirtualServerConfig[] {
  const groupNames: ReadonlySet<string> = new Set(block.all(VIRTUAL_SERVER_GROUP).map(({ values: [name] }) => name));
  const servers: VirtualServerConfig[] = [];
  const seen = new Map<string, number>();
  for (const statement of statements) {
    const found = readBlock([statement], HEALTH_TABLE, report).last(VIRTUAL_SERVER);
    if (found === undefined) continue;
    const server = readVirtualServer(found, { ...shared, groupNames }, report);
    if (server === undefined) continue;
    // The kernel tells services apart by these; for a mark the protocol does not count.
    const name = describeTarget(server.target);
    const protocol = server.target.kind === 'fwmark' ? '' : server.protocol;
    const key = `${name} ${protocol} ${server.family}`;
    const other = seen.get(key);
    if (other === undefined) {
      seen.set(key, found.keyword.line);
      servers.push(server);
    } else {
      const hint = `first on line ${other}`;
      report.error(found.keyword, 'duplicate-name', `virtual_server ${name} ${protocol} already exists`, hint);
    }
  }
  return servers;
}
