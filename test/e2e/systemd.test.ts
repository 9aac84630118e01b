/** Under systemd: what the supervisor tells the service manager, lines for the journal, and the unit files. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isJournal, journalDestination } from '../../services/shared/log/destination.js';
import { MODULE_NAMES } from '../../services/shared/rpc/moduleMain.js';
import { CONFINED_SERVICES, userNameOf } from '../../services/supervisor/serviceHome.js';
import { bundleWithDoubles, exitOf, TestSuite, until } from './support/suite.js';

const UNITS = 'cmd/keepwatchd/systemd';
const scratch = mkdtempSync(join(tmpdir(), 'keepwatch-systemd-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const python = has('python3') ? false : 'python3 is not installed';

/** A service manager that writes down what it is told, one message a line. */
const MANAGER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
out = open(sys.argv[2], 'a', buffering=1)
while True: out.write(s.recv(4096).decode().replace('\\n', ' ') + '\\n')
`;

describe('the supervisor and its service manager', { skip: python }, () => {
  let bundle = '';
  let suite: TestSuite;
  let manager: ChildProcess;
  const socket = join(scratch, 'notify');
  const heard = join(scratch, 'heard');
  const told = (): string[] => (existsSync(heard) ? readFileSync(heard, 'utf8').split('\n').slice(0, -1) : []);
  const untilTold = (pattern: RegExp, from = 0): Promise<number> =>
    until(
      `${pattern}`,
      () => {
        const index = told().findIndex((line, place) => place >= from && pattern.test(line));
        return index < 0 ? undefined : index + 1;
      },
      () => `${told().join('\n')}\n${suite.log}`,
    );

  before(async () => {
    bundle = await bundleWithDoubles();
    manager = spawn('python3', ['-c', MANAGER, socket, heard], { stdio: 'ignore' });
    suite = new TestSuite(bundle, 'global_defs {\n}\n');
    await until('the manager listens', () => existsSync(socket) || undefined);
  });
  after(async () => {
    manager.kill('SIGKILL');
    await suite.clean();
    rmSync(bundle, { recursive: true, force: true });
  });

  it('says when it is ready, reloads, stops, and that it lives; its services inherit nothing of that', async () => {
    process.env.NOTIFY_SOCKET = socket;
    process.env.WATCHDOG_USEC = '200000';
    try {
      await suite.startReady();
    } finally {
      delete process.env.NOTIFY_SOCKET;
      delete process.env.WATCHDOG_USEC;
    }
    const ready = await untilTold(/^READY=1 STATUS=generation 1 is in force$/);
    const alive = await untilTold(/^WATCHDOG=1$/, await untilTold(/^WATCHDOG=1$/, ready));
    assert.ok(alive > ready);
    for (const name of ['vrrpd', 'notifierd'] as const) {
      assert.doesNotMatch(readFileSync(`/proc/${suite.pid(name)}/environ`, 'utf8'), /NOTIFY_SOCKET|WATCHDOG_USEC/);
    }
    suite.supervisor?.kill('SIGHUP');
    const reloading = await untilTold(/^RELOADING=1 MONOTONIC_USEC=[1-9][0-9]+ STATUS=reloading$/, ready);
    const reloaded = await untilTold(/^READY=1 STATUS=generation 2 is in force/, reloading);
    suite.writeConfig('global_defs {\n');
    suite.supervisor?.kill('SIGHUP');
    await untilTold(/^READY=1 STATUS=reload refused, generation 2 runs on/, reloaded);
    const supervisor = suite.supervisor;
    assert.ok(supervisor);
    supervisor.kill('SIGTERM');
    await untilTold(/^STOPPING=1 STATUS=stopping: signal SIGTERM$/, reloaded);
    assert.equal(await exitOf(supervisor), 0);
  });
});

describe('the journal', () => {
  it('is recognised by JOURNAL_STREAM, and gets every line with its severity', () => {
    const file = join(scratch, 'stderr');
    const fd = openSync(file, 'a');
    const { dev, ino } = fstatSync(fd, { bigint: true });
    assert.equal(isJournal(fd, `${dev}:${ino}`), true);
    assert.equal(isJournal(fd, `${dev}:${ino + 1n}`), false);
    assert.equal(isJournal(fd, undefined), false);
    const record = {
      level: 50,
      time: 0,
      service: 'vrrpd',
      pid: 7,
      msg: 'bad',
      err: { message: 'x', stack: 'x\n at y' },
    };
    journalDestination(fd).write(JSON.stringify(record));
    journalDestination(fd).write(JSON.stringify({ level: 30, time: 0, service: 'vrrpd', msg: 'two\nlines' }));
    assert.equal(readFileSync(file, 'utf8'), '<3>vrrpd: bad: x\n<3>    at y\n<6>vrrpd: two lines\n');
  });
});

describe('the unit files', { skip: has('systemd-analyze') ? false : 'systemd-analyze is not installed' }, () => {
  const units = readdirSync(UNITS).filter((name) => !name.endsWith('.conf'));
  /** The units with commands that exist on this machine, in a folder of their own. */
  function installed(folder: string, change: (text: string) => string = (text) => text): string[] {
    const place = mkdtempSync(join(scratch, folder));
    const command = join(place, 'command');
    copyFileSync('/bin/true', command);
    chmodSync(command, 0o755);
    return units.map((name) => {
      const text = readFileSync(join(UNITS, name), 'utf8').replace(/\/usr\/bin\/keepwatch\w*(?:-\w+)?/g, command);
      writeFileSync(join(place, name), change(text));
      return join(place, name);
    });
  }
  const verify = (files: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
      encoding: 'utf8',
    });
    // What this machine's own units are blamed for is not ours.
    return { status, text: `${stdout}${stderr}`.split('\n').filter((line) => /keepwatch/.test(line)) };
  };

  it('are without a fault for systemd-analyze, which would find one', () => {
    assert.deepEqual(verify(installed('good-')), { status: 0, text: [] });
    const bad = verify(installed('bad-', (text) => text.replace('KillMode=process', 'KillMode=nobody')));
    assert.match(bad.text.join('\n'), /kill mode/);
  });

  it('name commands and flags that exist', () => {
    const commands = JSON.parse(readFileSync('package.json', 'utf8')).bin as Record<string, string>;
    for (const unit of units) {
      for (const [, name = '', flags = ''] of readFileSync(join(UNITS, unit), 'utf8').matchAll(
        /^Exec\w+=\/usr\/bin\/([\w-]+)(.*)$/gm,
      )) {
        assert.ok(name in commands, `${unit}: ${name}`);
        const main = `cmd/${name.replace(/^keepwatch-/, '')}/main.ts`;
        const ask = (...words: string[]): string =>
          execFileSync(process.execPath, ['--import', 'tsx', main, ...words, '--help'], { encoding: 'utf8' });
        const general = ask();
        const known = flags
          .split(' ')
          .filter((word) => /^[a-z]/.test(word) && new RegExp(`^  ${word}\\b`, 'm').test(general));
        const help = [general, ...known.map((command) => ask(command))].join('\n');
        for (const [flag] of flags.matchAll(/--[\w-]+/g)) assert.ok(help.includes(flag), `${unit}: ${name} ${flag}`);
      }
    }
  });

  const sysusers = has('systemd-sysusers') ? false : 'systemd-sysusers is not installed';
  it('have users that systemd-sysusers can make, of the names that keepwatchd looks for', { skip: sysusers }, () => {
    const file = join(process.cwd(), UNITS, 'keepwatch.sysusers.conf');
    const { status, stderr } = spawnSync('systemd-sysusers', ['--dry-run', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const names = [...readFileSync(file, 'utf8').matchAll(/^u (\S+)/gm)].map(([, name]) => name);
    assert.deepEqual(names, [...CONFINED_SERVICES, ...MODULE_NAMES].map(userNameOf));
  });
});
