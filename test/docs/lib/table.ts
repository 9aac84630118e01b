/**
 * How each command of the documentation is tested. A command that is not here fails the test: add a line in the place where
 * it can run, for the commands run in this order, against one suite.
 */

/** One command of the documentation. */
export interface Classified {
  /** As it stands there, by the rules of commands.ts. */
  readonly text: string;
  readonly how: How;
}

type How =
  | {
      /** On the router of the test, before its suite is started or while it runs. */
      readonly kind: 'offline' | 'live';
      /** What is typed where the text has placeholders: all of these, one after the other. */
      readonly as: readonly string[];
      /** The last one's standard output. */
      readonly shows: RegExp;
      readonly exit: readonly number[];
    }
  /** By the test in `file`, which has `says` in it. */
  | { readonly kind: 'elsewhere'; readonly file: string; readonly says: string }
  /** Its parts exist, no more; and why not more. */
  | { readonly kind: 'parsed'; readonly why: string }
  /** A name in a sentence; what is typed stands elsewhere, with its arguments. */
  | { readonly kind: 'named' };

interface Details {
  readonly as?: string | readonly string[];
  readonly shows?: RegExp;
  readonly exit?: readonly number[];
}

const run = (kind: 'offline' | 'live', text: string, { as, shows, exit }: Details): Classified => ({
  text,
  how: { kind, as: [as ?? text].flat(), shows: shows ?? /(?:)/, exit: exit ?? [0] },
});
const offline = (text: string, details: Details = {}): Classified => run('offline', text, details);
const live = (text: string, details: Details = {}): Classified => run('live', text, details);
const elsewhere = (text: string, file: string, says: string): Classified => ({
  text,
  how: { kind: 'elsewhere', file, says },
});
const parsed = (text: string, why: string): Classified => ({ text, how: { kind: 'parsed', why } });
const named = (text: string): Classified => ({ text, how: { kind: 'named' } });

const CONTAINERS = 'test/containers/containers.test.ts';
const ENGINE = 'test/containers/lib/engine.ts';
const PACKAGE = 'test/packaging/package.test.ts';
const SNMP = 'test/e2e/snmp.test.ts';
const DBUS = 'test/e2e/dbus.test.ts';
const LONG = 'runs for minutes to hours; npm finds it, and its parts are run by other tests';
const DOCKER = 'needs Docker; the containers test runs the same file with podman';
const SYSTEMD = 'needs a machine that systemd has started; the units are tested by test/e2e/systemd.test.ts';

/** 1: the status says that something needs attention, such as a kernel without IPVS. */
const ATTENTION = [0, 1];
/** The id of the only order that takes a server out. */
const ORDER_ID = `$(keepwatchctl status --json | node -p 'JSON.parse(fs.readFileSync(0)).orders.find(({ removeServer }) => removeServer).id')`;

/** Prints the page of the dashboard. */
const PAGE = "fetch('http://127.0.0.1:9651/').then((answer) => answer.text()).then(console.log)";
/** What new certificates and requests have in common. */
const NEW = 'new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"';

export const TABLE: readonly Classified[] = [
  // Without a suite.
  offline('keepwatchd -t -f /etc/keepalived/keepalived.conf'),
  offline('keepwatchd -t'),
  offline('keepwatchd -t -f FILE', { as: 'keepwatchd -t -f new.conf' }),
  offline('keepwatchctl check FILE', { as: 'keepwatchctl check new.conf' }),
  offline('keepwatchctl check FILE [--json] [--warnings-as-errors]', {
    as: ['keepwatchctl check new.conf --warnings-as-errors', 'keepwatchctl check new.conf --json'],
    shows: /"diagnostics"/,
  }),
  offline('keepwatchctl check keepalived.conf'),
  offline('keepwatchctl check /etc/keepwatch/keepwatch.conf'),
  offline('keepwatchctl config show [FILE]', {
    as: ['keepwatchctl config show', 'keepwatchctl config show new.conf'],
    shows: /vrrp_instance VI_1/,
  }),
  offline('keepwatchctl config show --typed /etc/keepalived/keepalived.conf', { shows: /vrid|virtual_router_id|51/ }),
  offline('keepwatchctl fmt FILE [--write|--check]', {
    as: ['keepwatchctl fmt new.conf', 'keepwatchctl fmt new.conf --write', 'keepwatchctl fmt new.conf --check'],
  }),
  offline('keepwatchctl plan new.conf --against keepalived.conf', { shows: /VI_1/ }),
  offline('keepwatchctl plan FILE --against OTHER', {
    as: 'keepwatchctl plan keepalived.conf --against new.conf',
    shows: /VI_1/,
  }),
  offline('keepwatchctl keywords [SCOPE] [--json]', {
    as: ['keepwatchctl keywords', 'keepwatchctl keywords --json', 'keepwatchctl keywords vrrp_instance'],
    shows: /virtual_router_id/,
  }),
  offline('node --import tsx --test test/unit/shared/time/duration.test.ts', {
    // Not as a part of the run that this is.
    as: `cd '${process.cwd()}' && env -u NODE_TEST_CONTEXT node --import tsx --test test/unit/shared/time/duration.test.ts`,
    shows: /fail 0/,
  }),

  // Against a suite that is master, with a peer.
  live('keepwatchd -n -l -f /etc/keepalived/keepalived.conf', {
    as: 'keepwatchctl health',
    shows: /^keepwatchd: SERVING$/m,
  }),
  live('keepwatchctl health [PROCESS...]', {
    as: ['keepwatchctl health', 'keepwatchctl health vrrpd notifierd'],
    shows: /^vrrpd: SERVING$/m,
  }),
  live('keepwatchctl health SERVICE', { as: 'keepwatchctl health ipvsd', shows: /^ipvsd: SERVING$/m }),
  live('keepwatchctl status', { exit: ATTENTION, shows: /VI_1 +MASTER +150/ }),
  live('keepwatchctl status --json', { exit: ATTENTION, shows: /"rights"/ }),
  live('keepwatchctl explain INSTANCE', { as: 'keepwatchctl explain VI_1', shows: /is MASTER/ }),
  live('keepwatchctl explain VI_1', { shows: /is MASTER/ }),
  live('keepwatchctl history', { shows: /VI_1/ }),
  live('keepwatchctl history --since 2h', { shows: /VI_1/ }),
  live('keepwatchctl history [SUBJECT]', { as: 'keepwatchctl history VI_1', shows: /MASTER/ }),
  live('keepwatchctl history SERVER', { as: 'keepwatchctl history 10.0.0.2' }),
  live('keepwatchctl notifications', { shows: /notify|VI_1|told|waits/i }),
  live('keepwatchctl notifications [ABOUT] [--failed]', {
    as: ['keepwatchctl notifications VI_1', 'keepwatchctl notifications --failed'],
  }),
  elsewhere('keepwatchctl watch', 'test/e2e/ctl.test.ts', "'watch', ...args"),
  live('keepwatchctl dump', { exit: ATTENTION, shows: /"instances"/ }),
  live('keepwatchctl dump --format keepalived-json', { exit: ATTENTION, shows: /"iname": *"VI_1"/ }),
  live('keepwatchctl support-bundle', { shows: /^keepwatch-support-.*\.json$/m }),
  live('keepwatchctl support-bundle [FILE]', { as: 'keepwatchctl support-bundle bundle.json', shows: /bundle\.json/ }),
  live('keepwatchctl log-level LEVEL [SERVICE]', {
    as: ['keepwatchctl log-level debug', 'keepwatchctl log-level info vrrpd'],
    shows: /^vrrpd: debug -> info$/m,
  }),
  live('keepwatchctl audit', { shows: /log.?level/i }),
  live(
    'buf curl --protocol grpc --unix-socket /run/keepwatch/vrrpd.sock --http2-prior-knowledge http://localhost/keepwatch.v1.LifecycleService/Snapshot',
    { shows: /VI_1/ },
  ),
  live('tcpdump -ni IF vrrp', { as: 'timeout 10 tcpdump -c 1 -ni eth0 vrrp', shows: /VRRPv2, Advertisement/ }),

  // Configurations.
  live('keepwatchctl plan [FILE]', { as: ['keepwatchctl plan', 'keepwatchctl plan new.conf'], shows: /VI_1/ }),
  live('keepwatchctl plan FILE', { as: 'keepwatchctl plan new.conf', shows: /VI_1/ }),
  live('keepwatchctl apply FILE', { as: 'keepwatchctl apply new.conf', shows: /in force/ }),
  live('keepwatchctl apply FILE --confirm 60s', {
    as: 'keepwatchctl apply keepalived.conf --confirm 60s',
    shows: /confirm/,
  }),
  live('keepwatchctl rollback'),
  live('keepwatchctl confirm', {
    as: ['keepwatchctl apply keepalived.conf --confirm 60s', 'keepwatchctl confirm'],
  }),
  live('keepwatchctl reload', { shows: /in force/ }),

  // Orders.
  live('keepwatchctl priority set INSTANCE 1..254', {
    as: 'keepwatchctl priority set VI_1 200',
    shows: /priority of VI_1 is 200/,
  }),
  live('keepwatchctl priority reset INSTANCE', { as: 'keepwatchctl priority reset VI_1', shows: /^no more: / }),
  live("keepwatchctl drain 10.0.0.2 --reason 'new disk'", { shows: /new disk/ }),
  live('keepwatchctl enable SERVER', { as: 'keepwatchctl enable 10.0.0.2', shows: /^no more: / }),
  live('keepwatchctl drain SERVER', {
    as: ['keepwatchctl drain 10.0.0.2', 'keepwatchctl enable 10.0.0.2'],
    shows: /^no more: /,
  }),
  live('keepwatchctl weight SERVER 0..65535', { as: 'keepwatchctl weight 10.0.0.2 7', shows: /10\.0\.0\.2/ }),
  live('keepwatchctl real-server add VIRTUAL ADDRESS [--port N] [--weight N]', {
    as: [
      'keepwatchctl real-server add 10.9.0.100:80 10.0.0.4',
      'keepwatchctl real-server add 10.9.0.100:80 10.0.0.5 --port 8080 --weight 3',
    ],
    shows: /10\.0\.0\.5/,
  }),
  live('keepwatchctl real-server remove SERVER [--of VIRTUAL]', {
    as: 'keepwatchctl real-server remove 10.0.0.3 --of 10.9.0.100:80',
    shows: /10\.0\.0\.3/,
  }),
  live('keepwatchctl real-server restore ID', {
    as: `keepwatchctl real-server restore "${ORDER_ID}"`,
    shows: /^no more: /,
  }),
  live('keepwatchctl failover INSTANCE', { as: 'keepwatchctl failover VI_1', shows: /VI_1 is BACKUP; master is/ }),
  live('keepwatchctl maintenance off INSTANCE', { as: 'keepwatchctl maintenance off VI_1', shows: /^no more: / }),
  live('keepwatchctl failover VI_1', { shows: /VI_1 is BACKUP/ }),
  live('keepwatchctl maintenance on', { shows: /VI_1 is BACKUP/ }),
  live('keepwatchctl maintenance on --ttl 1h --reason TEXT', { shows: /TEXT/ }),
  live('keepwatchctl maintenance on --ttl 2h', { shows: /for another 2 h/ }),
  live('keepwatchctl maintenance on [INSTANCE]', { as: 'keepwatchctl maintenance on VI_1', shows: /VI_1/ }),
  live('keepwatchctl maintenance off [INSTANCE]', {
    as: ['keepwatchctl maintenance off VI_1', 'keepwatchctl maintenance off'],
    shows: /^no more: /,
  }),
  live('keepwatchctl maintenance off', {
    as: ['keepwatchctl maintenance on', 'keepwatchctl maintenance off'],
    shows: /^no more: /,
  }),

  // The end, a start in the background, and the end again.
  live('keepwatchctl upgrade', { shows: /^keepwatchd: replaced/m }),
  live('keepwatchctl stop', {
    as: ['keepwatchctl stop', '! keepwatchctl health'],
    shows: /no process has a socket|^$/,
  }),
  live('keepwatchd -f /etc/keepalived/keepalived.conf', {
    as: ['keepwatchd -f /etc/keepalived/keepalived.conf', 'keepwatchctl health', 'keepwatchctl stop'],
  }),

  // The API over the network, with certificates made as the document makes them.
  parsed(NEW, 'a variable of the shell; the lines below it are run with it'),
  ...[
    'openssl req -x509 $new -days 3650 -subj /CN=keepwatch-ca -keyout ca.key -out ca.pem',
    'openssl req $new -subj /CN=router1 -addext subjectAltName=DNS:router1.example,IP:192.0.2.1 -keyout key.pem -out server.csr',
    'openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy -days 90 -out cert.pem',
    'openssl req $new -subj /CN=alice/OU=keepwatch-operator -keyout alice.key -out alice.csr',
    'openssl x509 -req -in alice.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 -out alice.pem',
  ].map((line) => live(line, { as: `${NEW}; ${line}` })),
  live('keepwatchd … --api 192.0.2.1:7650', {
    as: [
      'mkdir -p /etc/keepwatch/api && cp cert.pem key.pem /etc/keepwatch/api/ && cp ca.pem /etc/keepwatch/api/client-ca.pem',
      'keepwatchd -f /etc/keepalived/keepalived.conf --api 192.0.2.1:7650',
    ],
  }),
  live('keepwatchctl --address router1.example:7650 --cert me.pem --key me.key --ca ca.pem status', {
    as: 'keepwatchctl --address router1.example:7650 --cert alice.pem --key alice.key --ca ca.pem status',
    exit: ATTENTION,
    shows: /VI_1 +(?:BACKUP|MASTER)/,
  }),

  live('keepwatchd --dashboard 127.0.0.1:9651', {
    as: ['keepwatchctl stop', 'keepwatchd --dashboard 127.0.0.1:9651', `node -e "${PAGE}"`],
    shows: /^<!doctype html>/i,
  }),
  elsewhere(
    'keepwatchd --dashboard 0.0.0.0:9651 --dashboard-tls-dir /etc/keepwatch/dashboard',
    'test/unit/supervisor/dashboard/server.test.ts',
    '--dashboard-tls-dir',
  ),
  parsed('ssh -L 9651:127.0.0.1:9651 router-1', 'needs another machine'),

  // SNMP and D-Bus.
  elsewhere('keepwatchd -x', SNMP, "startReady('-x'"),
  elsewhere('snmpwalk -v2c -c public localhost .1.3.6.1.4.1.9586.100.5', SNMP, 'snmpwalk'),
  elsewhere('snmpwalk -v2c -c public localhost .1.3.6.1.2.1.68', SNMP, 'snmpwalk'),
  elsewhere('snmpwalk -v2c -c public localhost .1.3.6.1.2.1.207', SNMP, 'snmpwalk'),
  elsewhere('snmpset -v2c -c private localhost .1.3.6.1.4.1.9586.100.5.2.3.1.7.1 i 90', SNMP, 'snmpset'),
  elsewhere(
    'gdbus introspect --system --dest org.keepalived.Vrrp1 --object-path /org/keepalived/Vrrp1 --recurse',
    DBUS,
    'introspect(',
  ),
  elsewhere(
    'dbus-send --system --print-reply --dest=org.keepalived.Vrrp1 /org/keepalived/Vrrp1/Instance/eth0/51/IPv4 org.freedesktop.DBus.Properties.Get string:org.keepalived.Vrrp1.Instance string:State',
    DBUS,
    'dbus-send',
  ),
  elsewhere(`dbus-monitor --system "type='signal',sender='org.keepalived.Vrrp1'"`, DBUS, 'dbus-monitor'),
  parsed('keepwatch-dbus --run-dir DIR', 'needs a bus; the supervisor starts it so in test/e2e/dbus.test.ts'),

  // Containers and packages.
  elsewhere('keepwatchd --attach', 'test/e2e/supervisor.test.ts', "startReady('--attach')"),
  elsewhere(
    'podman build -f docker/Containerfile --ignorefile docker/Containerfile.dockerignore --format docker --target vrrpd -t keepwatch/vrrpd .',
    CONTAINERS,
    "startsWith('podman build ')",
  ),
  elsewhere('docker compose -f docker/compose.yaml build', CONTAINERS, "'docker/compose.yaml'"),
  elsewhere(
    'KEEPWATCH_INTERFACE=eth0 KEEPWATCH_VIRTUAL_IPS=192.0.2.10/24 docker compose -f docker/compose.yaml up -d',
    CONTAINERS,
    'KEEPWATCH_VIRTUAL_IPS',
  ),
  elsewhere(
    'docker compose -f docker/compose.yaml exec keepwatchd keepwatchctl status',
    CONTAINERS,
    "'keepwatchctl', 'status'",
  ),
  elsewhere('docker compose -f docker/compose.pair.yaml up -d --build', CONTAINERS, "'docker/compose.pair.yaml'"),
  elsewhere('docker compose -f docker/compose.pair.yaml stop vrrpd', CONTAINERS, "'stop', "),
  elsewhere('docker compose -f docker/compose.pair.yaml start vrrpd', CONTAINERS, "'start', "),
  elsewhere('docker compose kill vrrpd', CONTAINERS, "'kill', "),
  elsewhere('docker compose up -d vrrpd', ENGINE, "'--detach'"),
  parsed('docker run --rm -v keepwatch_run:/run/keepwatch localhost/keepwatch/keepwatchctl status', DOCKER),
  elsewhere('npm run package', PACKAGE, '.ci/package/deb.mjs'),
  elsewhere('apt install ./dist/packages/keepwatch_*.deb', PACKAGE, "'dpkg', '-i'"),
  elsewhere(
    'apt install ./dist/packages/keepwatch_*.deb ./dist/packages/keepwatch-nodejs_*.deb',
    PACKAGE,
    "'dpkg', '-i'",
  ),
  elsewhere('apt install ./keepwatch_NEWER.deb', PACKAGE, "'dpkg', '-i'"),
  elsewhere('apt remove keepwatch', PACKAGE, "'dpkg', '-r', 'keepwatch'"),
  elsewhere('apt purge keepwatch', PACKAGE, "'dpkg', '--purge', 'keepwatch'"),
  elsewhere('node .ci/package/sbom.mjs > sbom.cdx.json', 'test/packaging/sbom.test.ts', '.ci/package/sbom.mjs'),

  // The project itself.
  elsewhere('npm run demo', 'test/topology/demo.test.ts', 'test/demo/demo.ts'),
  elsewhere('npm test', '.ci/run', 'npm test'),
  elsewhere('npm run check', '.ci/run', 'npm run --silent check'),
  elsewhere('npm install', '.ci/prepare', 'npm install'),
  elsewhere('npm run build', '.ci/prepare', 'node .ci/build.mjs'),
  elsewhere('npm run generate', 'test/unit/cmd/reference.test.ts', 'generatedFiles()'),
  elsewhere('buf breaking', '.ci/check', 'buf breaking'),
  elsewhere('npm run format', '.ci/check', 'biome check'),
  elsewhere('node .ci/test.mjs unit', 'package.json', 'node .ci/test.mjs'),
  elsewhere('node .ci/test.mjs topology', 'package.json', 'node .ci/test.mjs'),
  elsewhere('node .ci/test.mjs test/topology/failover.test.ts', 'package.json', 'node .ci/test.mjs'),
  parsed('npm run bench', LONG),
  parsed('npm run bench -- stop takeover', LONG),
  parsed('npm run bench -- --rounds 9 vips', LONG),
  parsed('npm run bench -- --seconds 60 --only keepwatch stall', LONG),
  parsed('npm run bench -- --shield scale', LONG),
  parsed('npm run bench -- --json', LONG),
  parsed('npm run soak', LONG),
  parsed('npm run matrix', LONG),
  parsed('npm run differential -- FOLDER', LONG),
  parsed('git clone <this repository> keepwatch', 'this is what it made'),
  parsed('cd keepwatch', 'a command of the shell'),

  // Other programs.
  parsed('modprobe ip_vs', 'the modules belong to the machine'),
  parsed('systemctl disable --now keepalived', SYSTEMD),
  parsed('systemctl enable --now keepwatch', SYSTEMD),
  parsed('journalctl -p warning', SYSTEMD),
  named('systemctl reload'),
  named('systemctl reload-or-restart'),
  named('systemctl status'),
  named('docker stop'),
  named('keepwatchctl explain'),
  named('keepwatchctl plan'),
  named('keepwatchctl enable'),
  named('keepwatchctl failover'),
  named('keepwatchctl priority reset'),
  named('keepwatchd'),
  named('keepwatchctl …'),
];
