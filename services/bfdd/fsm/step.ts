/** The session state machine of RFC 5880 section 6.8, asynchronous mode without echo. Pure. */
import { after, elapsed, type Instant, instant, micros, millis } from '../../shared/time/duration.js';
import {
  type ControlPacket,
  DIAG_ADMIN_DOWN,
  DIAG_DETECTION_EXPIRED,
  DIAG_NEIGHBOR_DOWN,
  DIAG_NONE,
  type SessionStateName,
} from '../packet/controlPacket.js';
import type { Cause, ResumedSession, SessionAction, SessionEvent } from './events.js';
import { jittered, nextSeed, shortest } from './jitter.js';
import { detectionTime, idleInterval, type SessionSettings, type SessionState, transmitInterval } from './state.js';

/** State and actions after an event. */
export interface Step {
  readonly state: SessionState;
  readonly actions: readonly SessionAction[];
}

type Draft = { -readonly [K in keyof SessionState]: SessionState[K] };

/** Takes a session one event further. The order of the actions is part of the contract. */
export function step(state: SessionState, event: SessionEvent, now: Instant): Step {
  const draft: Draft = { ...state };
  const actions: SessionAction[] = [];
  switch (event.kind) {
    case 'start':
      reschedule(draft, now);
      break;
    case 'resume':
      resume(draft, event.from, now, actions);
      break;
    case 'packet':
      // 6.8.6: "If bfd.SessionState is AdminDown: discard the packet."
      if (draft.state !== 'admin-down') receive(draft, event.packet, now, actions);
      break;
    case 'deadline':
      deadline(draft, now, actions);
      break;
    case 'settings':
      change(draft, event.settings, now, actions);
      break;
    case 'shutdown':
      if (draft.state !== 'admin-down') shutDown(draft, now, actions);
      break;
  }
  return { state: draft, actions };
}

function resume(draft: Draft, from: ResumedSession, now: Instant, actions: SessionAction[]): void {
  Object.assign(draft, from);
  enter(draft, 'up', DIAG_NONE, { code: 'resumed' }, actions);
  // The silence so far was ours: the other end gets a whole detection time to be heard.
  restartDetection(draft, now);
  send(draft, now, actions);
}

/** RFC 5880 section 6.8.6, from "Set bfd.RemoteDiscr" on. */
function receive(draft: Draft, packet: ControlPacket, now: Instant, actions: SessionAction[]): void {
  const before = draft.state;
  draft.remote = {
    state: packet.state,
    discriminator: packet.myDiscriminator,
    diagnostic: packet.diagnostic,
    minRx: packet.requiredMinRx,
    desiredMinTx: packet.desiredMinTx,
    detectMultiplier: packet.detectMultiplier,
    demand: packet.demand,
  };
  draft.lastHeard = now;
  if (packet.final && draft.polling) endPoll(draft);
  follow(draft, packet, actions);
  const changed = draft.state !== before;
  if (changed) adaptIntervals(draft);
  restartDetection(draft, now);
  if (packet.poll) {
    // At once and beside the periodic packets, which go on as they were (6.8.7).
    actions.push({ kind: 'send', packet: packetOf(draft, true) });
    draft.lastTx = now;
    reschedule(draft, now);
  } else if (changed) {
    // What the next packet says is news (6.8.7).
    send(draft, now, actions);
  } else {
    reschedule(draft, now);
  }
}

/** The state machine of 6.2, in the words of 6.8.6. */
function follow(draft: Draft, { state: heard, diagnostic }: ControlPacket, actions: SessionAction[]): void {
  if (heard === 'admin-down') {
    if (draft.state === 'down') return;
    enter(draft, 'down', DIAG_NEIGHBOR_DOWN, { code: 'neighbor-admin-down', diagnostic }, actions);
  } else if (draft.state === 'down') {
    if (heard === 'down') enter(draft, 'init', draft.diagnostic, { code: 'handshake' }, actions);
    else if (heard === 'init') enter(draft, 'up', DIAG_NONE, { code: 'handshake' }, actions);
  } else if (draft.state === 'init') {
    if (heard !== 'down') enter(draft, 'up', DIAG_NONE, { code: 'handshake' }, actions);
  } else if (heard === 'down') {
    enter(draft, 'down', DIAG_NEIGHBOR_DOWN, { code: 'neighbor-down', diagnostic }, actions);
  }
}

function deadline(draft: Draft, now: Instant, actions: SessionAction[]): void {
  if (draft.detectAt !== undefined && draft.detectAt <= now) expire(draft, now, actions);
  const leaves = draft.leaveAt !== undefined && draft.leaveAt <= now;
  if (leaves || (draft.nextTx !== undefined && draft.nextTx <= now)) periodic(draft, now, actions);
  if (leaves) {
    draft.leaveAt = undefined;
    draft.nextTx = undefined;
  }
}

/** The detection time passed without a packet (RFC 5880 sections 6.8.1 and 6.8.4). */
function expire(draft: Draft, now: Instant, actions: SessionAction[]): void {
  const waited = detectionTime(draft) ?? micros(0);
  const silentFor = draft.lastHeard === undefined ? waited : elapsed(draft.lastHeard, now);
  draft.detectAt = undefined;
  // minRx: the other end may come back as another one; one that wanted no packets would never hear of us otherwise.
  draft.remote = { ...draft.remote, discriminator: 0, state: 'down', minRx: micros(1), demand: false };
  draft.polling = false;
  if (draft.state === 'init' || draft.state === 'up') {
    const cause = { code: 'detection-expired', detectionTime: waited, silentFor } as const;
    enter(draft, 'down', DIAG_DETECTION_EXPIRED, cause, actions);
    adaptIntervals(draft);
    // A passive side that knows no discriminator keeps silent (6.8.7).
    if (transmits(draft)) send(draft, now, actions);
  }
  reschedule(draft, now);
}

/** New parameters (RFC 5880 section 6.8.3): told by a poll sequence, in force when that is safe. */
function change(draft: Draft, settings: SessionSettings, now: Instant, actions: SessionAction[]): void {
  draft.settings = settings;
  if (draft.state === 'admin-down') return;
  const receives = draft.requiredMinRx !== settings.minRx;
  draft.requiredMinRx = settings.minRx;
  if (draft.state !== 'up' || settings.minRx > draft.rxInForce) draft.rxInForce = settings.minRx;
  const sends = adaptIntervals(draft);
  if (receives && draft.state === 'up') draft.polling = true;
  // A new multiplier goes with the next packet (6.8.12).
  if ((receives || sends) && transmits(draft)) send(draft, now, actions);
  else reschedule(draft, now);
}

/** How long goodbyes are repeated at most: whoever leaves should not be kept. */
const LONGEST_GOODBYE = millis(250);

/** RFC 5880 section 6.8.16: the other end hears that it is meant, a few times in case a packet is lost. */
function shutDown(draft: Draft, now: Instant, actions: SessionAction[]): void {
  const heard = draft.remote.discriminator !== 0;
  const silent = !transmits(draft);
  const interval = transmitInterval(draft);
  enter(draft, 'admin-down', DIAG_ADMIN_DOWN, { code: 'shutdown' }, actions);
  draft.polling = false;
  draft.detectAt = undefined;
  draft.desiredMinTx = idleInterval(draft.settings);
  draft.nextTx = undefined;
  if (silent || interval === undefined) return;
  if (heard) draft.leaveAt = after(now, micros(Math.min(2 * interval, LONGEST_GOODBYE)));
  send(draft, now, actions);
}

function enter(draft: Draft, to: SessionStateName, diagnostic: number, cause: Cause, actions: SessionAction[]): void {
  const from = draft.state;
  draft.state = to;
  draft.diagnostic = diagnostic;
  actions.push({ kind: 'enter', from, to, cause });
}

/**
 * The sending interval that goes with the state: slow while not Up (6.8.3). While Up a longer interval waits for the end
 * of a poll; a shorter one counts at once. Returns whether what is announced is another one now.
 */
function adaptIntervals(draft: Draft): boolean {
  const wanted = draft.state === 'up' ? draft.settings.minTx : idleInterval(draft.settings);
  const changed = wanted !== draft.desiredMinTx;
  draft.desiredMinTx = wanted;
  if (draft.state !== 'up') {
    draft.polling = false;
    draft.txInForce = wanted;
    draft.rxInForce = draft.requiredMinRx;
    return changed;
  }
  if (wanted <= draft.txInForce) draft.txInForce = wanted;
  if (changed) draft.polling = true;
  return changed;
}

/** The Final came: the other end knows our parameters, so they count. */
function endPoll(draft: Draft): void {
  draft.polling = false;
  draft.txInForce = draft.desiredMinTx;
  draft.rxInForce = draft.requiredMinRx;
}

function restartDetection(draft: Draft, now: Instant): void {
  const time = detectionTime(draft);
  draft.detectAt = time === undefined ? undefined : after(now, time);
}

/** Sends out of turn: what the packet says is news. */
function send(draft: Draft, now: Instant, actions: SessionAction[]): void {
  actions.push({ kind: 'send', packet: packetOf(draft, false) });
  draft.lastTx = now;
  draft.paced = undefined;
  reschedule(draft, now);
}

/** Sends the packet that is due. Counted from when it was due, so that lateness does not add up. */
function periodic(draft: Draft, now: Instant, actions: SessionAction[]): void {
  const due = draft.nextTx ?? now;
  actions.push({ kind: 'send', packet: packetOf(draft, false) });
  draft.lastTx = now;
  const interval = transmits(draft) ? transmitInterval(draft) : undefined;
  draft.paced = interval;
  draft.nextTx = undefined;
  if (interval === undefined) return;
  draft.seed = nextSeed(draft.seed);
  // Never nearer to the last packet than the jitter may bring it.
  const earliest = after(now, shortest(interval));
  const regular = after(due, jittered(interval, draft.settings.multiplier, draft.seed));
  draft.nextTx = instant(Math.max(regular, earliest));
}

/** The time of the next periodic packet (6.8.7), where the interval is another one than it was planned with. */
function reschedule(draft: Draft, now: Instant): void {
  const interval = transmits(draft) ? transmitInterval(draft) : undefined;
  if (interval === undefined) {
    draft.nextTx = undefined;
    draft.paced = undefined;
    return;
  }
  if (interval === draft.paced && draft.nextTx !== undefined) return;
  draft.paced = interval;
  if (draft.lastTx === undefined) {
    draft.nextTx = now;
    return;
  }
  draft.seed = nextSeed(draft.seed);
  draft.nextTx = after(draft.lastTx, jittered(interval, draft.settings.multiplier, draft.seed));
}

function transmits({ state, settings, remote, polling, leaveAt }: Draft): boolean {
  if (state === 'admin-down') return leaveAt !== undefined;
  if (settings.passive && remote.discriminator === 0) return false;
  // The other end is in demand mode and both are Up: it asked for silence (6.8.7).
  return !(remote.demand && state === 'up' && remote.state === 'up' && !polling);
}

function packetOf(draft: Draft, final: boolean): ControlPacket {
  return {
    diagnostic: draft.diagnostic,
    state: draft.state,
    // Never both (6.8.7): the poll goes on with the next packet.
    poll: draft.polling && !final,
    final,
    controlPlaneIndependent: false,
    demand: false,
    detectMultiplier: draft.settings.multiplier,
    myDiscriminator: draft.discriminator,
    yourDiscriminator: draft.remote.discriminator,
    desiredMinTx: draft.desiredMinTx,
    requiredMinRx: draft.requiredMinRx,
    requiredMinEchoRx: micros(0),
  };
}
