/**
 * Runs inside the guest as root: real connections through a NAT and a DR service while backends die and return. What leads
 * to a backend that lives is never broken, and new connections go where somebody answers.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

const DAEMON = 'dist/cmd/keepwatchd/main.js';
const LIMIT_MS = 90_000;
const CONNECTIONS = 8;
const NAT = '10.41.0.100';
const DR = '10.41.0.101';

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
const inside = (host: string, ...argv: string[]): string =>
  execFileSync('ip', ['netns', 'exec', host, ...argv], { encoding: 'utf8' });
const table = (): string => inside('lb', 'ipvsadm-save', '-n');

async function until(what: string, holds: () => boolean, log: () => string): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(`${what}: not within ${LIMIT_MS / 1000} s\n${table()}\n${log()}`);
    await pause(100);
  }
}

/** A host with one device on a bridge. */
function addHost(name: string, device: string, bridge: string, ...addresses: string[]): void {
  if (!ip('netns', 'list').split(/\s/).includes(name)) {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  ip('link', 'add', `${name}-${device}`, 'type', 'veth', 'peer', 'name', device, 'netns', name);
  ip('link', 'set', `${name}-${device}`, 'master', bridge, 'up');
  for (const address of addresses) ip('-n', name, 'address', 'add', address, 'dev', device);
  ip('-n', name, 'link', 'set', device, 'up');
}

/** The client, the load balancer and the DR backends in front; behind the balancer the NAT backends. */
function layOut(): void {
  for (const bridge of ['front', 'back']) {
    ip('link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0');
    ip('link', 'set', bridge, 'up');
  }
  addHost('client', 'eth0', 'front', '10.41.0.9/24');
  addHost('lb', 'eth0', 'front', '10.41.0.1/24', `${NAT}/32`, `${DR}/32`);
  addHost('lb', 'eth1', 'back', '10.42.0.1/24');
  inside('lb', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  for (const [name, end] of [
    ['nat1', 11],
    ['nat2', 12],
  ] as const) {
    addHost(name, 'eth0', 'back', `10.42.0.${end}/24`);
    ip('-n', name, 'route', 'add', 'default', 'via', '10.42.0.1');
  }
  for (const [name, end] of [
    ['dr1', 21],
    ['dr2', 22],
  ] as const) {
    addHost(name, 'eth0', 'front', `10.41.0.${end}/24`);
    // The address of the service is here as well, and nobody on the segment may hear of it.
    inside(name, 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2');
    ip('-n', name, 'address', 'add', `${DR}/32`, 'dev', 'lo');
  }
}

const service = (address: string, kind: string, servers: readonly string[], more: string): string =>
  `virtual_server ${address} 7000 {
    delay_loop 1
    lvs_sched rr
    lvs_method ${kind}
    protocol TCP
${servers
  .map(
    (server) =>
      `    real_server ${server} 7000 {\n        ${more}\n        TCP_CHECK {\n            connect_timeout 3\n        }\n    }`,
  )
  .join('\n')}
}
`;

/** A program in a namespace that is told one line and answers with one. */
class Dialogue {
  readonly #child: ChildProcess;
  readonly #answers: string[] = [];

  constructor(host: string, ...argv: string[]) {
    this.#child = spawn('ip', ['netns', 'exec', host, process.execPath, ...argv], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#answers.push(line));
  }

  async answer(what: string): Promise<string> {
    await until(
      `${what} answers`,
      () => this.#answers.length > 0,
      () => '',
    );
    return this.#answers.shift() ?? '';
  }

  async ask(order: string): Promise<string> {
    this.#child.stdin?.write(`${order}\n`);
    return this.answer(order);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Pid in the file of a service; 0 while there is none. */
function pidOf(directory: string, service: string): number {
  const path = join(directory, `${service}.pid`);
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
}

interface Beat {
  readonly name: string;
  readonly alive: boolean;
}

const skip = existsSync(DAEMON) ? false : 'not built: npm run build';

test('connections through NAT and DR services live on while other backends die and return', { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'traffic-'));
  const log = join(directory, 'log');
  const said = (): string => readFileSync(log, 'utf8');
  const closing: (() => void)[] = [];
  const talk = (host: string, ...argv: string[]): Dialogue => {
    const dialogue = new Dialogue(host, ...argv);
    closing.push(() => dialogue.kill());
    return dialogue;
  };
  try {
    layOut();
    const backend = (name: string): Dialogue => talk(name, 'test/ipvs/guest/traffic/backend.mjs', name, '7000');
    const backends = Object.fromEntries(['nat1', 'nat2', 'dr1', 'dr2'].map((name) => [name, backend(name)]));
    for (const [name, one] of Object.entries(backends)) assert.equal(await one.answer(name), 'accepting');

    const config = join(directory, 'lb.conf');
    writeFileSync(
      config,
      service(NAT, 'NAT', ['10.42.0.11', '10.42.0.12'], 'weight 1') +
        service(DR, 'DR', ['10.41.0.21', '10.41.0.22'], 'inhibit_on_failure'),
    );
    const output = openSync(log, 'a');
    const words = [DAEMON, '-n', '-l', '-C', '-f', config, '--run-dir', directory, '--state-dir', directory];
    const suite = spawn('ip', ['netns', 'exec', 'lb', process.execPath, ...words], {
      stdio: ['ignore', output, output],
    });
    closing.push(() => suite.kill('SIGKILL'));
    const weight = (server: string): string | undefined =>
      new RegExp(`-r ${server.replaceAll('.', '\\.')}:7000 \\S+ -w (\\d+)`).exec(table())?.[1];
    const allIn = (): boolean =>
      ['10.42.0.11', '10.42.0.12', '10.41.0.21', '10.41.0.22'].every((one) => weight(one) === '1');
    await until('the table is filled', allIn, said);

    const client = talk('client', 'test/ipvs/guest/traffic/client.mjs');
    const open = async (address: string, count = CONNECTIONS): Promise<string[]> =>
      JSON.parse(await client.ask(`open ${address} 7000 ${count}`));
    const beat = async (): Promise<Beat[]> => JSON.parse(await client.ask('beat'));
    const dead = (beats: readonly Beat[]): string[] => [
      ...new Set(beats.filter(({ alive }) => !alive).map(({ name }) => name)),
    ];

    // Round robin: each backend has its half.
    for (const [address, names] of [
      [NAT, ['nat1', 'nat2']],
      [DR, ['dr1', 'dr2']],
    ] as const) {
      const reached = await open(address);
      for (const name of names)
        assert.equal(reached.filter((one) => one === name).length, CONNECTIONS / 2, `${reached}`);
    }
    assert.deepEqual(dead(await beat()), []);

    // A backend is gone altogether: its own connections end, no other does.
    backends.nat1?.kill();
    await until('the dead server leaves the table', () => weight('10.42.0.11') === undefined, said);
    assert.deepEqual(dead(await beat()), ['nat1']);
    assert.deepEqual(await open(NAT, 4), ['nat2', 'nat2', 'nat2', 'nat2']);

    // Another takes no new connections; inhibited, it keeps the ones it has.
    assert.equal(await backends.dr1?.ask('refuse'), 'refusing');
    await until('the server that refuses has weight 0', () => weight('10.41.0.21') === '0', said);
    assert.deepEqual(dead(await beat()), ['nat1']);
    assert.deepEqual(await open(DR, 4), ['dr2', 'dr2', 'dr2', 'dr2']);

    // Both return.
    backends.nat1 = backend('nat1');
    assert.equal(await backends.nat1.answer('nat1'), 'accepting');
    assert.equal(await backends.dr1?.ask('accept'), 'accepting');
    await until('both are back', allIn, said);
    assert.deepEqual(dead(await beat()), ['nat1']);
    assert.deepEqual([...new Set(await open(NAT, 4))].sort(), ['nat1', 'nat2']);
    assert.deepEqual([...new Set(await open(DR, 4))].sort(), ['dr1', 'dr2']);

    // A configuration that changes a weight does not touch a connection either.
    writeFileSync(config, readFileSync(config, 'utf8').replaceAll('weight 1', 'weight 3'));
    suite.kill('SIGHUP');
    await until('the reload is in the table', () => weight('10.42.0.12') === '3', said);
    assert.deepEqual(dead(await beat()), ['nat1']);

    // A process of the suite that dies takes neither a connection nor a server with it.
    const before = table();
    for (const victim of ['healthcheckerd', 'ipvsd']) {
      const pid = pidOf(directory, victim);
      process.kill(pid, 'SIGKILL');
      await until(
        `${victim} is replaced`,
        () => {
          assert.equal(table(), before, `the table after the death of ${victim}`);
          return pidOf(directory, victim) !== pid && said().split(`${victim} is ready`).length > 2;
        },
        said,
      );
      assert.deepEqual(dead(await beat()), ['nat1']);
    }

    assert.equal(table(), before, 'the table after the checks of those that came back');

    suite.kill('SIGTERM');
    await until('the suite has ended', () => suite.exitCode !== null, said);
    assert.equal(table().trim(), '');
  } finally {
    for (const close of closing) close();
    rmSync(directory, { recursive: true, force: true });
    for (const name of ['client', 'lb', 'nat1', 'nat2', 'dr1', 'dr2']) ip('netns', 'delete', name);
    for (const bridge of ['front', 'back']) ip('link', 'delete', bridge);
  }
});
