import type { SessionAction, SessionEvent } from '../../../../services/bfdd/fsm/events.js';
import {
  initialSession,
  nextDeadline,
  type SessionSettings,
  type SessionState,
} from '../../../../services/bfdd/fsm/state.js';
import { step } from '../../../../services/bfdd/fsm/step.js';
import type { ControlPacket, SessionStateName } from '../../../../services/bfdd/packet/controlPacket.js';
import { type Instant, instant, micros, millis } from '../../../../services/shared/time/duration.js';

export const START = instant(1_000_000_000);
export const OURS = 0x0102_0304;
export const THEIRS = 0x0a0b_0c0d;

/** The moment so many milliseconds after START. */
export const at = (ms: number): Instant => instant(START + ms * 1000);

/** 100 ms both ways, three packets; the other end in `heard` the same. */
export const settingsOf = (changes: Partial<SessionSettings> = {}): SessionSettings => ({
  minTx: millis(100),
  minRx: millis(100),
  idleTx: millis(1000),
  multiplier: 3,
  passive: false,
  ...changes,
});

export const packetOf = (state: SessionStateName, changes: Partial<ControlPacket> = {}): ControlPacket => ({
  diagnostic: 0,
  state,
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMultiplier: 3,
  myDiscriminator: THEIRS,
  yourDiscriminator: state === 'down' || state === 'admin-down' ? 0 : OURS,
  desiredMinTx: millis(100),
  requiredMinRx: millis(100),
  requiredMinEchoRx: micros(0),
  ...changes,
});

export const heard = (state: SessionStateName, changes: Partial<ControlPacket> = {}): SessionEvent => ({
  kind: 'packet',
  packet: packetOf(state, changes),
});

/** Plays events at milliseconds after START. */
export function play(
  settings: SessionSettings,
  ...events: readonly (readonly [ms: number, event: SessionEvent])[]
): SessionState {
  let state = initialSession(settings, OURS, 4711);
  for (const [ms, event] of events) state = step(state, event, at(ms)).state;
  return state;
}

/** Each state as it is reached, at 0 ms; in Up no poll is going on any more. */
export function reach(kind: SessionStateName, settings: SessionSettings = settingsOf()): SessionState {
  switch (kind) {
    case 'down':
      return play(settings, [0, { kind: 'start' }], [0, { kind: 'deadline' }]);
    case 'init':
      return play(settings, [0, { kind: 'start' }], [0, heard('down')]);
    case 'up':
      return play(settings, [0, { kind: 'start' }], [0, heard('init')], [0, heard('up', { final: true })]);
    case 'admin-down':
      return play(settings, [0, { kind: 'start' }], [0, heard('init')], [0, { kind: 'shutdown' }]);
  }
}

/** Actions as short words: `send up`, `send up P`, `enter down detection-expired`. */
export const words = (actions: readonly SessionAction[]): string[] =>
  actions.map((action) =>
    action.kind === 'enter'
      ? `enter ${action.to} ${action.cause.code}`
      : `send ${action.packet.state}${action.packet.poll ? ' P' : ''}${action.packet.final ? ' F' : ''}`,
  );

/** Lets time pass: serves every deadline until `until`, in order, and returns what was done and when. */
export function pass(
  state: SessionState,
  until: Instant,
): {
  readonly state: SessionState;
  readonly done: readonly { readonly at: Instant; readonly actions: readonly SessionAction[] }[];
} {
  const done: { at: Instant; actions: readonly SessionAction[] }[] = [];
  let current = state;
  for (let due = nextDeadline(current); due !== undefined && due <= until; due = nextDeadline(current)) {
    const { state: next, actions } = step(current, { kind: 'deadline' }, due);
    done.push({ at: due, actions });
    current = next;
  }
  return { state: current, done };
}
