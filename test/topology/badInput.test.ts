import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { block, configuration, instance, pass } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { gaps } from './lib/expectations.js';
import { FIRST, type Pair, pair, SECOND, VIP, withPair } from './lib/pair.js';
import { SmtpSink } from './lib/smtpSink.js';
import { keepalived } from './lib/software.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const owner = (more: readonly string[] = []) =>
  instance({ name: 'GOOD', vrid: 60, priority: 255, addresses: ['10.9.0.200/24'], more });

async function withRouters(body: (topology: Pair) => Promise<void>): Promise<void> {
  const topology = await pair(underTest, underTest);
  try {
    await body(topology);
  } catch (error) {
    console.error(topology.first.log());
    throw error;
  } finally {
    await topology.lab.close();
  }
}

/** Every service is alive and was never restarted. */
async function nothingCrashed(control: Control): Promise<void> {
  for (const { name, restarts } of (await control.ready()).services) assert.equal(restarts, 0, `${name} crashed`);
}

describe('bad input', { skip: await keepwatchSkip('keepalived'), concurrency: 2 }, () => {
  for (const vrid of [0, 256]) {
    test(`VRID ${vrid}: refused with the place and the range, nothing is started`, async () => {
      await withRouters(async ({ first }) => {
        await first.start(configuration(instance({ vrid, priority: 100, addresses: [`${VIP}/24`] }), owner()));
        assert.equal(await first.exited(), 5);
        const line =
          first
            .log()
            .split('\n')
            .find((text) => text.includes('error:')) ?? first.log();
        assert.match(line, /router\.conf:\d+:\d+: error: /);
        assert.match(line, new RegExp(`\\b${vrid}\\b`));
        assert.match(line, /\b1\b.*\b255\b/);
        assert.deepEqual(first.host.processes(), []);
      });
    });
  }

  test('an unreadable configuration: said so, exit status 4', async () => {
    await withRouters(async ({ first }) => {
      // Root reads everything, so the file is missing rather than forbidden.
      await first.start();
      assert.equal(await first.exited(), 4);
      assert.match(first.log(), /router\.conf/);
      assert.match(first.log(), /ENOENT|no such file|does not exist|cannot be read/i);
      assert.deepEqual(first.host.processes(), []);
    });
  });

  const unknownInterface = configuration(
    instance({ interface: 'nosuch0', priority: 255, addresses: ['10.8.0.100/24'] }),
    owner(),
  );

  test('an unknown interface at start: refused with the place and the interfaces there are', async () => {
    await withRouters(async ({ first }) => {
      await first.start(unknownInterface);
      assert.equal(await first.exited(), 5);
      assert.match(first.log(), /router\.conf:\d+:\d+: error: .*VI_1.*nosuch0/);
      assert.match(first.log(), /\beth0\b/);
      assert.deepEqual(first.host.processes(), []);
    });
  });

  test('an unknown interface in a reload: refused, and what ran goes on', async () => {
    await withPair(underTest, underTest, async ({ lab, first }, capture) => {
      await bringUp(lab, first, configuration(owner()));
      await capture.advertOf(FIRST);
      first.reload(unknownInterface);
      await eventually('the interface is named', () => first.log().includes('nosuch0'));
      await capture.advertOf(FIRST, Date.now() + 1_500);
      assert.ok(Math.max(...gaps(capture.adverts, FIRST)) < 1_400);
      await nothingCrashed(Control.of(lab, first));
      await first.stop();
    });
  });

  test('a virtual address that is there already: no duplicate, no crash, and it goes when the router leaves', async () => {
    await withPair(underTest, underTest, async ({ lab, first }, capture) => {
      await first.host.ip('address', 'add', `${VIP}/24`, 'dev', 'eth0');
      await first.start(configuration(instance({ priority: 150, addresses: [`${VIP}/24`] })));
      const control = Control.of(lab, first);
      await control.ready();
      await capture.advertOf(FIRST);
      // The advertisement leaves a moment before the address comes.
      await eventually('the address', () => first.host.hasAddress('eth0', VIP));
      const copies = (await first.host.addresses('eth0')).filter(({ address }) => address === VIP);
      assert.equal(copies.length, 1);
      await nothingCrashed(control);
      await first.stop();
      assert.ok(!(await first.host.hasAddress('eth0', VIP)));
    });
  });

  test('a password over eight characters: warned about, cut as keepalived cuts it', async () => {
    await withPair(underTest, keepalived, async ({ lab, first, second }, capture) => {
      const config = (priority: number) =>
        configuration(instance({ priority, addresses: [`${VIP}/24`], more: [pass('12345678tail')] }));
      await bringUp(lab, first, config(150));
      await bringUp(lab, second, config(100));
      const one = await capture.advertOf(FIRST);
      assert.equal(one.authText, '12345678');
      await eventually('a warning with its place', () => /router\.conf:\d+:\d+: warning: .*8/.test(first.log()));
      await capture.advertOf(FIRST, one.at + 3_900);
      assert.equal(
        capture.lastAdvert(({ source }) => source === SECOND),
        undefined,
        'keepalived does not believe us',
      );
      await first.stop();
      await second.stop();
    });
  });

  test('a second suite on one run directory is refused; the first goes on', async () => {
    await withPair(underTest, underTest, async ({ lab, first }, capture) => {
      await first.start(configuration(owner()));
      const control = Control.of(lab, first);
      await control.ready();
      const { status, stderr, stdout } = await first.host.tryInside(underTest.command(first.paths));
      assert.equal(status, 2);
      assert.ok((stderr + stdout).includes(first.paths.runDirectory), stderr + stdout);
      const { at } = await capture.advertOf(FIRST, Date.now());
      await capture.advertOf(FIRST, at);
      await nothingCrashed(control);
      await first.stop();
    });
  });

  test('scripts that are missing or not executable: said so, the election does not care', async () => {
    await withRouters(async ({ lab, first }) => {
      const inert = join(lab.directory, 'inert.sh');
      writeFileSync(inert, '#!/bin/sh\n');
      chmodSync(inert, 0o644);
      await first.start(
        configuration(
          owner(['notify_master "/nonexistent/script.sh master"', `notify_backup ${inert}`, `notify ${inert}`]),
        ),
      );
      const control = Control.of(lab, first);
      await control.ready();
      await control.reaches('MASTER', 'GOOD');
      await eventually('the missing script is named', () => first.log().includes('/nonexistent/script.sh'));
      await eventually('the inert script is named', () => first.log().includes(inert));
      await nothingCrashed(control);
      await first.stop();
    });
  });

  test('the mail server is down: said so, the election does not care, and the mail comes when it is up', async () => {
    await withRouters(async ({ lab, first, client }) => {
      const mail = block('global_defs', [
        block('notification_email', ['ops@example.com']),
        'notification_email_from router@example.com',
        'smtp_server 10.9.0.50',
        'smtp_connect_timeout 2',
      ]);
      await first.start(`${mail}\n${owner(['smtp_alert'])}\n`);
      const control = Control.of(lab, first);
      await control.ready();
      await control.reaches('MASTER', 'GOOD');
      await eventually('the refusal is logged', () => /ECONNREFUSED|refused/i.test(first.log()), { within: 10_000 });
      await nothingCrashed(control);
      const sink = SmtpSink.listen(lab, client);
      await eventually('the mail arrives late', () => sink.subjects().some((subject) => subject.includes('MASTER')), {
        within: 40_000,
      });
      await first.stop();
    });
  });
});
