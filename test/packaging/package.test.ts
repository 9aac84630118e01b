/**
 * The Debian packages in a clean root file system of Debian: installed, run with a configuration of keepalived, upgraded
 * without a failover, removed and purged.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { CommandResult } from '../topology/lib/command.js';
import { eventually } from '../topology/lib/eventually.js';
import type { Host } from '../topology/lib/host.js';
import { Lab, whyNoLab } from '../topology/lib/lab.js';
import { ensureRootFileSystem, missingPrograms, ROOT_FILE_SYSTEM_PROGRAMS } from './lib/rootFileSystem.js';

const VIP = '10.89.0.100';
const NEXT = '99.0.0';
const CONFIG = `vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1
    virtual_ipaddress {
        ${VIP}/24
    }
}
`;
// biome-ignore lint/suspicious/noTemplateCurlyInString: the format of dpkg-query
const FORMAT = '${Version} ${Status}';
const PATIENT = { within: 30_000 };

const skip = missingPrograms(ROOT_FILE_SYSTEM_PROGRAMS) ?? (await whyNoLab('dpkg-deb')) ?? false;

describe('the Debian packages', { skip, timeout: 400_000 }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'keepwatch-packaging-'));
  let lab: Lab;
  let router: Host;
  let root = '';

  const build = (...args: readonly string[]): void => {
    execFileSync(process.execPath, ['.ci/package/deb.mjs', '--output', scratch, ...args], { stdio: 'pipe' });
  };
  const packageFile = (pattern: RegExp): string => {
    const name = readdirSync(scratch).find((file) => pattern.test(file));
    assert.ok(name !== undefined, `${readdirSync(scratch)} has no ${pattern}`);
    return `/packages/${name}`;
  };
  const within = (...argv: readonly string[]): Promise<CommandResult> =>
    router.tryInside(['chroot', root, 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C', ...argv], 120_000);
  const done = async (...argv: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await within(...argv);
    assert.equal(status, 0, `${argv.join(' ')}\n${stdout}${stderr}`);
    return stdout + stderr;
  };
  const inRoot = (path: string): string => join(root, path);
  /** Incarnation of every process, by name. */
  const incarnations = async (): Promise<Map<string, string>> => {
    const status = JSON.parse(await done('keepwatchctl', 'status', '--json').catch(statusOf));
    const services = (status.services as { name: string; incarnation: string }[]).map(
      ({ name, incarnation }): [string, string] => [name, incarnation],
    );
    return new Map([['keepwatchd', status.origin.incarnation], ...services]);
  };
  /** `status` ends with 1 where something needs attention, as a kernel without IPVS. */
  const statusOf = async (): Promise<string> => (await within('keepwatchctl', 'status', '--json')).stdout;

  before(async () => {
    build();
    build('--version', NEXT, '--without-nodejs');
    lab = await Lab.start();
    router = await lab.host('router');
    await lab.network.connect(router, 'eth0', 'lan', ['10.89.0.1/24']);
    root = join(lab.directory, 'root');
    mkdirSync(inRoot('packages'), { recursive: true });
    execFileSync('tar', ['xf', ensureRootFileSystem(), '-C', root]);
    for (const name of readdirSync(scratch))
      writeFileSync(inRoot(`packages/${name}`), readFileSync(join(scratch, name)));
    const mounts = [
      `mount -t proc proc ${root}/proc`,
      `mount --rbind /dev ${root}/dev`,
      `mount -t sysfs sysfs ${root}/sys`,
    ];
    const { status, stderr } = await router.tryInside(['sh', '-c', mounts.join(' && ')]);
    assert.equal(status, 0, stderr);
    // The file system is made for other tests too.
    await done('dpkg', '--purge', 'keepalived');
    rmSync(inRoot('etc/keepalived'), { recursive: true, force: true });
  });

  after(async () => {
    if (root !== '') await within('keepwatchctl', 'stop');
    await lab?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('wants a Node.js that is new enough', async () => {
    const { status, stderr } = await within('dpkg', '-i', packageFile(/^keepwatch_0/));
    assert.notEqual(status, 0);
    assert.match(stderr, /keepwatch depends on nodejs \(>= 20\) \| keepwatch-nodejs/);
    await done('dpkg', '--purge', 'keepwatch');
  });

  it('installs, with a default configuration that is good, and every command starts', async () => {
    await done('dpkg', '-i', packageFile(/^keepwatch-nodejs_/), packageFile(/^keepwatch_0/));
    assert.equal(await done('keepwatchd', '-t'), '', 'no finding in the default configuration');
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    for (const name of Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).bin)) {
      const said = await done(name, name === 'keepwatch-genhash' ? '--help' : '--version');
      if (name !== 'keepwatch-genhash') assert.ok(said.includes(version), said);
    }
    for (const path of [
      'lib/systemd/system/keepwatch.service',
      'usr/share/bash-completion/completions/keepwatchctl',
      'usr/share/man/man5/keepwatch.conf.5.gz',
      'usr/share/doc/keepwatch/copyright',
      'usr/share/doc/keepwatch/sbom.cdx.json',
      'usr/share/doc/keepwatch/THIRD-PARTY',
      'usr/lib/keepwatch/dashboard/index.html.gz',
      'etc/default/keepwatch',
    ]) {
      assert.ok(existsSync(inRoot(path)), path);
    }
    assert.equal(await done('dpkg', '--verify', 'keepwatch'), '');
  });

  it('runs the configuration of keepalived that is there', async () => {
    mkdirSync(inRoot('etc/keepalived'));
    writeFileSync(inRoot('etc/keepalived/keepalived.conf'), CONFIG);
    await done('keepwatchd');
    await eventually('the address is here', () => router.hasAddress('eth0', VIP), PATIENT);
    assert.match(await done('keepwatchctl', 'health'), /^vrrpd: SERVING$/m);
  });

  it('upgrades what runs without a failover, and keeps configurations that were changed', async () => {
    writeFileSync(inRoot('etc/default/keepwatch'), 'KEEPWATCH_LOG_LEVEL=info\n');
    const before = await incarnations();
    const monitor = router.spawnInNetwork(['ip', '-o', 'monitor', 'address']);
    let seen = '';
    monitor.stdout?.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    const said = await done('dpkg', '-i', packageFile(new RegExp(`^keepwatch_${NEXT}`)));
    assert.match(said, /keepwatchd: replaced/);
    assert.match(said, /vrrpd: replaced/);
    assert.ok(await router.hasAddress('eth0', VIP));
    monitor.kill('SIGKILL');
    assert.doesNotMatch(seen, new RegExp(`Deleted.*${VIP}`));
    const now = await incarnations();
    assert.deepEqual([...now.keys()], [...before.keys()]);
    for (const [name, incarnation] of now) assert.notEqual(incarnation, before.get(name), `${name} runs on as it was`);
    assert.doesNotMatch(
      await done('keepwatchctl', 'history', '--json'),
      /"to": ?"(?:VRRP_STATE_NAME_)?(?:BACKUP|FAULT)"/,
    );
    assert.equal(readFileSync(inRoot('etc/default/keepwatch'), 'utf8'), 'KEEPWATCH_LOG_LEVEL=info\n');
    assert.match(await done('dpkg-query', '-W', '-f', FORMAT, 'keepwatch'), /^99\.0\.0 install ok installed$/);
  });

  it('stops everything when it is removed, and leaves configuration and state', async () => {
    await done('dpkg', '-r', 'keepwatch');
    assert.ok(!(await router.hasAddress('eth0', VIP)));
    assert.deepEqual(
      router.processes().map(({ argv }) => argv.join(' ')),
      [],
    );
    assert.ok(existsSync(inRoot('etc/keepwatch/keepwatch.conf')));
    assert.ok(existsSync(inRoot('var/lib/keepwatch/history.jsonl')));
    assert.ok(!existsSync(inRoot('usr/lib/keepwatch')));
    assert.ok(!existsSync(inRoot('run/keepwatch')));
  });

  it('leaves nothing when it is purged', async () => {
    await done('dpkg', '--purge', 'keepwatch', 'keepwatch-nodejs');
    const left = await done(
      'find',
      '/',
      '-xdev',
      '-name',
      '*keepwatch*',
      '-not',
      '-path',
      '/packages*',
      '-not',
      '-path',
      '/tmp/*',
    );
    assert.equal(left.trim(), '');
  });
});
