import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { micros, millis, seconds } from '../../../../services/shared/time/duration.js';
import type { RouterEvent } from '../../../../services/vrrpd/fsm/events.js';
import type { RouterSettings } from '../../../../services/vrrpd/fsm/settings.js';
import { nextDeadline, type RouterState, type StateKind } from '../../../../services/vrrpd/fsm/state.js';
import { step } from '../../../../services/vrrpd/fsm/step.js';
import { advert, at, play, START, settingsOf, words } from './support.js';

/** RFC 3768 6.1: (256 - 100) / 256 s. */
const SKEW = 0.609375;
const DOWN = 3 + SKEW;

/** Each state as it is reached, at START + 10 s. */
const reach: Readonly<Record<StateKind, (settings: RouterSettings) => RouterState>> = {
  init: (settings) => play(settings),
  // Heard the master one second ago.
  backup: (settings) => play(settings, [0, { kind: 'startup' }], [9, advert(200)]),
  // Adver_Timer was set half a second ago.
  master: (settings) => play(settings, [9.5 - DOWN, { kind: 'startup' }], [9.5, { kind: 'deadline' }]),
  // Said goodbye half a second ago.
  leaving: (settings) =>
    play(settings, [9.5 - DOWN - 0.5, { kind: 'startup' }], [9, { kind: 'deadline' }], [9.5, { kind: 'leave' }]),
  fault: (settings) => play(settings, [0, { kind: 'fault', reason: { code: 'interface-down', text: 'down' } }]),
};

const FAULT: RouterEvent = { kind: 'fault', reason: { code: 'interface-down', text: 'eth0 is down' } };
const YIELD: RouterEvent = { kind: 'yield', text: 'maintenance', ifAlone: 'stay' };
const GROUP = { group: 'VG_1', member: 'VI_2' };

interface Row {
  readonly from: StateKind;
  readonly event: RouterEvent;
  readonly title: string;
  readonly to: StateKind;
  readonly actions: readonly string[];
  /** Deadline afterwards, in seconds after START. */
  readonly deadline: number | undefined;
  /** When the event happens; default 10. */
  readonly when?: number;
  readonly settings?: Partial<RouterSettings>;
}

const unmoved: Readonly<Record<StateKind, number | undefined>> = {
  init: undefined,
  backup: 9 + DOWN,
  master: 10.5,
  leaving: 10.5,
  fault: undefined,
};

/** A row in which nothing happens. */
const ignores = (from: StateKind, title: string, event: RouterEvent): Row => ({
  from,
  title,
  event,
  to: from,
  actions: [],
  deadline: unmoved[from],
});

const becomesMaster = (cause: string): string[] => [
  'send 100',
  'add',
  'announce became-master',
  `enter master ${cause}`,
];
const goodbye = (to: string, cause: string): string[] => ['send 0', 'remove', `enter ${to} ${cause}`];

const ROWS: readonly Row[] = [
  // Initialize, RFC 3768 6.4.1
  {
    from: 'init',
    title: 'Startup',
    event: { kind: 'startup' },
    to: 'backup',
    actions: ['remove', 'enter backup startup'],
    deadline: 10 + DOWN,
  },
  {
    from: 'init',
    title: 'Startup as owner',
    event: { kind: 'startup' },
    settings: { priority: 255 },
    to: 'master',
    actions: ['send 255', 'add', 'announce became-master', 'enter master owner'],
    deadline: 11,
  },
  {
    from: 'init',
    title: 'resume soon after the last advertisement',
    event: { kind: 'resume', lastAdvertAt: at(9.4) },
    to: 'master',
    actions: ['add', 'enter master resumed'],
    deadline: 10.4,
  },
  {
    from: 'init',
    title: 'resume when the advertisement is overdue',
    event: { kind: 'resume', lastAdvertAt: at(7) },
    to: 'master',
    actions: ['add', 'enter master resumed'],
    deadline: 8,
  },
  {
    from: 'init',
    title: 'resume when others have given up on us',
    event: { kind: 'resume', lastAdvertAt: at(10 - DOWN) },
    to: 'backup',
    actions: ['remove', 'enter backup startup'],
    deadline: 10 + DOWN,
  },
  {
    from: 'init',
    title: 'resume from a clock of the future',
    event: { kind: 'resume', lastAdvertAt: at(11) },
    to: 'backup',
    actions: ['remove', 'enter backup startup'],
    deadline: 10 + DOWN,
  },
  {
    from: 'init',
    title: 'fault',
    event: FAULT,
    to: 'fault',
    actions: ['remove', 'enter fault fault'],
    deadline: undefined,
  },
  ignores('init', 'Shutdown', { kind: 'shutdown' }),
  ignores('init', 'leave', { kind: 'leave' }),
  ignores('init', 'an advertisement', advert(200)),
  ignores('init', 'priority 0', advert(0)),
  ignores('init', 'a stale deadline', { kind: 'deadline' }),
  ignores('init', 'recovered', { kind: 'recovered' }),
  ignores('init', 'settings', { kind: 'settings', settings: settingsOf({ priority: 120 }) }),
  ignores('init', 'group to MASTER', { kind: 'group-master', ...GROUP }),
  ignores('init', 'group to BACKUP', { kind: 'group-backup', ...GROUP }),

  // Backup, RFC 3768 6.4.2
  {
    from: 'backup',
    title: 'Shutdown',
    event: { kind: 'shutdown' },
    to: 'init',
    actions: ['enter init shutdown'],
    deadline: undefined,
  },
  {
    from: 'backup',
    title: 'Master_Down_Timer fires',
    event: { kind: 'deadline' },
    when: 9 + DOWN,
    to: 'master',
    actions: becomesMaster('master-down-timer'),
    deadline: 10 + DOWN,
  },
  ignores('backup', 'a deadline that was moved', { kind: 'deadline' }),
  {
    from: 'backup',
    title: 'priority 0: only the skew time',
    event: advert(0),
    to: 'backup',
    actions: [],
    deadline: 10 + SKEW,
  },
  {
    from: 'backup',
    title: 'higher priority',
    event: advert(101),
    to: 'backup',
    actions: [],
    deadline: 10 + DOWN,
  },
  {
    from: 'backup',
    title: 'equal priority, whatever the address',
    event: advert(100, '10.0.0.1'),
    to: 'backup',
    actions: [],
    deadline: 10 + DOWN,
  },
  ignores('backup', 'lower priority with Preempt_Mode', advert(99)),
  {
    from: 'backup',
    title: 'lower priority without Preempt_Mode',
    event: advert(99),
    settings: { preempt: false },
    to: 'backup',
    actions: [],
    deadline: 10 + DOWN,
  },
  {
    from: 'backup',
    title: 'lower priority within preempt_delay',
    event: advert(99),
    settings: { preemptDelay: seconds(5) },
    to: 'backup',
    actions: [],
    deadline: 10 + DOWN,
  },
  {
    from: 'backup',
    title: 'fault',
    event: FAULT,
    to: 'fault',
    actions: ['enter fault fault'],
    deadline: undefined,
  },
  {
    from: 'backup',
    title: 'priority raised: less skew, counted from when the timer was set',
    event: { kind: 'settings', settings: settingsOf({ priority: 200 }) },
    to: 'backup',
    actions: [],
    deadline: 9 + 3 + 56 / 256,
  },
  {
    from: 'backup',
    title: 'interval changed',
    event: { kind: 'settings', settings: settingsOf({ advertInterval: seconds(2) }) },
    to: 'backup',
    actions: [],
    deadline: 9 + 6 + SKEW,
  },
  {
    from: 'backup',
    title: 'becomes owner',
    event: { kind: 'settings', settings: settingsOf({ priority: 255 }) },
    to: 'master',
    actions: ['send 255', 'add', 'announce became-master', 'enter master owner'],
    deadline: 11,
  },
  {
    from: 'backup',
    title: 'group to MASTER',
    event: { kind: 'group-master', ...GROUP },
    to: 'master',
    actions: becomesMaster('group'),
    deadline: 11,
  },
  ignores('backup', 'Startup', { kind: 'startup' }),
  ignores('backup', 'resume', { kind: 'resume', lastAdvertAt: at(9) }),
  ignores('backup', 'recovered', { kind: 'recovered' }),
  ignores('backup', 'group to BACKUP', { kind: 'group-backup', ...GROUP }),

  // Master, RFC 3768 6.4.3
  {
    from: 'master',
    title: 'Shutdown',
    event: { kind: 'shutdown' },
    to: 'init',
    actions: goodbye('init', 'shutdown'),
    deadline: undefined,
  },
  {
    from: 'master',
    title: 'leave: goodbye now, the addresses later',
    event: { kind: 'leave' },
    to: 'leaving',
    actions: ['send 0'],
    deadline: 11,
  },
  {
    from: 'backup',
    title: 'leave',
    event: { kind: 'leave' },
    to: 'init',
    actions: ['enter init shutdown'],
    deadline: undefined,
  },
  {
    from: 'master',
    title: 'yield: goodbye now, the addresses when a successor is heard',
    event: YIELD,
    to: 'leaving',
    actions: ['send 0'],
    deadline: 11,
  },
  ...(['init', 'backup', 'leaving', 'fault'] as const).map((from) => ignores(from, 'yield', YIELD)),
  {
    from: 'master',
    title: 'Adver_Timer fires',
    event: { kind: 'deadline' },
    when: 10.5,
    to: 'master',
    actions: ['send 100'],
    deadline: 11.5,
  },
  {
    from: 'master',
    title: 'Adver_Timer served late: the next one is not',
    event: { kind: 'deadline' },
    when: 10.9,
    to: 'master',
    actions: ['send 100'],
    deadline: 11.5,
  },
  {
    from: 'master',
    title: 'Adver_Timer served more than an interval late: anchored anew',
    event: { kind: 'deadline' },
    when: 12,
    to: 'master',
    actions: ['send 100'],
    deadline: 13,
  },
  {
    from: 'master',
    title: 'stalled for longer than any backup waits: yields and listens',
    event: { kind: 'deadline' },
    when: 9.5 + DOWN + 0.001,
    to: 'backup',
    actions: ['remove', 'enter backup stalled'],
    deadline: 9.5 + DOWN + 0.001 + 1 + SKEW,
  },
  {
    from: 'master',
    title: 'stalled, and the first it hears is its successor: yields, even to an equal of lower address',
    event: advert(100, '10.0.0.1'),
    when: 9.5 + DOWN + 0.001,
    to: 'backup',
    actions: ['remove', 'enter backup stalled'],
    deadline: 9.5 + DOWN + 0.001 + DOWN,
  },
  {
    from: 'master',
    title: 'stalled, and the first it hears is a lesser router: yields, then preempts it in good order',
    event: advert(50),
    when: 9.5 + DOWN + 0.001,
    to: 'backup',
    actions: ['remove', 'enter backup stalled'],
    deadline: 9.5 + DOWN + 0.001 + 1 + SKEW,
  },
  ignores('master', 'an early deadline', { kind: 'deadline' }),
  {
    from: 'master',
    title: 'priority 0: send and reset Adver_Timer; there was a second master',
    event: advert(0),
    to: 'master',
    actions: ['send 100', 'announce lower-priority-advert', 'rival 0'],
    deadline: 11,
  },
  {
    from: 'master',
    title: 'higher priority',
    event: advert(101),
    to: 'backup',
    actions: ['remove', 'send 100', 'enter backup higher-priority-advert'],
    deadline: 10 + DOWN,
  },
  {
    from: 'master',
    title: 'equal priority, greater address',
    event: advert(100, '10.0.0.3'),
    to: 'backup',
    actions: ['remove', 'send 100', 'enter backup greater-address-advert'],
    deadline: 10 + DOWN,
  },
  {
    from: 'master',
    title: 'equal priority, smaller address',
    event: advert(100, '10.0.0.1'),
    to: 'master',
    actions: ['send 100', 'announce lower-priority-advert', 'rival 100'],
    deadline: 10.5,
  },
  {
    from: 'master',
    title: 'lower priority (RFC 9568 6.4.3: answered)',
    event: advert(99),
    to: 'master',
    actions: ['send 100', 'announce lower-priority-advert', 'rival 99'],
    deadline: 10.5,
  },
  {
    from: 'master',
    title: 'lower priority (RFC 3768 6.4.3: discarded)',
    event: advert(99),
    settings: { answerLowerPriority: false },
    to: 'master',
    actions: ['announce lower-priority-advert', 'rival 99'],
    deadline: 10.5,
  },
  {
    from: 'master',
    title: 'fault',
    event: FAULT,
    to: 'fault',
    actions: goodbye('fault', 'fault'),
    deadline: undefined,
  },
  {
    from: 'master',
    title: 'interval changed',
    event: { kind: 'settings', settings: settingsOf({ advertInterval: seconds(3) }) },
    to: 'master',
    actions: [],
    deadline: 12.5,
  },
  ignores('master', 'priority changed', { kind: 'settings', settings: settingsOf({ priority: 50 }) }),
  {
    from: 'master',
    title: 'group to BACKUP',
    event: { kind: 'group-backup', ...GROUP },
    to: 'backup',
    actions: goodbye('backup', 'group'),
    deadline: 10 + DOWN,
  },
  ignores('master', 'Startup', { kind: 'startup' }),
  ignores('master', 'resume', { kind: 'resume', lastAdvertAt: at(9) }),
  ignores('master', 'recovered', { kind: 'recovered' }),
  ignores('master', 'group to MASTER', { kind: 'group-master', ...GROUP }),

  // A master that said goodbye
  ...[
    { title: 'Shutdown', event: { kind: 'shutdown' } as const },
    { title: 'fault', event: FAULT },
    { title: 'a new master', event: advert(1) },
    { title: 'nobody took over', event: { kind: 'deadline' } as const, when: 10.5 },
  ].map((row) => ({
    ...row,
    from: 'leaving' as const,
    to: 'init' as const,
    actions: ['remove', 'enter init shutdown'],
    deadline: undefined,
  })),
  ignores('leaving', 'another one leaves', advert(0)),
  ignores('leaving', 'an early deadline', { kind: 'deadline' }),
  ignores('leaving', 'leave', { kind: 'leave' }),
  ignores('leaving', 'Startup', { kind: 'startup' }),
  ignores('leaving', 'resume', { kind: 'resume', lastAdvertAt: at(9) }),
  ignores('leaving', 'recovered', { kind: 'recovered' }),
  ignores('leaving', 'settings', { kind: 'settings', settings: settingsOf({ priority: 7 }) }),
  ignores('leaving', 'group to MASTER', { kind: 'group-master', ...GROUP }),
  ignores('leaving', 'group to BACKUP', { kind: 'group-backup', ...GROUP }),

  // FAULT, keepalived's
  {
    from: 'fault',
    title: 'recovered',
    event: { kind: 'recovered' },
    to: 'backup',
    actions: ['remove', 'enter backup recovered'],
    deadline: 10 + DOWN,
  },
  {
    from: 'fault',
    title: 'recovered as owner',
    event: { kind: 'recovered' },
    settings: { priority: 255 },
    to: 'master',
    actions: ['send 255', 'add', 'announce became-master', 'enter master owner'],
    deadline: 11,
  },
  {
    from: 'fault',
    title: 'leave',
    event: { kind: 'leave' },
    to: 'init',
    actions: ['enter init shutdown'],
    deadline: undefined,
  },
  {
    from: 'fault',
    title: 'Shutdown',
    event: { kind: 'shutdown' },
    to: 'init',
    actions: ['enter init shutdown'],
    deadline: undefined,
  },
  ignores('fault', 'Startup', { kind: 'startup' }),
  ignores('fault', 'resume', { kind: 'resume', lastAdvertAt: at(9) }),
  ignores('fault', 'an advertisement', advert(50)),
  ignores('fault', 'priority 0', advert(0)),
  ignores('fault', 'a stale deadline', { kind: 'deadline' }),
  ignores('fault', 'another fault', FAULT),
  ignores('fault', 'settings', { kind: 'settings', settings: settingsOf({ priority: 7 }) }),
  ignores('fault', 'group to MASTER', { kind: 'group-master', ...GROUP }),
  ignores('fault', 'group to BACKUP', { kind: 'group-backup', ...GROUP }),
];

describe('step, state by event', () => {
  for (const row of ROWS) {
    it(`${row.from}: ${row.title}`, () => {
      const before = reach[row.from](settingsOf(row.settings));
      assert.equal(before.kind, row.from, 'the state under test was reached');
      const { state, actions } = step(before, row.event, at(row.when ?? 10));
      assert.deepEqual(words(actions), row.actions);
      assert.equal(state.kind, row.to);
      const deadline = nextDeadline(state);
      assert.equal(deadline, row.deadline === undefined ? undefined : START + seconds(row.deadline));
    });
  }

  it('covers every event in every state', () => {
    const kinds = [
      ...['startup', 'resume', 'shutdown', 'leave', 'yield', 'advert', 'deadline'],
      ...['fault', 'recovered', 'settings', 'group-master', 'group-backup'],
    ];
    for (const from of Object.keys(reach)) {
      for (const kind of kinds) {
        assert.ok(
          ROWS.some((row) => row.from === from && row.event.kind === kind),
          `${kind} in ${from}`,
        );
      }
    }
  });
});

describe('step, a master that hands over', () => {
  const yielding = (ifAlone: 'stay' | 'leave'): RouterState =>
    step(reach.master(settingsOf()), { kind: 'yield', text: 'maintenance', ifAlone }, at(10)).state;
  const after = (
    state: RouterState,
    event: RouterEvent,
    when = 10.5,
  ): [string, readonly string[], number | undefined] => {
    const { state: next, actions } = step(state, event, at(when));
    const deadline = nextDeadline(next);
    return [next.kind, words(actions), deadline === undefined ? undefined : (deadline - START) / 1_000_000];
  };

  it('removes the addresses when the successor is heard, and stands by', () => {
    const wanted = ['backup', ['remove', 'enter backup stands-down'], 10.5 + DOWN];
    assert.deepEqual(after(yielding('stay'), advert(50)), wanted);
    assert.deepEqual(after(yielding('leave'), advert(50)), wanted);
    assert.deepEqual(after(yielding('stay'), advert(0)), ['leaving', [], 11]);
  });

  it('stays master when nobody takes over, unless its group may not hold on', () => {
    assert.deepEqual(after(yielding('stay'), { kind: 'deadline' }), ['leaving', [], 11]);
    assert.deepEqual(after(yielding('stay'), { kind: 'deadline' }, 11), ['master', ['send 100', 'alone'], 12]);
    assert.deepEqual(after(yielding('leave'), { kind: 'deadline' }, 11), [
      'backup',
      ['remove', 'enter backup stands-down'],
      11 + DOWN,
    ]);
  });

  it('can fail and can be stopped meanwhile', () => {
    assert.deepEqual(after(yielding('stay'), FAULT), ['fault', ['remove', 'enter fault fault'], undefined]);
    assert.deepEqual(after(yielding('stay'), { kind: 'shutdown' }), [
      'init',
      ['remove', 'enter init shutdown'],
      undefined,
    ]);
    const stopped = step(yielding('stay'), { kind: 'leave' }, at(10.2)).state;
    assert.deepEqual(after(stopped, advert(50)), ['init', ['remove', 'enter init shutdown'], undefined]);
  });
});

describe('step, sequences', () => {
  it('advertises every second without drifting, however late each deadline is served', () => {
    let state: RouterState = reach.master(settingsOf());
    for (let second = 0; second < 1000; second++) {
      const deadline = nextDeadline(state);
      assert.equal(deadline, START + seconds(10.5) + seconds(second));
      state = step(state, { kind: 'deadline' }, at(10.5 + second + 0.2)).state;
    }
  });

  it('takes over from a lower master when preempt_delay and then the master-down interval have passed', () => {
    const settings = settingsOf({ preemptDelay: seconds(2) });
    let state: RouterState = play(settings, [0, { kind: 'startup' }]);
    let became: number | undefined;
    for (let tenth = 0; tenth <= 100 && became === undefined; tenth++) {
      if (tenth % 10 === 0) state = step(state, advert(50), at(tenth / 10)).state;
      state = step(state, { kind: 'deadline' }, at(tenth / 10)).state;
      if (state.kind === 'master') became = tenth / 10;
    }
    // Last followed at 1 s, the delay ended at 2 s.
    assert.ok(became !== undefined && became >= 1 + DOWN && became <= 2 + DOWN, `became master at ${became}`);
  });

  it('begins preempt_delay anew when a better master was heard meanwhile', () => {
    const settings = settingsOf({ preemptDelay: seconds(2) });
    const state = play(settings, [0, { kind: 'startup' }], [1, advert(50)], [2, advert(200)], [3.5, advert(50)]);
    assert.equal(state.kind === 'backup' && state.preemptDelayUntil, at(5.5));
    assert.equal(nextDeadline(state), at(3.5 + DOWN));
  });

  it('does not wait preempt_delay when the master falls silent', () => {
    const settings = settingsOf({ preemptDelay: seconds(300) });
    const state = play(settings, [0, { kind: 'startup' }], [1, advert(200)]);
    assert.equal(nextDeadline(state), at(1 + DOWN));
  });

  it('names a lower master as the cause of preemption, silence otherwise', () => {
    const heardLower = play(settingsOf(), [0, { kind: 'startup' }], [3, advert(50)]);
    assert.deepEqual(words(step(heardLower, { kind: 'deadline' }, at(DOWN)).actions), becomesMaster('preempt'));
    const silence = play(settingsOf(), [0, { kind: 'startup' }]);
    assert.deepEqual(words(step(silence, { kind: 'deadline' }, at(DOWN)).actions), becomesMaster('master-down-timer'));
  });

  it('answers a flood of lower-priority advertisements at most ten times per interval', () => {
    let state: RouterState = play(settingsOf(), [0, { kind: 'startup' }], [4, { kind: 'deadline' }]);
    let answers = 0;
    for (let packet = 0; packet < 10_000; packet++) {
      const result = step(state, advert(1), at(4 + packet / 10_000));
      state = result.state;
      answers += result.actions.filter((action) => action.kind === 'send-advert').length;
    }
    assert.equal(answers, 10);
    assert.equal(nextDeadline(state), at(5), 'its own timer is not moved');
  });

  it('version 3 learns the interval of the master, in Backup and when yielding (RFC 9568 6.4.2, 6.4.3)', () => {
    const settings = settingsOf({ version: 3, priority: 128, advertInterval: millis(10) });
    const backup = play(settings, [0, { kind: 'startup' }], [1, advert(200, '10.0.0.3', millis(40))]);
    // 3 × 40 ms + (256 - 128) × 40 ms / 256.
    assert.equal(nextDeadline(backup), START + seconds(1) + 140_000);
    const master = play(settings, [0, { kind: 'startup' }], [1, { kind: 'deadline' }]);
    const yielded = step(master, advert(200, '10.0.0.3', millis(20)), at(1.001)).state;
    assert.equal(nextDeadline(yielded), START + seconds(1.001) + 70_000);
  });

  it('computes skew to the microsecond at the ends of the scale', () => {
    for (const [priority, interval, skew] of [
      [1, millis(10), 9_960],
      [254, millis(10), 78],
      [1, micros(40_950_000), 40_790_039],
      [254, micros(40_950_000), 319_921],
    ] as const) {
      const settings = settingsOf({ version: 3, priority, advertInterval: interval });
      const state = play(settings, [0, { kind: 'startup' }]);
      assert.equal(nextDeadline(state), START + 3 * interval + skew);
    }
  });
});
