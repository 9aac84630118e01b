/** The checkers of one real server. */
import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { formatIpAddress } from '../../../shared/net/address.js';
import { seconds } from '../../../shared/time/duration.js';
import type { CheckerConfig, CheckerEndpoint } from '../checkerModel.js';
import * as C from '../keywords/checkers.js';
import { readBfdCheck } from './checkers/bfd.js';
import { readDnsQuestion } from './checkers/dns.js';
import { readFileCheck } from './checkers/file.js';
import { readHttp } from './checkers/http.js';
import { readMiscCheck } from './checkers/misc.js';
import { readUdp } from './checkers/udp.js';
import type { Endpoint } from './endpoint.js';
import type { CheckerDefaults } from './surroundings.js';
import { readTiming, resolveTiming, type TimingDefaults } from './timing.js';

/** keepalived.conf(5): 3 s between retries. */
const HTTP_TIMING: TimingDefaults = { delayBeforeRetry: seconds(3) };
const DNS_TIMING: TimingDefaults = { retry: 3, delayBeforeRetry: 'delay_loop' };
/** What keepalived 2.2.7 sends. */
const DEFAULT_HELO = 'smtpchecker.keepalived.org';

/** One checker, several of one block, or none. */
type Reading = (
  found: Occurrence,
  defaults: CheckerDefaults,
  report: Reporter,
) => CheckerConfig | readonly CheckerConfig[] | undefined;

const NO_DEFAULTS: TimingDefaults = {};

/** How each kind is read, in the order in which they are run. */
const READINGS: readonly (readonly [(typeof C.CHECKERS)[number], Reading])[] = [
  [
    C.TCP_CHECK,
    (found, defaults, report) =>
      connecting(found, defaults, NO_DEFAULTS, report, (common) => ({ kind: 'tcp', ...common })),
  ],
  [C.HTTP_GET, (found, defaults, report) => readHttpCheck(found, defaults, false, report)],
  [C.SSL_GET, (found, defaults, report) => readHttpCheck(found, defaults, true, report)],
  [C.SMTP_CHECK, readSmtpChecks],
  [
    C.DNS_CHECK,
    (found, defaults, report) => {
      const question = readDnsQuestion(found.block, report);
      if (question === undefined) return undefined;
      return connecting(found, defaults, DNS_TIMING, report, (common) => ({ kind: 'dns', ...common, ...question }));
    },
  ],
  [C.MISC_CHECK, readMiscCheck],
  [
    C.UDP_CHECK,
    (found, defaults, report) => {
      const udp = readUdp(found.block);
      return connecting(found, defaults, NO_DEFAULTS, report, (common) => ({ kind: 'udp', ...common, ...udp }));
    },
  ],
  [C.PING_CHECK, readPingCheck],
  [C.FILE_CHECK, readFileCheck],
  [C.BFD_CHECK, readBfdCheck],
];

/** Reads the checkers; what is wrong is reported and left out. */
export function readCheckers(block: Block, defaults: CheckerDefaults, report: Reporter): readonly CheckerConfig[] {
  const checkers: CheckerConfig[] = [];
  for (const [spec, reading] of READINGS) {
    for (const found of block.all(spec)) {
      const read = reading(found, defaults, report);
      if (Array.isArray(read)) checkers.push(...(read as readonly CheckerConfig[]));
      else if (read !== undefined) checkers.push(read as CheckerConfig);
    }
  }
  return checkers;
}

function readPingCheck({ block, keyword }: Occurrence, defaults: CheckerDefaults, report: Reporter): CheckerConfig {
  const address = block.last(C.CONNECT_IP)?.values[0] ?? defaults.server.address;
  const endpoint = withSource({ address, port: 0 }, block, report);
  const timing = resolveTiming(readTiming(block, defaults.timing));
  return { kind: 'ping', endpoint, timing, position: report.position(keyword) };
}

type Connecting = Pick<Extract<CheckerConfig, { kind: 'tcp' }>, 'endpoint' | 'timing' | 'position'>;

/** Builds a checker that connects somewhere; reports one that has no port to connect to. */
function connecting<Config extends CheckerConfig>(
  found: Occurrence,
  defaults: CheckerDefaults,
  timing: TimingDefaults,
  report: Reporter,
  build: (common: Connecting) => Config,
): Config | undefined {
  const { block, keyword } = found;
  const endpoint = readTarget(block, { address: defaults.server.address, port: portOf(defaults) });
  if (endpoint === undefined) {
    const message = `${keyword.text} has no port to connect to`;
    report.error(keyword, 'missing-argument', message, 'add connect_port, or a port to the real server');
    return undefined;
  }
  return build({
    endpoint: withSource(endpoint, block, report),
    timing: resolveTiming(readTiming(block, defaults.timing), timing),
    position: report.position(keyword),
  });
}

const portOf = ({ server, virtualPort }: CheckerDefaults): number => (server.port === 0 ? virtualPort : server.port);

function readTarget(block: Block, above: Endpoint): Endpoint | undefined {
  const address = block.last(C.CONNECT_IP)?.values[0] ?? above.address;
  const port = block.last(C.CONNECT_PORT)?.values[0] ?? above.port;
  return port === 0 ? undefined : { address, port };
}

function readHttpCheck(
  found: Occurrence,
  defaults: CheckerDefaults,
  tls: boolean,
  report: Reporter,
): CheckerConfig | undefined {
  const http = readHttp(
    found.block,
    defaults.virtualhost,
    tls ? defaults.surroundings.tls : undefined,
    defaults.surroundings.patternProblem,
    report,
  );
  if (http === undefined) return undefined;
  const retry = found.block.last(C.NB_GET_RETRY)?.values[0];
  const timing = retry === undefined ? defaults.timing : { ...defaults.timing, retry };
  return connecting(found, { ...defaults, timing }, HTTP_TIMING, report, (common) => ({
    kind: 'http',
    ...common,
    ...http,
  }));
}

/** One checker for each `host`, and one for the block itself when it has no hosts or says where to connect. */
function readSmtpChecks(found: Occurrence, defaults: CheckerDefaults, report: Reporter): CheckerConfig[] {
  const { block } = found;
  const heloName = block.last(C.HELO_NAME)?.values[0] ?? DEFAULT_HELO;
  const own = connecting(found, defaults, NO_DEFAULTS, report, (common) => ({
    kind: 'smtp' as const,
    ...common,
    heloName,
  }));
  if (own === undefined) return [];
  const hosts = block.all(C.SMTP_HOST);
  const checks: CheckerConfig[] = hosts.flatMap(({ block: inside, keyword }) => {
    const endpoint = readTarget(inside, own.endpoint);
    if (endpoint === undefined) return [];
    const source = withSource({ ...own.endpoint, ...endpoint }, inside, report);
    return [{ ...own, endpoint: source, position: report.position(keyword) }];
  });
  return hosts.length === 0 || block.has(C.CONNECT_IP) || block.has(C.CONNECT_PORT) ? [own, ...checks] : checks;
}

type EndpointDraft = { -readonly [K in keyof CheckerEndpoint]: CheckerEndpoint[K] };

function withSource(endpoint: CheckerEndpoint, block: Block, report: Reporter): CheckerEndpoint {
  const bind = block.last(C.BINDTO);
  const bindInterface = block.last(C.BIND_IF)?.values[0];
  const bindPort = block.last(C.BIND_PORT)?.values[0];
  const fwmark = block.last(C.FWMARK)?.values[0] ?? 0;
  const source = bind?.values[0];
  const { family } = endpoint.address;
  if (source !== undefined && source.family !== family) {
    const message = `bindto ${formatIpAddress(source)} is not IPv${family} like the address to connect to`;
    report.error(bind?.statement.words[1], 'mixed-families', message);
  }
  const result: EndpointDraft = endpoint;
  if (source !== undefined) result.bindAddress = source;
  if (bindInterface !== undefined) result.bindInterface = bindInterface;
  if (bindPort !== undefined) result.bindPort = bindPort;
  if (fwmark !== 0) result.fwmark = fwmark;
  return result;
}
