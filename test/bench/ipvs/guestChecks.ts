/** In the guest: thousands of real servers that live, and one that dies again and again. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Software } from '../../topology/lib/software.js';
import { destinationCount, GuestSuite, until } from './guestSuite.js';
import type { ChecksResult, ChecksScenario, CpuTime, DeathResult, DeathScenario } from './scenario.js';

const SERVERS_OF_A_POOL = 10;
const SLICE_MS = 50;
const SETTLING_MS = 20_000;

/** The n-th address from 10.net.0.0. */
export const address = (net: number, index: number): string =>
  `10.${net + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;

const CHECKERS = {
  TCP_CHECK: `TCP_CHECK {
      connect_timeout 3
    }`,
  HTTP_GET: `HTTP_GET {
      url {
        path /
        status_code 200
      }
      connect_timeout 3
    }`,
} as const;

function configuration({ checker, servers, delayLoop }: ChecksScenario): string {
  const real = (index: number): string => `  real_server ${address(64, index)} 80 {
    ${CHECKERS[checker]}
  }
`;
  const pool = (number: number): string => {
    const first = number * SERVERS_OF_A_POOL;
    const members = Array.from({ length: SERVERS_OF_A_POOL }, (_, index) => real(first + index));
    return `virtual_server ${address(200, number)} 80 {
  delay_loop ${delayLoop}
  lvs_sched rr
  lvs_method NAT
  protocol TCP
${members.join('')}}
`;
  };
  return Array.from({ length: servers / SERVERS_OF_A_POOL }, (_, number) => pool(number)).join('');
}

const WEB_SERVER = `worker_processes 1;
daemon off;
pid /run/bench/nginx.pid;
error_log /dev/null;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_timeout 0;
  server {
    listen 80 backlog=8192;
    location / { return 200 "alive"; }
  }
}
`;

/** One web server that answers on every address of 10.64.0.0/12. */
export async function startBackends(): Promise<ChildProcess> {
  mkdirSync('/run/bench', { recursive: true });
  mkdirSync('/var/lib/nginx', { recursive: true });
  execFileSync('ip', ['route', 'add', 'local', '10.64.0.0/12', 'dev', 'lo']);
  execFileSync('sysctl', ['-qw', 'net.core.somaxconn=8192', 'net.ipv4.tcp_max_syn_backlog=8192']);
  writeFileSync('/run/bench/nginx.conf', WEB_SERVER);
  const server = spawn('nginx', ['-c', '/run/bench/nginx.conf'], { stdio: 'ignore' });
  await until('nginx', () => readFileSync('/proc/net/tcp', 'latin1').includes(' 00000000:0050 '));
  return server;
}

/** Connections the kernel has accepted since it booted. */
function acceptedConnections(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'latin1').match(/^Tcp: .*$/gm) ?? [];
  return Number(values.split(' ')[names.split(' ').indexOf('PassiveOpens')]);
}

/** Checks in each slice of `seconds`. */
async function checksInSlices(seconds: number): Promise<{ slices: number[]; seconds: number }> {
  const slices: number[] = [];
  const from = performance.now();
  let last = acceptedConnections();
  for (let number = 1; number * SLICE_MS <= seconds * 1_000; number++) {
    await pause(Math.max(0, from + number * SLICE_MS - performance.now()));
    const now = acceptedConnections();
    slices.push(now - last);
    last = now;
  }
  return { slices, seconds: (performance.now() - from) / 1_000 };
}

function since(before: Readonly<Record<string, CpuTime>>, after: Readonly<Record<string, CpuTime>>) {
  return Object.fromEntries(
    Object.entries(after).map(([name, { user, system }]) => {
      const earlier = before[name] ?? { user: 0, system: 0 };
      return [name, { user: user - earlier.user, system: system - earlier.system }];
    }),
  );
}

export async function measureChecks(software: Software, scenario: ChecksScenario): Promise<ChecksResult> {
  const suite = GuestSuite.start(software, configuration(scenario));
  const completeMs = await suite.complete(scenario.servers);
  // The first round, with its spread, is over; and V8, which an emulated processor makes slow, has compiled what runs often.
  await pause(scenario.delayLoop * 1_000 + SETTLING_MS);
  const before = suite.cpu();
  const { slices, seconds } = await checksInSlices(scenario.seconds);
  const cpu = since(before, suite.cpu());
  const residentKb = suite.residentKb();
  const checks = slices.reduce((sum, count) => sum + count, 0);
  return { completeMs, checks, seconds, cpu, residentKb, slices, stop: await suite.stop() };
}

const DYING = 8080;
const RETRY_PAUSE_MS = 1_000;

const DEATH_CONFIGURATION = `virtual_server 10.200.0.1 80 {
  delay_loop 1
  lvs_sched rr
  lvs_method NAT
  protocol TCP
  real_server 127.0.0.1 ${DYING} {
    TCP_CHECK {
      connect_timeout 1
      retry 1
      delay_before_retry ${RETRY_PAUSE_MS / 1_000}
    }
  }
}
`;

const listening = (): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    server.on('error', reject).listen(DYING, '127.0.0.1', () => resolve(server));
  });

/** Connections refused by this machine: each costs one reset (tcp(7), OutRsts). */
function resetsSent(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'latin1').match(/^Tcp: .*$/gm) ?? [];
  return Number(values.split(' ')[names.split(' ').indexOf('OutRsts')]);
}

/** Watches without a pause: a millisecond counts. Lets others run in between. */
async function moment(what: string, holds: () => boolean): Promise<number> {
  const from = performance.now();
  while (!holds()) {
    if (performance.now() - from > 30_000) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return performance.now();
}

export async function measureDeaths(software: Software, { rounds }: DeathScenario): Promise<DeathResult> {
  let server = await listening();
  const suite = GuestSuite.start(software, DEATH_CONFIGURATION);
  await suite.complete(1);
  const excessMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Past the first check, and at a different phase of the loop each time.
    await pause(2_500 + 130 * round);
    await new Promise((resolve) => server.close(resolve));
    const before = resetsSent();
    const refused = await moment('a refused check', () => resetsSent() > before);
    const gone = await moment('the table without the server', () => destinationCount() === 0);
    excessMs.push(gone - refused - RETRY_PAUSE_MS);
    server = await listening();
    await until('the return of the server', () => destinationCount() === 1);
  }
  await suite.stop();
  await new Promise((resolve) => server.close(resolve));
  return { excessMs };
}
