/** The engine's state as it goes over the wire. */
import { formatIpAddress } from '../shared/net/address.js';
import {
  type BfdDropCounter,
  type BfdEvent,
  type BfdSession,
  type BfdState,
  BfdStateName,
  type BfdTransition,
} from '../shared/rpc/generated/keepwatch/v1/bfd.js';
import { elapsed, type Instant } from '../shared/time/duration.js';
import type { BfdEngine } from './engine.js';
import { detectionTime, transmitInterval } from './fsm/state.js';
import type { EngineChange } from './host.js';
import { type DropReason, diagnosticText, type SessionStateName } from './packet/controlPacket.js';
import type { Session, Transition } from './session.js';

const STATE_NAMES: Readonly<Record<SessionStateName, BfdStateName>> = {
  'admin-down': BfdStateName.BFD_STATE_NAME_ADMIN_DOWN,
  down: BfdStateName.BFD_STATE_NAME_DOWN,
  init: BfdStateName.BFD_STATE_NAME_INIT,
  up: BfdStateName.BFD_STATE_NAME_UP,
};

/** Everything there is to know at `now`. */
export const wholeState = (engine: BfdEngine, now: Instant): BfdState => ({
  sessions: [...engine.sessions].map((session) => wireSession(session, now)),
  drops: dropCounters(engine.drops),
  realtimePriority: engine.realtimePriority ?? 0,
  latenessWorstUs: BigInt(Math.round(engine.latenessWorst)),
});

/** A change at `now`. */
export const changeEvent = ({ transition, sessions, removed, note }: EngineChange, now: Instant): BfdEvent => ({
  transition: transition === undefined ? undefined : wireTransition(transition),
  sessions: sessions.map((session) => wireSession(session, now)),
  removedSessions: [...(removed ?? [])],
  note: note ?? '',
});

function wireSession(session: Session, now: Instant): BfdSession {
  const { config, state } = session;
  const { remote, lastHeard } = state;
  return {
    name: session.name,
    peerAddress: session.peer,
    sourceAddress: config.source === undefined ? '' : formatIpAddress(config.source),
    state: STATE_NAMES[state.state],
    settled: session.settled,
    detail: session.detail(),
    since: session.since,
    lastTransition: session.lastTransition === undefined ? undefined : wireTransition(session.lastTransition),
    diagnostic: state.diagnostic,
    remoteDiagnostic: remote.diagnostic,
    remoteState: STATE_NAMES[remote.state],
    localDiscriminator: state.discriminator,
    remoteDiscriminator: remote.discriminator,
    transmitIntervalUs: BigInt(Math.round(transmitInterval(state) ?? 0)),
    detectionTimeUs: BigInt(Math.round(detectionTime(state) ?? 0)),
    detectMultiplier: state.settings.multiplier,
    lastHeardAgeUs: lastHeard === undefined ? undefined : BigInt(Math.max(0, Math.round(elapsed(lastHeard, now)))),
    packetsSent: BigInt(session.sent),
    packetsReceived: BigInt(session.received),
    sendErrors: BigInt(session.sendErrors),
    wentUp: BigInt(session.wentUp),
    wentDown: BigInt(session.wentDown),
    drops: dropCounters(session.drops),
    tellsVrrp: config.tellsVrrp,
    tellsCheckers: config.tellsCheckers,
  };
}

const wireTransition = (transition: Transition): BfdTransition => ({
  name: transition.name,
  from: STATE_NAMES[transition.from],
  to: STATE_NAMES[transition.to],
  diagnostic: transition.diagnostic,
  diagnosticText: diagnosticText(transition.diagnostic),
  peerAddress: transition.peer,
  code: transition.code,
  text: transition.text,
  at: transition.at,
  monotonicNs: BigInt(Math.round(transition.monotonic * 1000)),
});

const dropCounters = (drops: ReadonlyMap<DropReason, number>): BfdDropCounter[] =>
  [...drops].map(([reason, count]) => ({ reason, count: BigInt(count) }));
