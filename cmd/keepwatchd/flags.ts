/** Command line of keepwatchd: keepalived's flags with keepalived's meaning, and our own. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LOG_OPTIONS, type LogFlags, logFlags } from '../../services/shared/log/flags.js';
import { DEFAULT_RUN_DIR, DEFAULT_STATE_DIR } from '../../services/shared/rpc/paths.js';
import { type ListenAddress, parseListenAddress } from '../../services/supervisor/listenAddress.js';
import { SPARE_POLICIES, type SparePolicy } from '../../services/supervisor/sparePolicy.js';
import { parseOtlpEndpoint } from '../../services/supervisor/tracing/otlpEndpoint.js';

/** Places of the configuration when -f names none, in order. */
export const DEFAULT_CONFIG_FILES = ['/etc/keepwatch/keepwatch.conf', '/etc/keepalived/keepalived.conf'] as const;

/** Where --api finds its certificates. */
const DEFAULT_API_TLS_DIR = '/etc/keepwatch/api';

/** What the command line asks for. */
export interface Flags {
  /** -f; undefined: the default. */
  readonly configFile: string | undefined;
  readonly configId: string | undefined;
  readonly runDir: string;
  readonly stateDir: string;
  /** The directories are named on the command line: a configuration does not choose others. */
  readonly givenRunDir: boolean;
  readonly givenStateDir: boolean;
  /** -s: instead of net_namespace. */
  readonly namespace: string | undefined;
  readonly vrrpOnly: boolean;
  readonly checkersOnly: boolean;
  /** BFD sessions are run. */
  readonly bfd: boolean;
  readonly attach: boolean;
  readonly spare: SparePolicy;
  /** --control-group: whose members may use the control socket besides root. */
  readonly controlGroup: string | undefined;
  /** --metrics; undefined: nothing is served. */
  readonly metrics: ListenAddress | undefined;
  /** --api and --api-tls-dir; undefined: only the Unix socket is served. */
  readonly api: { readonly address: ListenAddress; readonly directory: string } | undefined;
  /** --dashboard and --dashboard-tls-dir; undefined: nothing is served. */
  readonly dashboard: { readonly address: ListenAddress; readonly tlsDirectory: string | undefined } | undefined;
  /** --otlp-endpoint; undefined: no traces. */
  readonly traces: URL | undefined;
  /** -x: everything is shown by SNMP; -A: instead of snmp_socket. */
  readonly snmp: boolean;
  readonly snmpSocket: string | undefined;
  readonly log: LogFlags;
  readonly pidFile: string | undefined;
  readonly vrrpPidFile: string | undefined;
  readonly checkersPidFile: string | undefined;
  readonly bfdPidFile: string | undefined;
  /** -t: `file` is where the findings go instead of stderr. */
  readonly configTest: { readonly file: string | undefined } | undefined;
  readonly warningsAsErrors: boolean;
  /** With -t: findings as JSON. */
  readonly json: boolean;
  readonly lenient: boolean;
  /** -e: whatever an include names has to be there. */
  readonly allIncluded: boolean;
  /** Every service runs, whether the configuration has work for it or not. */
  readonly all: boolean;
  /** Flags that were given and change nothing here, and why. */
  readonly withoutEffect: readonly { readonly flag: string; readonly why: string }[];
  readonly keepVrrp: boolean;
  readonly keepIpvs: boolean;
  readonly respawn: boolean;
  readonly coreDump: boolean;
  /** -M: pattern for /proc/sys/kernel/core_pattern. */
  readonly corePattern: string | undefined;
  readonly signum: string | undefined;
  readonly version: boolean;
  readonly help: boolean;
}

/** Flags whose value is optional and attached (`-tFILE`, `--config-test=FILE`), which parseArgs does not know. */
const OPTIONAL = [
  { short: 't', long: 'config-test' },
  { short: 'M', long: 'core-dump-pattern' },
] as const;

/** Flags of keepalived for which there is nothing to do, and why. */
const WITHOUT_EFFECT = {
  umask: 'files of Keepwatch are for their owner alone, whatever the umask',
  'release-vips': 'addresses always go at a stop, unless -V keeps them',
  'address-monitoring': 'what becomes of the addresses that count is in the log and in keepwatchctl history',
} as const;

/** Variables of the environment that stand for flags which are not given, where flags are hard to give (containers). */
const VARIABLES = {
  'use-file': 'KEEPWATCH_CONFIG',
  'config-id': 'KEEPWATCH_CONFIG_ID',
  metrics: 'KEEPWATCH_METRICS',
  api: 'KEEPWATCH_API',
  'api-tls-dir': 'KEEPWATCH_API_TLS_DIR',
  dashboard: 'KEEPWATCH_DASHBOARD',
  'dashboard-tls-dir': 'KEEPWATCH_DASHBOARD_TLS_DIR',
  'otlp-endpoint': 'KEEPWATCH_OTLP_ENDPOINT',
  spare: 'KEEPWATCH_SPARE',
  'run-dir': 'KEEPWATCH_RUN_DIR',
  'state-dir': 'KEEPWATCH_STATE_DIR',
} as const;

/** Reads the command line and the environment. Throws an Error with a message for the user. */
export function parseFlags(argv: readonly string[], environment: NodeJS.ProcessEnv = process.env): Flags {
  const { rest, found } = takeOptional(argv);
  // Set to nothing is not set: compose and Kubernetes cannot leave a variable away.
  const set = (flag: keyof typeof VARIABLES): string | undefined => environment[VARIABLES[flag]] || undefined;
  const { values } = parseArgs({
    args: rest,
    options: {
      ...LOG_OPTIONS,
      'use-file': { type: 'string', short: 'f' },
      vrrp: { type: 'boolean', short: 'P' },
      check: { type: 'boolean', short: 'C' },
      no_bfd: { type: 'boolean', short: 'B' },
      pid: { type: 'string', short: 'p' },
      vrrp_pid: { type: 'string', short: 'r' },
      checkers_pid: { type: 'string', short: 'c' },
      bfd_pid: { type: 'string', short: 'b' },
      'all-config': { type: 'boolean', short: 'e' },
      all: { type: 'boolean' },
      umask: { type: 'string', short: 'u' },
      'release-vips': { type: 'boolean', short: 'X' },
      'address-monitoring': { type: 'boolean', short: 'a' },
      genhash: { type: 'boolean', short: 'T' },
      'config-id': { type: 'string', short: 'i' },
      'dont-release-vrrp': { type: 'boolean', short: 'V' },
      'dont-release-ipvs': { type: 'boolean', short: 'I' },
      'dont-respawn': { type: 'boolean', short: 'R' },
      'core-dump': { type: 'boolean', short: 'm' },
      signum: { type: 'string' },
      'run-dir': { type: 'string' },
      'state-dir': { type: 'string' },
      namespace: { type: 'string', short: 's' },
      snmp: { type: 'boolean', short: 'x' },
      'snmp-agent-socket': { type: 'string', short: 'A' },
      attach: { type: 'boolean' },
      spare: { type: 'string', default: set('spare') ?? 'auto' },
      metrics: { type: 'string' },
      api: { type: 'string' },
      'api-tls-dir': { type: 'string' },
      dashboard: { type: 'string' },
      'dashboard-tls-dir': { type: 'string' },
      'otlp-endpoint': { type: 'string' },
      'control-group': { type: 'string' },
      'warnings-as-errors': { type: 'boolean' },
      json: { type: 'boolean' },
      lenient: { type: 'boolean' },
      version: { type: 'boolean', short: 'v' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.genhash === true) throw new Error('-T, --genhash: that is the command keepwatch-genhash');
  const test = found.get('config-test');
  const pattern = found.get('core-dump-pattern');
  const metrics = values.metrics ?? set('metrics');
  const otlp = values['otlp-endpoint'] ?? set('otlp-endpoint');
  const runDir = values['run-dir'] ?? set('run-dir');
  const stateDir = values['state-dir'] ?? set('state-dir');
  return {
    configFile: absolute(values['use-file'] ?? set('use-file')),
    configId: values['config-id'] ?? set('config-id'),
    runDir: resolve(runDir ?? DEFAULT_RUN_DIR),
    stateDir: resolve(stateDir ?? DEFAULT_STATE_DIR),
    givenRunDir: runDir !== undefined,
    givenStateDir: stateDir !== undefined,
    namespace: namespaceName(values.namespace),
    vrrpOnly: values.vrrp ?? false,
    checkersOnly: values.check ?? false,
    bfd: !(values.no_bfd ?? false),
    attach: values.attach ?? false,
    spare: sparePolicy(values.spare),
    metrics: metrics === undefined ? undefined : parseListenAddress('--metrics', metrics),
    api: apiPlace(values.api ?? set('api'), values['api-tls-dir'], set('api-tls-dir')),
    dashboard: dashboardPlace(
      values.dashboard ?? set('dashboard'),
      values['dashboard-tls-dir'],
      set('dashboard-tls-dir'),
    ),
    traces: otlp === undefined ? undefined : parseOtlpEndpoint(otlp),
    controlGroup: values['control-group'],
    snmp: values.snmp ?? false,
    snmpSocket: values['snmp-agent-socket'],
    log: logFlags({ ...values, 'log-file': absolute(values['log-file']) }, environment),
    pidFile: absolute(values.pid),
    vrrpPidFile: absolute(values.vrrp_pid),
    checkersPidFile: absolute(values.checkers_pid),
    bfdPidFile: absolute(values.bfd_pid),
    configTest: test === undefined ? undefined : { file: test === '' ? undefined : test },
    warningsAsErrors: values['warnings-as-errors'] ?? false,
    json: values.json ?? false,
    lenient: values.lenient ?? false,
    allIncluded: values['all-config'] ?? false,
    all: values.all ?? false,
    withoutEffect: Object.entries(WITHOUT_EFFECT).flatMap(([flag, why]) =>
      values[flag as keyof typeof WITHOUT_EFFECT] === undefined ? [] : [{ flag: `--${flag}`, why }],
    ),
    keepVrrp: values['dont-release-vrrp'] ?? false,
    keepIpvs: values['dont-release-ipvs'] ?? false,
    respawn: !(values['dont-respawn'] ?? false),
    coreDump: (values['core-dump'] ?? false) || pattern !== undefined,
    corePattern: pattern === '' ? 'core' : pattern,
    signum: values.signum,
    version: values.version ?? false,
    help: values.help ?? false,
  };
}

function sparePolicy(word: string): SparePolicy {
  const policy = SPARE_POLICIES.find((known) => known === word);
  if (policy === undefined) throw new Error(`--spare ${word}: one of ${SPARE_POLICIES.join(', ')}`);
  return policy;
}

function apiPlace(address: string | undefined, given: string | undefined, fallback: string | undefined): Flags['api'] {
  if (address === undefined) {
    if (given !== undefined) throw new Error('--api-tls-dir has no effect without --api HOST:PORT');
    return undefined;
  }
  return {
    address: parseListenAddress('--api', address),
    directory: resolve(given ?? fallback ?? DEFAULT_API_TLS_DIR),
  };
}

function dashboardPlace(
  address: string | undefined,
  given: string | undefined,
  fallback: string | undefined,
): Flags['dashboard'] {
  if (address === undefined) {
    if (given !== undefined) throw new Error('--dashboard-tls-dir has no effect without --dashboard HOST:PORT');
    return undefined;
  }
  return { address: parseListenAddress('--dashboard', address), tlsDirectory: absolute(given ?? fallback) };
}

/** The name of a namespace, as a name of a file below /run/netns. */
function namespaceName(name: string | undefined): string | undefined {
  if (name !== undefined && (name === '' || name === '.' || name === '..' || name.includes('/')))
    throw new Error(`-s/--namespace takes the name of a network namespace, not '${name}'`);
  return name;
}

/** Services run in another directory. */
const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));

function takeOptional(argv: readonly string[]): { rest: string[]; found: Map<string, string> } {
  const rest: string[] = [];
  const found = new Map<string, string>();
  let previous = '';
  for (const word of argv) {
    const wanted = TAKES_VALUE.test(previous)
      ? undefined
      : OPTIONAL.find(({ short, long }) => matches(word, short, long));
    previous = word;
    if (wanted === undefined) {
      rest.push(word);
      continue;
    }
    const long = new RegExp(`^--${wanted.long}=?(.*)$`, 's').exec(word);
    const short = new RegExp(`^-([${SWITCHES}]*)${wanted.short}=?(.*)$`, 's').exec(word);
    found.set(wanted.long, long?.[1] ?? short?.[2] ?? '');
    if (long === null && short?.[1] !== undefined && short[1] !== '') rest.push(`-${short[1]}`);
  }
  return { rest, found };
}

/** Short flags without a value, which may stand before `t` in one word (`-nlt`). */
const SWITCHES = 'PCBlDGndVIRmxXaeTvh';
/** A word after which the next one is a value, whatever it looks like. */
const TAKES_VALUE = new RegExp(
  `^(?:-[${SWITCHES}]*[fSgprcbuisA]|--(?:use-file|log-[fsl]\\w+|pid|vrrp_pid|checkers_pid|bfd_pid|umask|config-id|signum|run-dir|state-dir|namespace|snmp-agent-socket|spare|metrics|api|api-tls-dir|otlp-endpoint|dashboard|dashboard-tls-dir|control-group))$`,
);

const matches = (word: string, short: string, long: string): boolean =>
  word === `--${long}` || word.startsWith(`--${long}=`) || new RegExp(`^-[${SWITCHES}]*${short}`).test(word);

/** Signal numbers by the names keepalived gives their uses. */
const SIGNALS: Readonly<Record<string, number>> = { STOP: 15, RELOAD: 1, DATA: 10, STATS: 12 };

/** The number for --signum; undefined for a name that has none. */
export const signalNumber = (name: string): number | undefined => SIGNALS[name];

export const HELP = `Usage: keepwatchd [options]

Starts and supervises vrrpd, healthcheckerd, ipvsd, bfdd and notifierd with a configuration written for keepalived.

  -f, --use-file FILE        configuration (default ${DEFAULT_CONFIG_FILES[0]}, else
                             ${DEFAULT_CONFIG_FILES[1]})
  -P, --vrrp                 VRRP only
  -C, --check                health checks and IPVS only
  -B, --no_bfd               without BFD: what follows a session waits
  -n, --dont-fork            stay in the foreground; without it, return once the suite is ready
  -t, --config-test[=FILE]   check the configuration and end; findings go to stderr, or to FILE
      --warnings-as-errors   with -t: a warning counts as an error
      --json                 with -t: findings as JSON, to stdout or FILE
      --lenient              what keepalived answers with a warning and leaves out (unknown keywords,
                             wrong values) is a warning instead of an error
  -e, --all-config           whatever an include names has to be there, as if include_check stood first
  -i, --config-id ID         take lines that begin with @ID (default: the host name)
  -l, --log-console          log to stderr, as text
  -D, --log-detail           log details
  -d, --dump-conf            log everything
      --log-level LEVEL      fatal, error, warn, info, debug or trace, of every service; above what -D and -d say
  -S, --log-facility NAME    syslog facility: 0 to 7 (LOG_LOCALn), user or daemon (default)
  -g, --log-file FILE        log to a file
  -G, --no-syslog            never log to syslog
      --log-suffix TEXT      appended to the names in syslog (default: net_namespace and instance)
  -p, --pid FILE             further pid file of the supervisor
  -r, --vrrp_pid FILE        further pid file of vrrpd
  -c, --checkers_pid FILE    further pid file of healthcheckerd
  -b, --bfd_pid FILE         further pid file of bfdd
  -V, --dont-release-vrrp    leave virtual addresses and routes at the end
  -I, --dont-release-ipvs    leave the IPVS table at the end
  -R, --dont-respawn         end when a service dies
  -m, --core-dump            allow core dumps
  -M, --core-dump-pattern[=PATTERN]  also set /proc/sys/kernel/core_pattern (default core)
  -x, --snmp                 show everything by SNMP, whatever enable_snmp_… says
  -A, --snmp-agent-socket SOCKET  where snmpd takes sub-agents, in place of snmp_socket
  -s, --namespace NAME       network namespace of all services, in place of net_namespace
      --run-dir DIR          sockets and pid files (default ${DEFAULT_RUN_DIR}; below that where the
                             configuration says net_namespace or instance)
      --state-dir DIR        journals, records and dumps (default ${DEFAULT_STATE_DIR}, as above)
      --attach               use services that another runtime keeps alive; start none
      --spare WHEN           a second vrrpd that takes over within milliseconds: auto (default: where the
                             intervals are too short for a restart), always or never
      --metrics HOST:PORT    serve /metrics (Prometheus), /healthz and /readyz there over HTTP; off by default
      --api HOST:PORT        serve the control API there too, only with mutual TLS and roles by certificate; off
                             by default
      --api-tls-dir DIR      cert.pem, key.pem, client-ca.pem and, where wanted, roles and client-crl.pem for
                             --api (default ${DEFAULT_API_TLS_DIR}); read again at every reload
      --dashboard HOST:PORT  serve a live page there that shows everything and changes nothing: over HTTP on an
                             address of this machine alone (127.0.0.1, [::1]), else with --dashboard-tls-dir;
                             off by default
      --dashboard-tls-dir DIR  cert.pem, key.pem and client-ca.pem: serve it over TLS, to clients with a
                             certificate; read again at every reload
      --otlp-endpoint URL    send traces there (OpenTelemetry, OTLP over HTTP), from a check's failure to the
                             kernel's table and the script's end; off by default
      --control-group GROUP  members of GROUP may use the control socket, as root may: look at everything and
                             give every order (default: root alone)
      --signum NAME          print the number of the signal for STOP, RELOAD, DATA or STATS
  --all                      run every service, whether the configuration has work for it or not
  -u, -X, -a                 keepalived's --umask, --release-vips and --address-monitoring: taken, without effect;
                             the log says why
  -v, --version              print the version
  -h, --help                 print this text

Environment, for flags that are not given: KEEPWATCH_CONFIG (-f), KEEPWATCH_CONFIG_ID (-i), KEEPWATCH_RUN_DIR,
KEEPWATCH_STATE_DIR, KEEPWATCH_LOG_LEVEL, KEEPWATCH_METRICS, KEEPWATCH_API, KEEPWATCH_API_TLS_DIR,
KEEPWATCH_DASHBOARD, KEEPWATCH_DASHBOARD_TLS_DIR, KEEPWATCH_OTLP_ENDPOINT, KEEPWATCH_SPARE.

Signals: HUP reload, TERM and INT stop, USR1 data dump, USR2 statistics (under the state directory).
Exit codes: 0 good; 1 ended by an error; 2 wrong flags or cannot start; 4 the configuration cannot be read;
5 errors in the configuration; 6 script security, or a file that an include check demands is missing.
`;
