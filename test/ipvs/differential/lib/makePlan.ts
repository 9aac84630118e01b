/** Makes plans out of configurations: the backends they need, and what happens. */
import type { CheckerConfig } from '../../../../services/healthcheckerd/config/checkerModel.js';
import type { HealthConfig, RealServerConfig } from '../../../../services/healthcheckerd/config/model.js';
import { formatIpAddress } from '../../../../services/shared/net/address.js';
import { type Configuration, RELOAD_ROUND, ROUNDS } from './configuration.js';
import type { LabEvent, Plan, Round, ServerKind, ServerPlan } from './plan.js';

const KIND: Readonly<Record<CheckerConfig['kind'], ServerKind | undefined>> = {
  tcp: 'tcp',
  http: 'http',
  smtp: 'smtp',
  dns: 'dns',
  udp: 'udp',
  ping: undefined,
  misc: undefined,
  file: undefined,
  bfd: undefined,
};
/** One that speaks satisfies checkers that only connect. */
const SPEAKS: readonly ServerKind[] = ['http', 'https', 'smtp', 'dns'];

function serverFor(checker: CheckerConfig): ServerPlan | undefined {
  const kind = KIND[checker.kind];
  if (kind === undefined || !('endpoint' in checker)) return undefined;
  const server = { kind, address: formatIpAddress(checker.endpoint.address), port: checker.endpoint.port };
  if (checker.kind === 'http') {
    const wanted = checker.urls.flatMap(({ path, status }) => {
      const [first] = status;
      return first === undefined || status.some((range) => range.first <= 200 && 200 <= range.last)
        ? []
        : [[path, first.first] as const];
    });
    return { ...server, kind: checker.tls ? 'https' : 'http', status: Object.fromEntries(wanted) };
  }
  if (checker.kind === 'udp' && checker.reply) {
    const [asked, wanted] = [checker.payload ?? [], checker.reply.bytes].map((bytes) => Buffer.from(bytes));
    // An echo is right where it begins as it shall.
    const echo = wanted?.every(
      (byte, index) =>
        (byte & (checker.reply?.mask[index] ?? 0)) === ((asked?.[index] ?? 0) & (checker.reply?.mask[index] ?? 0)),
    );
    if (!echo) return { ...server, reply: wanted?.toString('hex') ?? '' };
  }
  return server;
}

const realServers = (models: readonly HealthConfig[]): RealServerConfig[] =>
  models.flatMap(({ virtualServers }) => virtualServers.flatMap((virtual) => virtual.realServers));

function serversOf(models: readonly HealthConfig[]): ServerPlan[] {
  const found = new Map<string, ServerPlan>();
  for (const checker of realServers(models).flatMap(({ checkers }) => checkers)) {
    const server = serverFor(checker);
    if (server === undefined) continue;
    const transport = server.kind === 'dns' || server.kind === 'udp' ? 'udp' : 'tcp';
    const key = `${transport} ${server.address} ${server.port}`;
    const other = found.get(key);
    if (other === undefined || SPEAKS.includes(server.kind)) {
      found.set(key, { ...server, ...(other?.status ? { status: { ...other.status, ...server.status } } : {}) });
    }
  }
  return [...found.values()];
}

/** Longest way of a failure, or a recovery, through any checker; seconds nobody wants to wait for are cut off. */
function restAfterMs(models: readonly HealthConfig[]): number {
  const longest = realServers(models)
    .flatMap(({ checkers }) => checkers)
    .map((checker) => {
      const { delayLoop, retry, delayBeforeRetry, connectTimeout } = checker.timing;
      const urls = checker.kind === 'http' && !checker.fastRecovery ? checker.urls.length + 1 : 1;
      // Of these silence is an answer.
      const silence = checker.kind === 'ping' || checker.kind === 'udp' ? (retry + 1) * connectTimeout : 0;
      return delayLoop * urls + retry * delayBeforeRetry + silence;
    });
  const ms = Math.max(0, ...longest) / 1000;
  return Math.min(20_000, Math.max(3_000, ms + 500));
}

/** Scripts of configurations: `tell` writes down how it was called, `tell-all` what it was called with, `status NAME` ends with the number in a file. */
const SCRIPTS = {
  'bin/tell': `#!/bin/sh
args=; for word in "$0" "$@"; do args="$args[$word]"; done
echo "$args" >>/run/here/calls
`,
  'bin/tell-all': `#!/bin/sh
args=; for word in "$0" "$@"; do args="$args[$word]"; done
read -r stat </proc/$$/stat
rest=\${stat##*) }; set -- $rest
leader=no; [ "$3" = $$ ] && leader=yes
environment=$(tr '\\0' '\\n' </proc/$$/environ | sort | tr '\\n' ' ')
echo "$args leader=$leader umask=$(umask) stdin=$(readlink /proc/$$/fd/0) directory=$PWD environment=$environment" >>/run/here/calls
`,
  'bin/status': `#!/bin/sh
read -r status <"/run/here/status/$1" || exit 0
exit "$status"
`,
};

/** What all configurations of a run together have in common. */
export const COMMON = `global_defs {
  router_id lab
  enable_script_security
  script_user root
  lvs_notify_fifo /run/here/fifo
}
`;

/** The files a run needs: one after the other in the order given. */
export function makePlan(
  name: string,
  configurations: readonly Configuration[],
  options: { readonly common: string; readonly knownToDiffer: readonly string[] },
): Plan {
  const models = configurations.flatMap((one) => one.models);
  const servers = [...serversOf(models), ...configurations.flatMap(({ mailServers }) => mailServers)];
  const files: Record<string, string> = { ...SCRIPTS };
  const reload: Record<string, string> = {};
  for (const { name: file, text, reloaded } of configurations) {
    files[`configurations/${file}`] = text;
    if (reloaded !== undefined) reload[`configurations/${file}`] = reloaded;
  }
  const includes = configurations.map(({ name: file }) => `include /run/here/configurations/${file}\n`);
  const addresses = new Set([
    ...realServers(models).map(({ address }) => formatIpAddress(address)),
    ...servers.map(({ address }) => address),
  ]);
  const scripts = configurations.map((one) => (one.script.size > 0 ? one.script : usualScript(one)));
  // Those in which nothing happens too: what is listed of a configuration is the same whatever it runs with.
  const rounds: Round[] = Array.from({ length: ROUNDS }, (_, index) => {
    const events = scripts.flatMap((script) => script.get(index + 1) ?? []);
    const isReload = index + 1 === RELOAD_ROUND;
    return { name: isReload ? 'reload' : `round ${index + 1}`, events, ...(isReload ? { reload } : {}) };
  });
  return {
    name,
    main: `${options.common}${includes.join('')}`,
    files,
    servers,
    addresses: [...addresses].filter((address) => !/^(127\.|::1$|10\.255\.0\.1$)/.test(address)),
    before: configurations.flatMap(({ before }) => before),
    deadAtStart: configurations.flatMap(({ deadAtStart }) => deadAtStart),
    checkersOnly: !configurations.some(({ text }) => /^\s*vrrp_/m.test(text)),
    rounds,
    restAfterMs: restAfterMs(models),
    knownToDiffer: options.knownToDiffer,
  };
}

/** What happens to a configuration that says nothing about it: its servers die and return, by half and as a whole. */
function usualScript({ models }: Configuration): ReadonlyMap<number, readonly LabEvent[]> {
  const servers = serversOf(models);
  const at = (list: readonly ServerPlan[], kind: 'die' | 'return' | 'sicken'): LabEvent[] =>
    list.map(({ address, port }) => ({ kind, address, port }));
  const half = servers.filter((_, index) => index % 2 === 0);
  return new Map([
    [1, at(half, 'die')],
    [2, at(half, 'return')],
    [3, at(servers, 'sicken')],
    [RELOAD_ROUND, []],
    [5, at(servers, 'die')],
    [6, at(servers, 'return')],
  ]);
}
