/** Scripts, files and processes that are tracked: real ones, beside and against keepalived. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import type { Capture } from './lib/capture.js';
import { block, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { FIRST, type Pair, SECOND, VIP, withPair } from './lib/pair.js';
import { Recorder } from './lib/recorder.js';
import type { Router } from './lib/router.js';
import { keepalived } from './lib/software.js';
import { keepwatchSkip, labSkip, underTest } from './lib/underTest.js';

/** A script that does what a file says: `exit 0`, `sleep 60`, `kill -SEGV $$`. */
function puppet(folder: string, name: string) {
  const order = join(folder, `${name}.order`);
  const path = join(folder, `${name}.sh`);
  const say = (command: string): void => writeFileSync(order, `${command}\n`);
  say('exit 0');
  writeFileSync(path, `#!/bin/sh\n. ${order}\n`);
  chmodSync(path, 0o755);
  return { path, say };
}

/** A program with a name of its own, in the process namespace of a router. */
function program(folder: string, name: string) {
  const path = join(folder, name);
  copyFileSync('/bin/sleep', path);
  chmodSync(path, 0o755);
  return {
    path,
    start: (router: Router): ChildProcess => {
      const [file = '', ...args] = router.host.insideCommand([path, '300']);
      return spawn(file, args, { stdio: 'ignore' });
    },
    kill: (router: Router) => router.host.tryInside(['pkill', '-KILL', '-x', name]),
  };
}

const global = (more: readonly string[] = []): string =>
  block('global_defs', ['router_id LAB', 'script_user root', 'vrrp_version 3', ...more]);

const lastPriority = (capture: Capture, source: string): number | undefined =>
  capture.lastAdvert((advert) => advert.source === source)?.priority;

/** The last advertisement of a router carries this priority. */
const advertises = (capture: Capture, source: string, priority: number) =>
  eventually(`${source} advertises ${priority}`, () => {
    const last = lastPriority(capture, source);
    if (last !== priority) throw new Error(`it advertises ${last}`);
    return true;
  });

describe('tracking', { skip: await keepwatchSkip('keepalived'), concurrency: 2 }, () => {
  test('script, process and file move the priority, the peer takes over, and the cause names them', async () => {
    await withPair(underTest, keepalived, async ({ lab, first, second }: Pair, capture) => {
      const script = puppet(lab.directory, 'chk');
      const daemon = program(lab.directory, 'trackee');
      const load = join(lab.directory, 'load');
      const notify = Recorder.create(join(lab.directory, 'notify.sh'));
      writeFileSync(load, '0\n');
      daemon.start(first);
      const config = [
        global(),
        block('vrrp_script chk', [
          `script "${script.path} 1 2"`,
          'interval 0.2',
          'timeout 0.3',
          'weight -30',
          'fall 2',
          'rise 2',
        ]),
        block('vrrp_script gone', ['script /nonexistent/check', 'interval 1', 'weight 0']),
        block('track_file load', [`file ${load}`, 'weight -2']),
        block('vrrp_track_process trackee', [`process ${daemon.path}`, 'full_command', 'weight -40']),
        instance({
          priority: 110,
          advertInt: 0.2,
          addresses: [`${VIP}/24`],
          more: [
            block('track_script', ['chk', 'gone']),
            block('track_file', ['load']),
            block('track_process', ['trackee']),
            `notify ${notify.script}`,
          ],
        }),
      ].join('\n\n');
      await bringUp(lab, first, `${config}\n`);
      await bringUp(
        lab,
        second,
        `${global()}\n${instance({ priority: 100, advertInt: 0.2, addresses: [`${VIP}/24`] })}\n`,
      );
      await capture.advertOf(FIRST);
      const control = Control.of(lab, first);
      const tracker = async (name: string) => {
        const found = (await control.instance()).trackers.find((one) => one.name === name);
        if (found === undefined) throw new Error(`${name} is not tracked`);
        return found;
      };
      const says = (name: string, condition: string, detail: RegExp) =>
        eventually(`${name} is ${condition}, ${detail}`, async () => {
          const found = await tracker(name);
          if (found.condition !== condition || !detail.test(found.detail)) {
            throw new Error(`it is ${found.condition}, ${found.detail}`);
          }
          return found;
        });
      const isMaster = async (router: Router) => {
        const [other, address] = router === first ? [second, FIRST] : [first, SECOND];
        await capture.advertOf(address, Date.now());
        await eventually('the other yields', async () => !(await other.host.hasAddress('eth0', VIP)));
      };
      const lastCause = async () => (await control.instance()).lastTransition?.cause?.text ?? '';

      // Told apart: what cannot be started at all says nothing, and keeps nobody out.
      await says('gone', 'ignored', /cannot be started: \/nonexistent\/check does not exist/);

      const steps: readonly (readonly [string, string, RegExp])[] = [
        ['exit 3', 'exit 3', /^exit 3$/],
        ['sleep 60', 'time-out', /^timed out after 300 ms and was killed$/],
        ['kill -SEGV $$', 'signal', /^killed by SIGSEGV$/],
      ];
      for (const [command, , detail] of steps) {
        script.say(command);
        const found = await says('chk', 'bad', detail);
        assert.ok(found.since !== undefined && Date.now() - found.since.getTime() < 60_000);
        if (command !== 'exit 3') continue;
        await isMaster(second);
        assert.match(await lastCause(), /ours is 80 \(configured 110, script chk: exit 3 -30\)$/);
      }
      assert.match(first.log(), /VRRP_Script\(chk\) failed: timed out after 300 ms and was killed/);
      assert.match(first.log(), /VRRP_Script\(chk\) failed: killed by SIGSEGV/);
      script.say('exit 0');
      await isMaster(first);
      // Nothing of a script that timed out is left.
      await eventually('the children of the script are gone', () => {
        return !first.host.processes().some(({ argv }) => argv.join(' ') === 'sleep 60');
      });

      await daemon.kill(first);
      await isMaster(second);
      assert.match(await lastCause(), /ours is 70 \(configured 110, process trackee: 0 of 1 process -40\)$/);
      assert.match((await tracker('trackee')).detail, /^0 of 1 process$/);
      // In a namespace of its own the kernel tells nothing of processes, and that is said.
      assert.ok((await control.service('vrrpd')).impairments.some((text) => text.includes('proc connector')));
      daemon.start(first);
      await isMaster(first);

      writeFileSync(load, '20\n');
      await isMaster(second);
      assert.match(await lastCause(), /ours is 70 \(configured 110, file load: 20 -40\)$/);
      // Below -253 is no priority but a fault.
      writeFileSync(load, '127\n');
      await control.reaches('FAULT');
      assert.match(await lastCause(), /^tracked file load: 127$/);
      rmSync(load);
      await isMaster(first);
      await eventually('every state is told', () => {
        const states = notify.lines().map((line) => line.split(' ')[2]);
        assert.deepEqual(states.slice(-3), ['FAULT', 'BACKUP', 'MASTER']);
        return true;
      });
      await daemon.kill(first);
      await first.stop();
      await second.stop();
    });
  });

  test('a crash of vrrpd, of its watcher, and a reload keep what is known', async () => {
    await withPair(underTest, underTest, async ({ lab, first, second }, capture) => {
      const script = puppet(lab.directory, 'chk');
      const slow = puppet(lab.directory, 'slow');
      const text = (weight: number, more: readonly string[] = []) =>
        `${[
          global(),
          block('vrrp_script chk', [`script ${script.path}`, 'interval 0.2', 'fall 3', 'weight 0']),
          block('vrrp_script slow', [`script ${slow.path}`, 'interval 30', 'weight 20']),
          ...more,
          instance({
            priority: 110,
            advertInt: 1,
            addresses: [`${VIP}/24`],
            more: [block('track_script', ['chk', `slow weight ${weight}`])],
          }),
        ].join('\n\n')}\n`;
      await bringUp(lab, first, text(20));
      await advertises(capture, FIRST, 130);
      await bringUp(
        lab,
        second,
        `${global()}\n${instance({ priority: 120, advertInt: 1, addresses: [`${VIP}/24`] })}\n`,
      );
      // From now on a first result would take half a minute: nobody may wait for it.
      slow.say('sleep 29');
      const control = Control.of(lab, first);
      const find = (word: string) => first.host.processes().find(({ argv }) => argv.some((one) => one.includes(word)));
      const since = Date.now();
      for (const victim of ['/trackd/', '/vrrpd/']) {
        const before = find(victim);
        assert.ok(before !== undefined, `${victim} runs`);
        process.kill(before.pid, 'SIGKILL');
        await eventually(`${victim} runs again`, () => {
          const now = find(victim);
          return now !== undefined && now.pid !== before.pid;
        });
        await eventually('it goes on', async () => (await control.state()) === 'MASTER');
      }
      const reloaded = Date.now();
      first.reload(text(25));
      await advertises(capture, FIRST, 135);
      assert.ok(
        capture.adverts.every(({ source, at }) => source === FIRST || at < since),
        'the peer saw nothing',
      );
      assert.ok(capture.adverts.every(({ at, priority }) => at < reloaded || priority >= 130));
      script.say('exit 1');
      await control.reaches('FAULT');
      const cause = (await control.instance()).lastTransition?.cause;
      assert.equal(cause?.code, 'tracked-script');
      assert.equal(cause?.text, 'tracked script chk: exit 1');
      assert.ok((cause?.latenessUs ?? 1_000_000n) < 500_000n);
      await first.stop();
      await second.stop();
    });
  });
});

describe('tracking beside keepalived', { skip: await labSkip('keepalived'), concurrency: 1 }, () => {
  test('the same configuration and the same events give the same priorities on the wire', async () => {
    await withPair(keepalived, underTest, async ({ lab, first, second }, capture) => {
      const script = puppet(lab.directory, 'chk');
      const number = join(lab.directory, 'number');
      const write = (value: string): void => writeFileSync(number, `${value}\n`);
      write('0');
      const config = (vrid: number, base: number) => {
        const names = [
          ['track_file', 'n'],
          ['track_file', 'n weight 3'],
          ['track_file', 'n weight 1 reverse'],
          ['track_file', 'n weight -2'],
          ['track_file', 'n weight 0'],
          ['track_script', 'chk weight 20'],
          ['track_script', 'chk weight 20 reverse'],
          ['track_script', 'chk weight -20'],
          ['track_script', 'chk weight -20 reverse'],
          ['track_script', 'chk weight 253'],
          ['track_script', 'chk'],
        ];
        return `${[
          global(),
          block('vrrp_script chk', [`script ${script.path}`, 'interval 1', 'rise 1', 'fall 2']),
          block('track_file n', [`file ${number}`, 'weight 1']),
          ...names.map(([kind = '', line = ''], index) =>
            instance({
              name: `V${index}`,
              vrid: vrid + index,
              priority: 100,
              advertInt: 0.1,
              addresses: [`10.9.0.${base + index}/24`],
              more: [block(kind, [line])],
            }),
          ),
        ].join('\n\n')}\n`;
      };
      const COUNT = 11;
      await Promise.all([bringUp(lab, first, config(100, 100)), bringUp(lab, second, config(200, 200))]);
      /** Priorities that one of them advertises, by instance; `-` for one that is silent. */
      const priorities = (source: string, vrid: number, since: number): (number | '-')[] =>
        Array.from({ length: COUNT }, (_, index) => {
          const last = capture.adverts.findLast((advert) => advert.source === source && advert.vrid === vrid + index);
          return last === undefined || last.at < since || last.priority === 0 ? '-' : last.priority;
        });
      const agree = (what: string, expected: readonly (number | '-')[]) =>
        eventually(
          what,
          () => {
            const since = Date.now() - 250;
            const theirs = priorities(FIRST, 100, since);
            assert.deepEqual(theirs, expected, 'keepalived');
            assert.deepEqual(priorities(SECOND, 200, since), theirs, 'ours');
            return true;
          },
          { within: 8_000, every: 50 },
        );
      await agree('number 0, script good', [100, 100, 100, 100, 100, 120, 80, 100, 100, 254, 100]);
      write('10');
      await agree('number 10', [110, 130, 90, 80, '-', 120, 80, 100, 100, 254, 100]);
      write('-100');
      await agree('number -100', [1, '-', 200, 254, '-', 120, 80, 100, 100, 254, 100]);
      write('300');
      await agree('number 300', [254, 254, '-', '-', '-', 120, 80, 100, 100, 254, 100]);
      write('0x10 words');
      await agree('number 0x10', [116, 148, 84, 68, '-', 120, 80, 100, 100, 254, 100]);
      script.say('exit 1');
      rmSync(number);
      await agree('no file, script bad', [100, 100, 100, 100, 100, 100, 100, 80, 120, 100, '-']);
      await first.stop();
      await second.stop();
    });
  });
});
