import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionEvent } from '../../../../services/bfdd/fsm/events.js';
import {
  detectionTime,
  isGone,
  nextDeadline,
  peerDetectionTime,
  type SessionState,
  transmitInterval,
} from '../../../../services/bfdd/fsm/state.js';
import { step } from '../../../../services/bfdd/fsm/step.js';
import type { ControlPacket, SessionStateName } from '../../../../services/bfdd/packet/controlPacket.js';
import { elapsed, micros, millis } from '../../../../services/shared/time/duration.js';
import { at, heard, OURS, packetOf, pass, play, reach, settingsOf, THEIRS, words } from './support.js';

const sent = (state: SessionState, event: SessionEvent, ms: number): ControlPacket[] =>
  step(state, event, at(ms)).actions.flatMap((action) => (action.kind === 'send' ? [action.packet] : []));

describe('RFC 5880 6.8.6: what each state makes of each state it hears', () => {
  const rows: readonly (readonly [from: SessionStateName, hears: SessionStateName, does: readonly string[]])[] = [
    ['down', 'admin-down', []],
    ['down', 'down', ['enter init handshake', 'send init']],
    ['down', 'init', ['enter up handshake', 'send up P']],
    // "If bfd.SessionState is Down … if received State is Down … else if Init": Up is not taken.
    ['down', 'up', []],
    ['init', 'admin-down', ['enter down neighbor-admin-down', 'send down']],
    ['init', 'down', []],
    ['init', 'init', ['enter up handshake', 'send up P']],
    ['init', 'up', ['enter up handshake', 'send up P']],
    ['up', 'admin-down', ['enter down neighbor-admin-down', 'send down']],
    ['up', 'down', ['enter down neighbor-down', 'send down']],
    ['up', 'init', []],
    ['up', 'up', []],
    // "If bfd.SessionState is AdminDown: discard the packet."
    ['admin-down', 'admin-down', []],
    ['admin-down', 'down', []],
    ['admin-down', 'init', []],
    ['admin-down', 'up', []],
  ];
  for (const [from, hears, does] of rows) {
    it(`${from} hears ${hears}: ${does.length === 0 ? 'nothing' : does.join(', ')}`, () => {
      assert.deepEqual(words(step(reach(from), heard(hears), at(10)).actions), does);
    });
  }

  it('6.8.1: the diagnostic is 3 after the other end went down, 1 after silence, 7 when shut down, 0 when up again', () => {
    const down = step(reach('up'), heard('down', { diagnostic: 1 }), at(10));
    assert.equal(down.state.diagnostic, 3);
    assert.deepEqual(
      down.actions.find(({ kind }) => kind === 'enter'),
      { kind: 'enter', from: 'up', to: 'down', cause: { code: 'neighbor-down', diagnostic: 1 } },
    );
    assert.equal(pass(reach('up'), at(301)).state.diagnostic, 1);
    assert.equal(step(reach('up'), { kind: 'shutdown' }, at(10)).state.diagnostic, 7);
    assert.equal(step(down.state, heard('init'), at(20)).state.diagnostic, 0);
  });

  it('the packet carries both discriminators and the settings', () => {
    const [packet] = sent(reach('down'), heard('down'), 10);
    assert.deepEqual(packet, {
      ...packetOf('init'),
      myDiscriminator: OURS,
      yourDiscriminator: THEIRS,
      desiredMinTx: millis(1000),
      requiredMinRx: millis(100),
    });
  });
});

describe('RFC 5880 6.8.4: detection time', () => {
  it('is the multiplier of the other end times the greater of its sending and our receiving interval', () => {
    const state = (multiplier: number, desired: number, minRx: number): SessionState =>
      step(
        reach('up', settingsOf({ minRx: millis(minRx) })),
        heard('up', { detectMultiplier: multiplier, desiredMinTx: millis(desired) }),
        at(1),
      ).state;
    assert.equal(detectionTime(state(3, 100, 50)), millis(300));
    assert.equal(detectionTime(state(3, 50, 100)), millis(300));
    // Not our own multiplier, which is 3.
    assert.equal(detectionTime(state(7, 10, 10)), millis(70));
  });

  it('every packet in time holds the session, the first silence of that length ends it', () => {
    let state = reach('up');
    for (let ms = 290; ms <= 2_900; ms += 290) {
      state = pass(state, at(ms)).state;
      assert.equal(state.state, 'up', `at ${ms} ms`);
      state = step(state, heard('up'), at(ms)).state;
    }
    const { done } = pass(state, at(10_000));
    const end = done.find(({ actions }) => actions.some(({ kind }) => kind === 'enter'));
    assert.equal(end?.at, at(3_200));
    assert.deepEqual(end?.actions[0], {
      kind: 'enter',
      from: 'up',
      to: 'down',
      cause: { code: 'detection-expired', detectionTime: millis(300), silentFor: millis(300) },
    });
    assert.ok(words(end?.actions ?? []).includes('send down'), 'the other end is told');
  });

  it('ends Init too', () => {
    const { state, done } = pass(reach('init'), at(310));
    assert.equal(state.state, 'down');
    assert.ok(done.some(({ actions }) => words(actions).includes('enter down detection-expired')));
  });

  it('a deadline that is not due does nothing', () => {
    const up = reach('up');
    assert.deepEqual(step(up, { kind: 'deadline' }, at(1)), { state: up, actions: [] });
  });

  it('6.8.1: after the detection time the remote discriminator is forgotten, also when Down', () => {
    const down = step(reach('up'), heard('down'), at(0)).state;
    assert.equal(down.remote.discriminator, THEIRS);
    assert.equal(pass(down, at(305)).state.remote.discriminator, 0);
  });

  it('a late look tells how long it really was silent', () => {
    const [action] = step(reach('up'), { kind: 'deadline' }, at(450)).actions;
    assert.ok(action?.kind === 'enter' && action.cause.code === 'detection-expired');
    assert.equal(action.cause.silentFor, millis(450));
  });
});

describe('RFC 5880 6.8.7: transmission', () => {
  it('is paced by the greater of our interval and what the other end takes', () => {
    assert.equal(transmitInterval(step(reach('up'), heard('up'), at(1)).state), millis(100));
    assert.equal(
      transmitInterval(step(reach('up'), heard('up', { requiredMinRx: millis(250) }), at(1)).state),
      millis(250),
    );
  });

  it('"MUST NOT periodically transmit if bfd.RemoteMinRxInterval is zero"', () => {
    const { state } = step(reach('up'), heard('up', { requiredMinRx: micros(0) }), at(1));
    assert.equal(state.nextTx, undefined);
    assert.ok(step(state, heard('up'), at(50)).state.nextTx !== undefined, 'goes on when it takes packets again');
  });

  it('each packet comes after 75 to 100 % of the interval', () => {
    const gaps = gapsOf(step(reach('up'), heard('up', { desiredMinTx: millis(100_000) }), at(1)).state, 300);
    assert.ok(Math.min(...gaps) >= 75_000, `${Math.min(...gaps)}`);
    assert.ok(Math.max(...gaps) <= 100_000, `${Math.max(...gaps)}`);
    assert.ok(new Set(gaps).size > 200, 'by chance');
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    assert.ok(Math.abs(mean - 87_500) < 1_500, `mean ${mean}`);
  });

  it('with a multiplier of 1 never later than 90 %', () => {
    const one = reach('up', settingsOf({ multiplier: 1 }));
    const gaps = gapsOf(step(one, heard('up', { desiredMinTx: millis(100_000) }), at(1)).state, 300);
    assert.ok(Math.max(...gaps) <= 90_000, `${Math.max(...gaps)}`);
    assert.ok(Math.min(...gaps) >= 75_000, `${Math.min(...gaps)}`);
  });

  it('lateness does not add up: the next packet is planned from when the last was due', () => {
    let state = step(reach('up'), heard('up', { desiredMinTx: millis(100_000) }), at(1)).state;
    let now = state.nextTx ?? at(0);
    const first = now;
    for (let sent = 0; sent < 1_000; sent++) {
      now = micros((state.nextTx ?? 0) + 5_000) as unknown as typeof now;
      state = step(state, { kind: 'deadline' }, now).state;
    }
    const mean = elapsed(first, state.nextTx ?? at(0)) / 1_000;
    assert.ok(Math.abs(mean - 87_500) < 1_500, `mean ${mean} µs with 5 ms of lateness each`);
  });

  it('after a standstill there is one packet, not a burst', () => {
    const state = step(reach('up'), heard('up', { desiredMinTx: millis(100_000) }), at(1)).state;
    const late = step(state, { kind: 'deadline' }, at(5_000));
    assert.deepEqual(words(late.actions), ['send up']);
    assert.ok((late.state.nextTx ?? 0) >= at(5_075));
  });

  it('"MUST NOT transmit if bfd.RemoteDiscr is zero and the system is taking the Passive role"', () => {
    const passive = settingsOf({ passive: true });
    const waiting = play(passive, [0, { kind: 'start' }]);
    assert.equal(nextDeadline(waiting), undefined);
    const woken = step(waiting, heard('down'), at(5));
    assert.deepEqual(words(woken.actions), ['enter init handshake', 'send init']);
    const { state, done } = pass(reach('up', passive), at(5_000));
    assert.equal(state.state, 'down');
    const after = done.filter((one) => one.at >= at(300)).flatMap(({ actions }) => words(actions));
    assert.deepEqual(after, ['enter down detection-expired'], 'silent once it knows nobody');
  });

  it('6.8.3: while not Up at most one packet a second, whatever is configured', () => {
    const state = reach('down');
    assert.equal(transmitInterval(state), millis(1000));
    const gaps = gapsOf(state, 20);
    assert.ok(Math.min(...gaps) >= 750_000);
  });

  it('6.6: is silent towards an end in demand mode while both are Up, unless it polls', () => {
    const { state } = step(reach('up'), heard('up', { demand: true }), at(1));
    assert.equal(state.nextTx, undefined);
    const polling = step(state, { kind: 'settings', settings: settingsOf({ minRx: millis(50) }) }, at(2));
    assert.deepEqual(words(polling.actions), ['send up P']);
    assert.ok(polling.state.nextTx !== undefined);
  });
});

describe('RFC 5880 6.5: poll sequences', () => {
  it('a Poll is answered at once by a Final, and the periodic packets go on as planned', () => {
    const before = step(reach('up'), heard('up'), at(1)).state;
    const { state, actions } = step(before, heard('up', { poll: true }), at(20));
    assert.deepEqual(words(actions), ['send up F']);
    assert.equal(state.nextTx, before.nextTx);
  });

  it('a Poll that changes the state is answered by one packet that says both', () => {
    assert.deepEqual(words(step(reach('init'), heard('up', { poll: true }), at(1)).actions), [
      'enter up handshake',
      'send up F',
    ]);
  });

  it('"MUST NOT set both P and F": our own poll goes on with the next packet', () => {
    const polling = step(reach('init'), heard('up'), at(1)).state;
    assert.ok(polling.polling);
    assert.deepEqual(words(step(polling, heard('up', { poll: true }), at(2)).actions), ['send up F']);
    assert.ok(
      pass(polling, at(110))
        .done.flatMap(({ actions }) => words(actions))
        .includes('send up P'),
    );
  });

  it('polls until the Final comes', () => {
    const polling = step(reach('init'), heard('up'), at(1)).state;
    assert.ok(step(polling, heard('up'), at(2)).state.polling);
    assert.ok(!step(polling, heard('up', { final: true }), at(2)).state.polling);
  });

  it('6.8.3: "If bfd.DesiredMinTxInterval is increased … the actual transmission interval used MUST NOT change until the Poll Sequence has terminated"', () => {
    const { state } = step(reach('up'), { kind: 'settings', settings: settingsOf({ minTx: millis(400) }) }, at(1));
    assert.equal(state.desiredMinTx, millis(400));
    assert.equal(transmitInterval(state), millis(100));
    assert.equal(transmitInterval(step(state, heard('up', { final: true }), at(2)).state), millis(400));
  });

  it('6.8.3: "If bfd.RequiredMinRxInterval is reduced … the previous value MUST be used when calculating the Detection Time … until the Poll Sequence has terminated"', () => {
    const fast = { desiredMinTx: millis(10) };
    const up = step(reach('up'), heard('up', fast), at(1)).state;
    const { state } = step(up, { kind: 'settings', settings: settingsOf({ minRx: millis(20) }) }, at(2));
    assert.equal(detectionTime(state), millis(300));
    assert.equal(detectionTime(step(state, heard('up', { ...fast, final: true }), at(3)).state), millis(60));
  });

  it('shorter sending and longer receiving intervals count at once', () => {
    const settings = settingsOf({ minTx: millis(50), minRx: millis(200) });
    const { state } = step(reach('up'), { kind: 'settings', settings }, at(1));
    assert.equal(transmitInterval(step(state, heard('up', { requiredMinRx: micros(1) }), at(2)).state), millis(50));
    assert.equal(detectionTime(state), millis(600));
  });

  it('6.8.12: a new multiplier needs no poll', () => {
    const { state, actions } = step(reach('up'), { kind: 'settings', settings: settingsOf({ multiplier: 9 }) }, at(1));
    assert.deepEqual(actions, []);
    assert.ok(!state.polling);
    assert.equal(sent(state, heard('up', { poll: true }), 2)[0]?.detectMultiplier, 9);
  });
});

describe('RFC 5880 6.8.16: administrative control', () => {
  it('says goodbye a few times and then is gone', () => {
    const { state, actions } = step(reach('up'), { kind: 'shutdown' }, at(10));
    assert.deepEqual(words(actions), ['enter admin-down shutdown', 'send admin-down']);
    assert.ok(!isGone(state));
    const { state: gone, done } = pass(state, at(1_000));
    assert.ok(isGone(gone));
    assert.equal(nextDeadline(gone), undefined);
    assert.ok(done.length >= 2 && done.length <= 3, `${done.length} more`);
    assert.ok(elapsed(at(10), done.at(-1)?.at ?? at(0)) <= millis(250));
  });

  it('one packet where nobody was ever heard; none from a passive end', () => {
    const { state, actions } = step(reach('down'), { kind: 'shutdown' }, at(10));
    assert.deepEqual(words(actions), ['enter admin-down shutdown', 'send admin-down']);
    assert.ok(isGone(state));
    const passive = play(settingsOf({ passive: true }), [0, { kind: 'start' }]);
    assert.deepEqual(words(step(passive, { kind: 'shutdown' }, at(10)).actions), ['enter admin-down shutdown']);
  });
});

describe('a process that takes up where a killed one left off', () => {
  const up = step(reach('up'), heard('up'), at(1)).state;
  const { remote, desiredMinTx, requiredMinRx, txInForce, rxInForce, polling } = up;
  const from = { remote, desiredMinTx, requiredMinRx, txInForce, rxInForce, polling };

  it('sends Up at once with the old discriminators and gives the other end a whole detection time', () => {
    const fresh = play(settingsOf());
    const { state, actions } = step(fresh, { kind: 'resume', from }, at(200));
    assert.deepEqual(words(actions), ['enter up resumed', 'send up']);
    const [, action] = actions;
    assert.ok(action?.kind === 'send');
    assert.deepEqual([action.packet.myDiscriminator, action.packet.yourDiscriminator], [OURS, THEIRS]);
    assert.equal(pass(state, at(499)).state.state, 'up');
    assert.equal(pass(state, at(500)).state.state, 'down');
  });

  it('knows after how much silence the other end gives up', () => {
    assert.equal(peerDetectionTime(up), millis(300));
    const slow = step(up, heard('up', { requiredMinRx: millis(500) }), at(2)).state;
    assert.equal(peerDetectionTime(slow), millis(1500));
  });
});

/** Time between the next packets, µs. */
function gapsOf(state: SessionState, count: number): number[] {
  const gaps: number[] = [];
  let current = state;
  let last: number | undefined;
  while (gaps.length < count) {
    const due = current.nextTx;
    assert.ok(due !== undefined);
    if (last !== undefined) gaps.push(due - last);
    last = due;
    current = step({ ...current, detectAt: undefined }, { kind: 'deadline' }, due).state;
  }
  return gaps;
}
