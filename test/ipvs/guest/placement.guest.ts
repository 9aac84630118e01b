/**
 * Runs inside the guest as root, for its kernel has VRF and ipvlan too: one suite, started outside, that elects with
 * keepalived in one namespace, on an interface of a VRF and on an ipvlan, and has its IPVS table in another.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

const DAEMON = 'dist/cmd/keepwatchd/main.js';
const LIMIT_MS = 90_000;

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
const has = (host: string, device: string, address: string): boolean =>
  spawnSync('ip', ['-n', host, 'address', 'show', 'dev', device], { encoding: 'utf8' }).stdout.includes(
    `inet ${address}/`,
  );
const table = (host: string): string =>
  execFileSync('ip', ['netns', 'exec', host, 'ipvsadm-save', '-n'], { encoding: 'utf8' });

async function until(what: string, holds: () => boolean, log: () => string): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(`${what}: not within ${LIMIT_MS / 1000} s\n${log()}`);
    await pause(100);
  }
}

/** Namespaces `left`, with eth0 in a VRF, and `right`, joined by two cables; and `table`. */
function layOut(): void {
  for (const name of ['left', 'right', 'table']) ip('netns', 'add', name);
  for (const [index, device] of ['eth0', 'eth1'].entries()) {
    ip('link', 'add', device, 'netns', 'left', 'type', 'veth', 'peer', 'name', device, 'netns', 'right');
    for (const [host, end] of [
      ['left', 1],
      ['right', 2],
    ] as const) {
      ip('-n', host, 'address', 'add', `10.7.${index}.${end}/24`, 'dev', device);
      ip('-n', host, 'link', 'set', device, 'up');
    }
  }
  // Without any address the kernel takes every destination for a broadcast, and refuses it.
  ip('-n', 'table', 'link', 'set', 'lo', 'up');
  ip('-n', 'left', 'link', 'add', 'blue', 'type', 'vrf', 'table', '10');
  ip('-n', 'left', 'link', 'set', 'blue', 'up');
  ip('-n', 'left', 'link', 'set', 'eth0', 'master', 'blue');
}

const instance = (name: string, device: string, vrid: number, priority: number, more = ''): string =>
  `vrrp_instance ${name} {
    version 3
    interface ${device}
    virtual_router_id ${vrid}
    priority ${priority}
    advert_int 1
    virtual_ipaddress {
        10.7.${vrid - 51}.100/24
    }
    ${more}
}
`;

const skip = existsSync(DAEMON) ? false : 'not built: npm run build';

test('a suite in a VRF, on an ipvlan and with its table elsewhere', { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'placement-'));
  const log = join(directory, 'log');
  const said = (): string => readFileSync(log, 'utf8');
  const running: ChildProcess[] = [];
  const start = (...argv: string[]): ChildProcess => {
    const output = openSync(log, 'a');
    const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', output, output] });
    running.push(child);
    return child;
  };
  try {
    layOut();
    const ours = join(directory, 'ours.conf');
    const theirs = join(directory, 'theirs.conf');
    writeFileSync(
      ours,
      `net_namespace left\nnet_namespace_ipvs table\n${instance('IN_VRF', 'eth0', 51, 150)}${instance('IPVLAN', 'eth1', 52, 150, 'use_ipvlan ipvl1 10.7.1.11/24')}
virtual_server 10.7.9.1 80 {
    lvs_sched rr
    protocol TCP
    real_server 10.7.9.2 80 {
    }
}
`,
    );
    writeFileSync(theirs, instance('IN_VRF', 'eth0', 51, 100) + instance('IPVLAN', 'eth1', 52, 100));
    start('ip', 'netns', 'exec', 'right', 'keepalived', '-n', '-l', '-P', '-f', theirs);
    await until(
      'keepalived is master of both',
      () => has('right', 'eth0', '10.7.0.100') && has('right', 'eth1', '10.7.1.100'),
      said,
    );

    const suite = start(
      process.execPath,
      DAEMON,
      '-n',
      '-l',
      '-f',
      ours,
      '--run-dir',
      directory,
      '--state-dir',
      directory,
    );
    await until(
      'the address in the VRF moves',
      () => has('left', 'eth0', '10.7.0.100') && !has('right', 'eth0', '10.7.0.100'),
      said,
    );
    await until(
      'the address of the ipvlan moves',
      () => has('left', 'ipvl1', '10.7.1.100') && !has('right', 'eth1', '10.7.1.100'),
      said,
    );
    assert.match(ip('-n', 'left', '-d', 'link', 'show', 'dev', 'ipvl1'), /ipvlan/);
    for (const address of ['10.7.0.100', '10.7.1.100'])
      ip('netns', 'exec', 'right', 'ping', '-c', '1', '-W', '5', address);
    await until('the table is filled', () => table('table').includes('-a -t 10.7.9.1:80 -r 10.7.9.2:80'), said);
    assert.match(table('table'), /-A -t 10\.7\.9\.1:80 -s rr/);
    assert.equal(table('left').trim(), '');
    assert.equal(execFileSync('ipvsadm-save', ['-n'], { encoding: 'utf8' }).includes('10.7.9.1'), false);

    suite.kill('SIGTERM');
    await until(
      'keepalived takes over',
      () => has('right', 'eth0', '10.7.0.100') && has('right', 'eth1', '10.7.1.100'),
      said,
    );
    await until('the suite has ended', () => suite.exitCode !== null, said);
    assert.equal(suite.exitCode, 0);
    assert.notEqual(spawnSync('ip', ['-n', 'left', 'link', 'show', 'dev', 'ipvl1']).status, 0, 'the ipvlan is gone');
    assert.equal(table('table').trim(), '');
  } finally {
    for (const child of running) if (child.exitCode === null) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});
