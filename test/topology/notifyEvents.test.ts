/** What scripts and FIFOs hear of one scenario, line by line: keepalived's and ours. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { run } from './lib/command.js';
import { block, instance } from './lib/config.js';
import { eventually } from './lib/eventually.js';
import type { Lab } from './lib/lab.js';
import { soundPacket } from './lib/malformed.js';
import { FIRST, VIP, withPair } from './lib/pair.js';
import { RawSender } from './lib/rawSender.js';
import { Recorder } from './lib/recorder.js';
import { keepalived, type Software } from './lib/software.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

/** A FIFO that is read into a file. */
async function fifoReader(lab: Lab) {
  const path = join(lab.directory, 'fifo');
  const lines = join(lab.directory, 'fifo.lines');
  await run(['mkfifo', '-m', '666', path]);
  const output = openSync(lines, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o644);
  // Open for writing as well: the reader sees no end between two writers.
  const reader = spawn('sh', ['-c', 'exec cat <> "$0"', path], { stdio: ['ignore', output, 'inherit'] });
  closeSync(output);
  lab.own({ close: () => void reader.kill('SIGKILL') });
  return {
    path,
    lines: () =>
      readFileSync(lines, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
  };
}

interface Heard {
  readonly fifo: readonly string[];
  readonly calls: readonly string[];
}

/** Plays the scenario; gives what was heard. */
async function play(software: Software): Promise<Heard> {
  let heard: Heard = { fifo: [], calls: [] };
  await withPair(software, software, async ({ lab, first, client }, capture) => {
    const fifo = await fifoReader(lab);
    const recorder = Recorder.create(join(lab.directory, 'told.sh'));
    const number = join(lab.directory, 'number');
    const write = (value: number): void => writeFileSync(number, `${value}\n`);
    write(0);
    const told = (what: string): string => `"${recorder.script} ${what}"`;
    const config = (deleted: readonly string[]): string =>
      `${[
        block('global_defs', [
          'router_id LAB',
          'script_user root',
          `vrrp_notify_fifo ${fifo.path}`,
          'vrrp_notify_priority_changes on',
        ]),
        block('track_file n', [`file ${number}`, 'weight 1']),
        block('vrrp_sync_group G', [block('group', ['A', 'B']), `notify ${told('group')}`]),
        ...[
          ['A', [`notify ${told('a')}`, `notify_master ${told('a-master')}`, `notify_stop ${told('a-stop')}`]],
          ['B', []],
          [
            'C',
            [
              `notify ${told('c')}`,
              `notify_fault ${told('c-fault')}`,
              `notify_master_rx_lower_pri ${told('c-lower')}`,
              block('track_file', ['n']),
            ],
          ],
          ['D', [`notify ${told('d')}`, `notify_fault ${told('d-fault')}`]],
          ['E', [`notify ${told('e')}`, `notify_fault ${told('e-fault')}`, `notify_deleted ${told('e-deleted')}`]],
          ['F', [`notify ${told('f')}`, 'notify_deleted', 'notify_priority_changes off']],
        ]
          .filter(([name]) => !deleted.includes(String(name)))
          .map(([name, more]) => {
            const index = String(name).charCodeAt(0) - 65;
            return instance({
              name: String(name),
              vrid: 51 + index,
              priority: 100,
              addresses: [`10.9.0.${100 + index}/24`],
              more: more as readonly string[],
            });
          }),
      ].join('\n\n')}\n`;
    const hears = (line: string, times = 1) =>
      eventually(line, () => fifo.lines().filter((one) => one === line).length >= times, { within: 9_000 });
    await bringUp(lab, first, config([]));
    for (const name of ['A', 'B', 'C', 'D', 'E', 'F']) await hears(`INSTANCE "${name}" MASTER 100`);
    await capture.advertOf(FIRST);
    write(20);
    await hears('INSTANCE "C" MASTER_PRIORITY 120');
    const sender = RawSender.open(lab, client);
    for (let count = 1; count <= 2; count++) {
      sender.send(soundPacket({ source: '10.9.0.50', vrid: 53, priority: 50, addresses: ['10.9.0.102'] }));
      await hears('INSTANCE "C" MASTER_RX_LOWER_PRI 120', count);
      await capture.advertOf(FIRST, Date.now() + 900);
    }
    write(-300);
    await hears('INSTANCE "C" FAULT 120');
    write(5);
    await hears('INSTANCE "C" BACKUP 105');
    await hears('INSTANCE "C" MASTER 105');
    first.reload(config(['D', 'E', 'F']));
    await hears('INSTANCE "D" FAULT 100');
    await hears('INSTANCE "E" DELETED 100');
    await hears('INSTANCE "F" DELETED 100');
    await first.stop();
    await hears('GROUP "G" STOP 0');
    // They run side by side, and may outlive the program that started them.
    const last = ['a INSTANCE A STOP 100', 'a-stop', 'c INSTANCE C STOP 105', 'group GROUP G STOP 0'];
    await eventually('the last scripts', () => last.every((line) => recorder.lines().includes(line)));
    heard = { fifo: fifo.lines(), calls: recorder.lines() };
  });
  return heard;
}

/** Lines about one thing, in their order; what different things do at one moment has none. */
const about = (lines: readonly string[], name: string): string[] => lines.filter((line) => line.includes(name));

describe('events', { skip: await keepwatchSkip('keepalived') }, () => {
  test('scripts and FIFOs hear what they hear from keepalived', async () => {
    const [theirs, ours] = await Promise.all([play(keepalived), play(underTest)]);
    for (const name of ['A', 'B', 'C', 'D', 'E', 'F']) {
      assert.deepEqual(about(ours.fifo, `"${name}"`), about(theirs.fifo, `"${name}"`).filter(notOfReload), name);
    }
    assert.deepEqual(about(ours.fifo, 'GROUP'), about(theirs.fifo, 'GROUP'));
    for (const word of [
      'group',
      'a',
      'a-master',
      'a-stop',
      'c',
      'c-fault',
      'c-lower',
      'd',
      'd-fault',
      'e',
      'e-fault',
      'e-deleted',
      'f',
    ]) {
      const called = (calls: readonly string[]) => calls.filter((call) => call.split(' ')[0] === word);
      assert.deepEqual(called(ours.calls), called(theirs.calls), word);
    }
    assert.ok(ours.fifo.includes(`INSTANCE "C" MASTER_RX_LOWER_PRI 120`), VIP);
  });
});

/** keepalived 2.2.7 adds its trackers up anew at a reload before it remembers that it is master. */
const notOfReload = (line: string): boolean => line !== 'INSTANCE "C" BACKUP_PRIORITY 105';
