import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  closedAbove,
  giveFiles,
  homeOf,
  prepareHome,
  serviceUserIn,
} from '../../../services/supervisor/serviceHome.js';

describe('the user of a service', () => {
  const passwd = [
    'root:x:0:0:root:/root:/bin/sh',
    'keepwatch-vrrpd-old:x:5:5::/:/bin/false',
    'keepwatch-bfdd:x:0:0::/:/bin/false',
    'keepwatch-ipvsd:x:seven:7::/:/bin/false',
    'keepwatch-vrrpd:x:990:991::/:/bin/false',
  ].join('\n');

  it('is the one of that name, if it is not root by another name', () => {
    assert.deepEqual(serviceUserIn(passwd, 'vrrpd'), { uid: 990, gid: 991 });
    for (const name of ['bfdd', 'ipvsd', 'healthcheckerd'] as const)
      assert.equal(serviceUserIn(passwd, name), undefined);
  });
});

const scratch = mkdtempSync(join(tmpdir(), 'keepwatch-home-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

describe('the directories of a service', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
  const places = { runDir: join(scratch, 'run'), stateDir: join(scratch, 'state') };
  const user = { uid: 64101, gid: 64102 };
  for (const directory of Object.values(places)) mkdirSync(directory, { mode: 0o700 });

  it('are not there for a service without a user', () => {
    writeFileSync(join(places.runDir, 'vrrpd.pid'), '1\n');
    prepareHome(places, 'vrrpd', undefined);
    assert.equal(homeOf(places, 'vrrpd'), undefined);
    assert.equal(readFileSync(join(places.runDir, 'vrrpd.pid'), 'utf8'), '1\n', 'what is there stays');
  });

  it('belong to its user, hold what it left as root, and are found by the old names', () => {
    writeFileSync(join(places.runDir, 'vrrpd.resume'), 'master');
    writeFileSync(join(places.runDir, 'vrrpdx'), 'not its own');
    prepareHome(places, 'vrrpd', user);
    const home = homeOf(places, 'vrrpd') ?? assert.fail('a home');
    assert.deepEqual(home, { runDir: join(places.runDir, 'vrrpd'), stateDir: join(places.stateDir, 'vrrpd'), user });
    for (const path of [home.runDir, home.stateDir, join(home.runDir, 'vrrpd.resume')]) {
      const { uid, gid } = lstatSync(path);
      assert.deepEqual([uid, gid], [64101, 64102], path);
    }
    assert.equal(lstatSync(home.runDir).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(home.runDir, 'vrrpd.resume'), 'utf8'), 'master');
    assert.equal(readFileSync(join(places.runDir, 'vrrpdx'), 'utf8'), 'not its own');
    assert.equal(readlinkSync(join(places.runDir, 'vrrpd.sock')), 'vrrpd/vrrpd.sock');
    assert.equal(readlinkSync(join(home.runDir, 'trackd.sock')), '../trackd.sock');
  });

  it('are prepared again without a change', () => {
    prepareHome(places, 'vrrpd', user);
    assert.equal(readFileSync(join(places.runDir, 'vrrpd', 'vrrpd.resume'), 'utf8'), 'master');
  });

  it('get files of root that are only there', () => {
    const home = homeOf(places, 'vrrpd') ?? assert.fail('a home');
    writeFileSync(join(home.runDir, 'vrrpd.events'), '');
    writeFileSync(join(scratch, 'secret'), '');
    // What an attacker could put there: another name of a file elsewhere, and a link to it.
    linkSync(join(scratch, 'secret'), join(home.runDir, 'vrrpd.hard'));
    symlinkSync(join(scratch, 'secret'), join(home.runDir, 'vrrpd.soft'));
    giveFiles(home);
    assert.equal(lstatSync(join(home.runDir, 'vrrpd.events')).uid, 64101);
    assert.equal(lstatSync(join(scratch, 'secret')).uid, 0);
  });

  it('go when its user has gone', () => {
    prepareHome(places, 'vrrpd', undefined);
    assert.equal(homeOf(places, 'vrrpd'), undefined);
    for (const path of ['vrrpd', 'vrrpd.sock']) assert.equal(existsSync(join(places.runDir, path)), false, path);
  });
});

describe('the way to a file', () => {
  it('is open to everybody, or ends at a directory that is named', () => {
    const inner = join(scratch, 'a', 'b');
    mkdirSync(inner, { recursive: true });
    for (const directory of [scratch, join(scratch, 'a'), inner]) chmodSync(directory, 0o755);
    assert.equal(closedAbove(join(inner, 'file')), undefined);
    chmodSync(join(scratch, 'a'), 0o750);
    assert.equal(closedAbove(join(inner, 'file')), join(scratch, 'a'));
  });
});
