/** What each process of a suite may do, as the kernel tells, and that nobody else on the machine can talk to any of them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SERVICE_NAMES, type ServiceName } from '../../services/shared/rpc/service.js';
import { findSetpriv } from '../../services/shared/script/launch.js';
import { situationOf, unconfinable } from '../../services/supervisor/confinement.js';
import { readProcessRights, rightsText } from '../../services/supervisor/processRights.js';
import { closedAbove } from '../../services/supervisor/serviceHome.js';
import { bundleWithDoubles, exitOf, TestSuite, until } from './support/suite.js';

const checked = (check: string): string => `
bfd_instance b {
    neighbor_ip 192.0.2.9
}
virtual_server 192.0.2.1 80 {
    real_server 192.0.2.2 80 {
        ${check}
    }
}
`;
const TCP = checked('TCP_CHECK {\n}');
const MISC = checked('MISC_CHECK {\n misc_path /bin/true\n }');

/** Capabilities each may have at most, for what {@link TCP} configures. */
const RIGHTS: Readonly<Record<ServiceName, RegExp>> = {
  vrrpd: /^net_admin net_raw sys_nice$/,
  healthcheckerd: /^none$/,
  ipvsd: /^net_admin( sys_module)?$/,
  bfdd: /^sys_nice$/,
  notifierd: /^all$/,
};

/** Tries every socket and file of a directory; prints what worked. */
const STRANGER = `
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { connect } = require('node:net');
const { join } = require('node:path');
for (const directory of process.argv.slice(1)) {
  for (const name of process.env.NAMES.split(' ')) {
    const path = join(directory, name);
    let stats;
    try { stats = statSync(path); } catch { continue; }
    if (stats.isSocket()) connect(path).on('connect', function () { console.log('connected to', name); this.destroy(); }).on('error', (error) => console.log(name, error.code));
    else try { readFileSync(path); console.log('read', name); } catch (error) { console.log(name, error.code); }
  }
}`;

const problem =
  findSetpriv() === undefined ? 'setpriv(1) is not installed' : unconfinable({ ...situationOf([]), foreign: [] });

describe('the rights of a suite', { skip: problem ?? false }, () => {
  let bundle = '';
  let suite: TestSuite;
  before(async () => {
    bundle = await bundleWithDoubles();
    suite = new TestSuite(bundle, TCP);
    await suite.startReady();
  });
  after(async () => {
    if (suite.supervisor?.exitCode === null) {
      suite.supervisor.kill('SIGTERM');
      await exitOf(suite.supervisor);
    }
    rmSync(suite.directory, { recursive: true, force: true });
    rmSync(bundle, { recursive: true, force: true });
  });

  const rights = (name: ServiceName) => readProcessRights(suite.pid(name)) ?? assert.fail(`${name} runs`);
  const confined = (name: ServiceName): void => {
    const found = rights(name);
    assert.match(rightsText(found), RIGHTS[name], name);
    if (name === 'notifierd') return;
    assert.equal(found.bounding, found.permitted, `${name} can get no other capability`);
    assert.equal(found.noNewPrivileges, true, name);
  };

  it('are those of the architecture, told by the status as by the kernel', async () => {
    for (const name of SERVICE_NAMES) confined(name);
    for (const { name, rights: told } of (await suite.status())?.services ?? []) {
      const real = rights(name as ServiceName);
      assert.deepEqual(told, {
        uid: real.uid,
        capabilities: rightsText(real),
        noNewPrivileges: real.noNewPrivileges,
        unconfined: '',
      });
    }
  });

  it('are the same after a crash', async () => {
    for (const name of ['vrrpd', 'healthcheckerd'] as const) {
      const before = suite.pid(name);
      process.kill(before, 'SIGKILL');
      await suite.untilStatus(`${name} is back`, ({ services }) =>
        services.some((service) => service.name === name && service.pid !== before && service.health === 2),
      );
      confined(name);
    }
  });

  it('grow with a configuration that needs more, by another process, and only there', async () => {
    const pids = () => SERVICE_NAMES.map((name) => [name, suite.pid(name)] as const);
    const before = pids();
    suite.writeConfig(MISC);
    assert.equal((await suite.command('keepwatchctl', 'reload')).code, 0);
    await until('the checker that starts scripts has the rights for that', () =>
      rightsText(rights('healthcheckerd')) === 'all' ? true : undefined,
    );
    const after = pids();
    const changed = before.filter(([, pid], index) => after[index]?.[1] !== pid).map(([name]) => name);
    assert.deepEqual(changed, ['healthcheckerd']);
  });

  it('let nobody else in: no socket, no file, though the directories are open', () => {
    for (const directory of [suite.directory, suite.runDir, suite.stateDir]) chmodSync(directory, 0o755);
    const names = [suite.runDir, suite.stateDir].flatMap((directory) => readdirSync(directory));
    // Process ids are for monitoring, the others are notes of the doubles.
    const ours = names.filter((name) => !/\.(?:pid|calls|stopped)$/.test(name));
    assert.ok(ours.includes('vrrpd.sock') && ours.includes('keepwatchd.sock') && ours.includes('trackd.sock'));
    const { stdout, stderr } = spawnSync(
      'setpriv',
      [
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        process.execPath,
        '-e',
        STRANGER,
        suite.runDir,
        suite.stateDir,
      ],
      { encoding: 'utf8', env: { NAMES: ours.join(' ') } },
    );
    assert.deepEqual(stdout.trim().split('\n').sort(), ours.map((name) => `${name} EACCES`).sort(), stderr);
    for (const name of ours) {
      const stats = [suite.runDir, suite.stateDir].map((directory) =>
        lstatSync(join(directory, name), { throwIfNoEntry: false }),
      );
      for (const found of stats) if (found !== undefined) assert.equal(found.mode & 0o077, 0, name);
    }
  });

  it('let the members of one group use the control socket, and nothing else', async () => {
    suite.supervisor?.kill('SIGTERM');
    await exitOf(suite.supervisor ?? assert.fail('runs'));
    const unknown = await suite.command('keepwatchd', '-n', '--control-group', 'no-such-group');
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /--control-group no-such-group: no such group; create it \(groupadd/);
    chmodSync(suite.directory, 0o711);
    chmodSync(suite.runDir, 0o700);
    await suite.startReady('--control-group', 'daemon');
    const asUser = (group: string) =>
      spawnSync(
        'setpriv',
        ['--reuid=65534', `--regid=${group}`, '--clear-groups', process.execPath, '-e', STRANGER, suite.runDir],
        { encoding: 'utf8', env: { NAMES: 'keepwatchd.sock vrrpd.sock trackd.sock keepwatchd.accepted' } },
      ).stdout.trim();
    const [, daemon] = /^daemon:[^:]*:(\d+)/m.exec(readFileSync('/etc/group', 'utf8')) ?? assert.fail('group daemon');
    assert.deepEqual(
      asUser(daemon ?? '')
        .split('\n')
        .sort(),
      ['connected to keepwatchd.sock', 'keepwatchd.accepted EACCES', 'trackd.sock EACCES', 'vrrpd.sock EACCES'],
    );
    assert.equal(asUser('65534'), '', 'nobody else even sees that there is a suite');
  });
});

/** A mount namespace in which this machine has the users of the services; no package is installed here. */
const WITH_USERS = 'mount --bind "$1" /etc/passwd && shift && exec "$@"';
const UIDS: Readonly<Record<string, number>> = { vrrpd: 64101, healthcheckerd: 64102, ipvsd: 64103, bfdd: 64104 };
const noNamespace =
  spawnSync('unshare', ['-m', 'true']).status === 0 ? undefined : 'no mount namespace can be had (unshare -m)';
const closed = closedAbove(join(process.cwd(), 'package.json'));
const noUsers = problem ?? noNamespace ?? (closed === undefined ? undefined : `other users cannot pass ${closed}`);

describe('a suite whose services have users', { skip: noUsers ?? false }, () => {
  let bundle = '';
  let suite: TestSuite;
  before(async () => {
    bundle = await bundleWithDoubles();
    suite = new TestSuite(bundle, TCP);
    for (const directory of [bundle, suite.directory]) chmodSync(directory, 0o711);
    const passwd = join(suite.directory, 'passwd');
    const users = Object.entries(UIDS).map(
      ([name, uid]) => `keepwatch-${name}:x:${uid}:${uid}::/nonexistent:/bin/false`,
    );
    writeFileSync(passwd, `${readFileSync('/etc/passwd', 'utf8')}${users.join('\n')}\n`);
    suite.wrap = ['unshare', '-m', 'sh', '-c', WITH_USERS, 'sh', passwd];
    await suite.startReady();
  });
  after(async () => {
    if (suite.supervisor?.exitCode === null) {
      suite.supervisor.kill('SIGTERM');
      await exitOf(suite.supervisor);
    }
    rmSync(suite.directory, { recursive: true, force: true });
    rmSync(bundle, { recursive: true, force: true });
  });

  const ownUsers = (): void => {
    for (const [name, uid] of Object.entries(UIDS)) {
      const found = readProcessRights(suite.pid(name as ServiceName)) ?? assert.fail(`${name} runs`);
      assert.deepEqual([name, found.uid, found.noNewPrivileges], [name, uid, true]);
      assert.match(rightsText(found), RIGHTS[name as ServiceName], name);
      assert.equal(found.bounding, found.permitted, name);
      assert.equal(lstatSync(join(suite.runDir, name)).uid, uid);
      for (const place of [suite.runDir, suite.stateDir]) {
        const { mode } = lstatSync(join(place, name));
        assert.equal(mode & 0o777, 0o700, `${place}/${name}`);
      }
    }
  };
  const back = (name: ServiceName, before: number) =>
    suite.untilStatus(`${name} is back`, ({ services }) =>
      services.some((service) => service.name === name && service.pid !== before && service.health === 2),
    );

  it('runs each as its own, in directories of its own', () => {
    ownUsers();
    assert.equal(readProcessRights(suite.pid('notifierd'))?.uid, 0);
  });

  it('lets none of them write where the supervisor or another service keeps its files', () => {
    const attempts = [
      join(suite.runDir, 'x'),
      join(suite.runDir, 'ipvsd', 'x'),
      join(suite.stateDir, 'x'),
      join(suite.runDir, 'keepwatchd.accepted'),
    ];
    const { stdout } = spawnSync(
      'setpriv',
      [
        `--reuid=${UIDS.vrrpd}`,
        `--regid=${UIDS.vrrpd}`,
        '--clear-groups',
        'sh',
        '-c',
        'for f; do (echo > "$f") 2>&1; done',
        'sh',
        ...attempts,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(stdout.match(/Permission denied/g)?.length, attempts.length, stdout);
  });

  it('goes on so after crashes, and under another supervisor, with the same processes', async () => {
    for (const name of ['vrrpd', 'healthcheckerd'] as const) {
      const before = suite.pid(name);
      process.kill(before, 'SIGKILL');
      await back(name, before);
    }
    ownUsers();
    const pids = Object.keys(UIDS).map((name) => suite.pid(name as ServiceName));
    suite.supervisor?.kill('SIGKILL');
    await exitOf(suite.supervisor ?? assert.fail('runs'));
    await suite.startReady();
    assert.deepEqual(
      Object.keys(UIDS).map((name) => suite.pid(name as ServiceName)),
      pids,
      'the same processes',
    );
    ownUsers();
  });

  it('gives healthcheckerd root while it starts scripts, and takes that back', async () => {
    suite.writeConfig(MISC);
    assert.equal((await suite.command('keepwatchctl', 'reload')).code, 0);
    const root = await until('root', () => {
      const pid = suite.pid('healthcheckerd');
      return readProcessRights(pid)?.uid === 0 ? pid : undefined;
    });
    suite.writeConfig(TCP);
    assert.equal((await suite.command('keepwatchctl', 'reload')).code, 0);
    process.kill(root, 'SIGKILL');
    await back('healthcheckerd', root);
    ownUsers();
  });

  it('is stopped without a supervisor too, and starts again', async () => {
    suite.supervisor?.kill('SIGKILL');
    await exitOf(suite.supervisor ?? assert.fail('runs'));
    assert.equal((await suite.command('keepwatchctl', 'stop')).code, 0);
    await suite.startReady();
    ownUsers();
  });
});
