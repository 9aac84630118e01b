import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exitCodeFor } from '../../../cmd/keepwatchd/exitCode.js';
import { parseFlags, signalNumber } from '../../../cmd/keepwatchd/flags.js';
import { VERSION } from '../../../services/shared/rpc/version.js';
import { childEnvironment } from '../../../services/supervisor/serviceProcess.js';

test('-t takes its file only attached, may stand among other flags, and is no value of theirs', () => {
  const tested = (...args: string[]) => {
    const { configTest, configFile, log } = parseFlags(args);
    return [configTest === undefined ? undefined : (configTest.file ?? 'stderr'), configFile, log.detail];
  };
  assert.deepEqual(tested('-t', '-f', '/a'), ['stderr', '/a', false]);
  assert.deepEqual(tested('-t=/out', '-f', '/a'), ['/out', '/a', false]);
  assert.deepEqual(tested('-t/out'), ['/out', undefined, false]);
  assert.deepEqual(tested('--config-test'), ['stderr', undefined, false]);
  assert.deepEqual(tested('--config-test=/out'), ['/out', undefined, false]);
  assert.deepEqual(tested('-Dt', '-f', '/a'), ['stderr', '/a', true]);
  assert.throws(() => tested('-f', '-t'), /-f/, 'a forgotten file name is not taken for a test');
  assert.deepEqual(tested('-D'), [undefined, undefined, true]);
});

test('keepalived flags have their meaning, paths become absolute, unknown ones are refused', () => {
  const flags = parseFlags([
    '-PnlD',
    '-V',
    '-I',
    '-R',
    '-p',
    'a.pid',
    '-r',
    '/b',
    '-c',
    '/c',
    '-i',
    'id',
    '-g',
    'x.log',
    '-M=core.%p',
  ]);
  assert.deepEqual(
    [flags.vrrpOnly, flags.checkersOnly, flags.keepVrrp, flags.keepIpvs, flags.respawn, flags.configId],
    [true, false, true, true, false, 'id'],
  );
  assert.equal(flags.pidFile, `${process.cwd()}/a.pid`);
  assert.equal(flags.log.file, `${process.cwd()}/x.log`);
  assert.deepEqual([flags.coreDump, flags.corePattern], [true, 'core.%p']);
  assert.equal(parseFlags(['-M']).corePattern, 'core');
  assert.equal(parseFlags(['-m']).corePattern, undefined);
  assert.deepEqual([parseFlags([]).runDir, parseFlags([]).stateDir], ['/run/keepwatch', '/var/lib/keepwatch']);
  for (const wrong of [['--nonsense'], ['-f'], ['-S', '9'], ['stray']])
    assert.throws(() => parseFlags(wrong), wrong.join(' '));
});

test('flags of keepalived that change nothing are taken, and say why; -T names the command to use', () => {
  const { withoutEffect, bfdPidFile, allIncluded } = parseFlags(['-Xae', '-u', '077', '-b', '/b.pid', '-t']);
  assert.deepEqual(
    withoutEffect.map(({ flag }) => flag),
    ['--umask', '--release-vips', '--address-monitoring'],
  );
  assert.deepEqual([bfdPidFile, allIncluded], ['/b.pid', true]);
  assert.deepEqual(parseFlags([]).withoutEffect, []);
  assert.throws(() => parseFlags(['-T']), /keepwatch-genhash/);
});

test('signal numbers by keepalived names', () => {
  assert.deepEqual(['STOP', 'RELOAD', 'DATA', 'STATS', 'HUP'].map(signalNumber), [15, 1, 10, 12, undefined]);
});

test('exit codes: unreadable before security before errors; warnings only when asked for', () => {
  const error = (code: string) => ({ severity: 'error' as const, code });
  const warning = { severity: 'warning' as const, code: 'x' };
  assert.equal(exitCodeFor([]), 0);
  assert.equal(exitCodeFor([warning]), 0);
  assert.equal(exitCodeFor([warning], true), 5);
  assert.equal(exitCodeFor([error('x'), warning]), 5);
  assert.equal(exitCodeFor([error('x'), error('include-check-failed')]), 6);
  assert.equal(exitCodeFor([error('unreadable-file')]), 4);
});

test('what steers Node or belongs to the service manager does not reach the services', () => {
  const kept = childEnvironment({
    PATH: '/bin',
    LANG: 'C',
    NODE_OPTIONS: 'x',
    NODE_EXTRA_CA_CERTS: 'y',
    NOTIFY_SOCKET: 'z',
    KEEPWATCH_READY_FD: '3',
    MINE: '1',
  });
  assert.deepEqual(kept, { PATH: '/bin', LANG: 'C', MINE: '1' });
});

test('all processes tell the version of the package', () => {
  assert.equal(VERSION, (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version);
});
