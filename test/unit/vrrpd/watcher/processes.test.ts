import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FakeProcessMonitor } from '../../../../services/shared/kernel/fakeProcessEvents.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { after, instant, micros, millis } from '../../../../services/shared/time/duration.js';
import type { TrackProcessConfig } from '../../../../services/vrrpd/config/model.js';
import type { ProcessResult } from '../../../../services/vrrpd/track/wire.js';
import { matchesProcess, type ProcessFacts } from '../../../../services/vrrpd/watcher/processMatch.js';
import {
  atTurn,
  type QuorumState,
  quorumText,
  UNCOUNTED,
  withCount,
} from '../../../../services/vrrpd/watcher/processQuorum.js';
import { ProcessWatch } from '../../../../services/vrrpd/watcher/processWatch.js';
import { position } from '../support.js';

const lookedFor = (changes: Partial<TrackProcessConfig> = {}): TrackProcessConfig => ({
  name: 'p',
  position,
  command: 'nginx',
  match: 'exact',
  fullCommand: false,
  quorum: 1,
  forkDelay: micros(0),
  terminateDelay: micros(0),
  ...changes,
});

const facts = (comm: string, ...words: readonly string[]): ProcessFacts => ({
  comm,
  cmdline: () => words.map((word) => `${word}\0`).join(''),
});

describe('matching', () => {
  const long = 'a-name-longer-than-comm';
  const cases: readonly (readonly [string, Partial<TrackProcessConfig>, ProcessFacts, boolean])[] = [
    ['the name', {}, facts('nginx', '/usr/sbin/nginx', '-g'), true],
    ['a part of the name is not enough', {}, facts('nginx2'), false],
    ['a name the kernel has cut', { command: long }, facts(long.slice(0, 15), long), true],
    ['full_command wants the word', { fullCommand: true }, facts('nginx', '/usr/sbin/nginx'), false],
    [
      'full_command with its path',
      { fullCommand: true, command: '/usr/sbin/nginx' },
      facts('x', '/usr/sbin/nginx'),
      true,
    ],
    ['all parameters', { parameters: ['-a', 'b'] }, facts('nginx', 'nginx', '-a', 'b'), true],
    ['one too many', { parameters: ['-a'] }, facts('nginx', 'nginx', '-a', 'b'), false],
    ['one too few', { parameters: ['-a', 'b'] }, facts('nginx', 'nginx', '-a'), false],
    ['partial: the first ones', { parameters: ['-a'], match: 'partial' }, facts('nginx', 'nginx', '-a', 'b'), true],
    ['partial: whole', { parameters: ['-a'], match: 'partial' }, facts('nginx', 'nginx', '-ab'), false],
    ['initial: longer', { parameters: ['-a', 'b'], match: 'initial' }, facts('nginx', 'nginx', '-a', 'bc'), true],
    ['initial: another', { parameters: ['-a', 'b'], match: 'initial' }, facts('nginx', 'nginx', '-x', 'bc'), false],
    ['no parameters wanted', { parameters: [] }, facts('nginx', 'nginx'), true],
    ['no parameters wanted, one there', { parameters: [] }, facts('nginx', 'nginx', '-a'), false],
    ['a kernel thread has no command line', { fullCommand: true }, facts('nginx'), false],
  ];
  for (const [name, config, process, expected] of cases) {
    it(name, () => assert.equal(matchesProcess(lookedFor(config), process), expected));
  }
});

describe('quorum', () => {
  const zero = instant(0);
  it('is between its least and its most', () => {
    const counted = (count: number, changes: Partial<TrackProcessConfig>) =>
      withCount(UNCOUNTED, count, lookedFor(changes), zero).good;
    assert.deepEqual(
      [0, 1, 2].map((count) => counted(count, { quorum: 1 })),
      [false, true, true],
    );
    assert.deepEqual(
      [1, 2, 3].map((count) => counted(count, { quorum: 2, quorumMax: 2 })),
      [false, true, false],
    );
    assert.deepEqual(
      [0, 1].map((count) => counted(count, { quorum: 0, quorumMax: 0 })),
      [true, false],
    );
  });

  it('waits fork_delay after a start, terminate_delay after an end, and not at all when it comes back', () => {
    const config = lookedFor({ forkDelay: millis(100), terminateDelay: millis(300) });
    let state: QuorumState = withCount(UNCOUNTED, 1, config, zero);
    state = withCount(state, 0, config, instant(10_000));
    assert.deepEqual([state.good, state.turnsAt], [true, 310_000]);
    state = withCount(state, 1, config, instant(20_000));
    assert.deepEqual([state.good, state.turnsAt], [true, undefined]);
    state = atTurn(withCount(state, 0, config, instant(30_000)), config, instant(330_000));
    assert.equal(state.good, false);
    state = withCount(state, 1, config, instant(400_000));
    assert.deepEqual([state.good, state.turnsAt], [false, 500_000]);
    assert.equal(atTurn(state, config, instant(499_999)).good, false);
    assert.equal(atTurn(state, config, instant(500_000)).good, true);
  });

  it('without further changes ends where the number says, whatever came before', () => {
    const config = lookedFor({ quorum: 2, quorumMax: 4, forkDelay: millis(5), terminateDelay: millis(7) });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1 }), (counts) => {
        let state = UNCOUNTED;
        let now = zero;
        for (const count of counts) {
          now = after(now, millis(3));
          state = atTurn(withCount(state, count, config, now), config, now);
        }
        state = atTurn(state, config, after(now, millis(7)));
        const last = counts.at(-1) ?? 0;
        assert.equal(state.good, last >= 2 && last <= 4);
        assert.equal(state.turnsAt, undefined);
      }),
    );
  });

  it('says how many there are', () => {
    assert.equal(
      quorumText({ count: 1, good: false, turnsAt: undefined }, { ...lookedFor({ quorum: 2 }) }),
      '1 of 2 processes',
    );
    assert.equal(
      quorumText({ count: 3, good: false, turnsAt: undefined }, lookedFor({ quorumMax: 2 })),
      '3 processes, at most 2',
    );
  });
});

/** A watch over a made-up process table. */
function watch(monitor = new FakeProcessMonitor()) {
  const processes = new Map<number, ProcessFacts>();
  const exits = new Map<number, () => void>();
  const told: string[] = [];
  const impaired: (string | undefined)[] = [];
  const subject = new ProcessWatch({
    clock: new FakeClock(),
    table: { pids: () => [...processes.keys()], facts: (pid) => processes.get(pid) },
    openMonitor: monitor.open,
    watchExit: (pid, onExit) => {
      exits.set(pid, onExit);
      return () => exits.delete(pid);
    },
    tell: ({ good, detail }: ProcessResult) => told.push(`${good ? 'good' : 'bad'}: ${detail}`),
    impaired: (text) => impaired.push(text),
    onError: (error) => {
      throw error;
    },
  });
  return { subject, processes, exits, told, impaired, monitor };
}

describe('watching', () => {
  it('follows what the kernel tells: fork, exec, name, exit, and loss', () => {
    const { subject, processes, told, monitor } = watch();
    subject.configure([lookedFor()], undefined);
    monitor.tell({ kind: 'ack', errno: 0 });
    assert.deepEqual(told.splice(0), ['bad: 0 of 1 process']);
    monitor.tell({ kind: 'fork', parent: 1, pid: 10 });
    processes.set(10, facts('nginx'));
    monitor.tell({ kind: 'exec', pid: 10 });
    assert.deepEqual(told.splice(0), ['good: 1 of 1 process']);
    monitor.tell({ kind: 'fork', parent: 10, pid: 11 });
    processes.set(10, facts('renamed'));
    monitor.tell({ kind: 'comm', pid: 10 });
    assert.deepEqual(told.splice(0), [], 'its child counts like it');
    monitor.tell({ kind: 'exit', pid: 11 });
    assert.deepEqual(told.splice(0), ['bad: 0 of 1 process']);
    processes.set(10, facts('nginx'));
    monitor.lose();
    assert.deepEqual(told.splice(0), ['good: 1 of 1 process'], 'everything is read anew');
    subject.close();
    assert.equal(monitor.isOpen, false);
  });

  it('goes on without the kernel: ends are seen at once, and it says so', () => {
    const refusing = new FakeProcessMonitor();
    refusing.refuses = 'ECONNREFUSED';
    const { subject, processes, exits, told, impaired } = watch(refusing);
    processes.set(10, facts('nginx'));
    subject.configure([lookedFor()], undefined);
    assert.deepEqual(told.splice(0), ['good: 1 of 1 process']);
    assert.match(impaired.at(-1) ?? '', /ECONNREFUSED/);
    processes.delete(10);
    exits.get(10)?.();
    assert.deepEqual(told.splice(0), ['bad: 0 of 1 process']);
    subject.close();
  });
});
