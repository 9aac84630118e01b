/** One session with what surrounds its state machine: its socket, its counters, and what is told of it. */
import type { Scheduled } from '../shared/kernel/schedule.js';
import type { UdpSender } from '../shared/kernel/udpSocket.js';
import { formatIpAddress } from '../shared/net/address.js';
import type { Instant } from '../shared/time/duration.js';
import { causeText } from './causeText.js';
import type { BfdInstanceConfig } from './config/model.js';
import type { Cause } from './fsm/events.js';
import { initialSession, type SessionState } from './fsm/state.js';
import { DIAG_NONE, type DropReason, diagnosticText, type SessionStateName } from './packet/controlPacket.js';

/** A change of a session's state. */
export interface Transition {
  readonly name: string;
  readonly from: SessionStateName;
  readonly to: SessionStateName;
  /** bfd.LocalDiag afterwards. */
  readonly diagnostic: number;
  readonly peer: string;
  readonly code: Cause['code'];
  /** Why, in words. */
  readonly text: string;
  readonly at: Date;
  readonly monotonic: Instant;
}

/** States as RFC 5880 writes them. */
const STATE_TEXT: Readonly<Record<SessionStateName, string>> = {
  'admin-down': 'AdminDown',
  down: 'Down',
  init: 'Init',
  up: 'Up',
};

export const stateText = (state: SessionStateName): string => STATE_TEXT[state];

export class Session {
  config: BfdInstanceConfig;
  state: SessionState;
  sender: UdpSender | undefined;
  /** UDP port it sends from; 0: none chosen yet. */
  port = 0;
  /** Why nothing can be sent; absent: it can. */
  fault: string | undefined;
  /** The first attempt to come up is over, one way or the other. */
  settled = false;
  /** Time of the last transition, or of the start. */
  since: Date;
  lastTransition: Transition | undefined;
  /** Why it was lost last, in words. */
  lost: string | undefined;
  sent = 0;
  received = 0;
  sendErrors = 0;
  wentUp = 0;
  wentDown = 0;
  readonly drops = new Map<DropReason, number>();
  /** The end of the time it has to come up before it counts as down. */
  readonly settling: Scheduled;
  /** The next attempt to open its socket. */
  readonly reopening: Scheduled;
  /** When the resume record last had the time of a packet. */
  notedAt: Instant | undefined;
  readonly #due: (session: Session) => void;

  constructor(
    config: BfdInstanceConfig,
    discriminator: number,
    seed: number,
    startedAt: Date,
    on: {
      readonly due: (session: Session) => void;
      readonly settle: (session: Session) => void;
      readonly reopen: (session: Session) => void;
    },
  ) {
    this.config = config;
    this.state = initialSession(config.settings, discriminator, seed);
    this.since = startedAt;
    this.#due = on.due;
    this.settling = { due: () => on.settle(this) };
    this.reopening = { due: () => on.reopen(this) };
  }

  get name(): string {
    return this.config.name;
  }

  get peer(): string {
    return formatIpAddress(this.config.neighbor);
  }

  due(): void {
    this.#due(this);
  }

  /** Where it stands, in one line with peer and diagnostic: for whoever follows it. */
  detail(): string {
    const { state, diagnostic } = this.state;
    const about = `session with ${this.peer} is ${stateText(state)}`;
    const last = this.lastTransition;
    if (state === 'up') return about;
    if (this.fault !== undefined) return `${about}: ${this.fault}`;
    if (this.wentDown === 0 || last === undefined) return `${about}: it has not been Up yet`;
    // Down and Init keep the reason for which the session was lost.
    return `${about}: ${diagnostic === DIAG_NONE ? '' : `${diagnosticText(diagnostic)}, `}${this.lost ?? last.text}`;
  }

  /** Counts a packet that was not taken. */
  drop(reason: DropReason): void {
    this.drops.set(reason, (this.drops.get(reason) ?? 0) + 1);
  }

  /** Notes a transition that its state machine made. */
  entered(from: SessionStateName, to: SessionStateName, cause: Cause, at: Date, monotonic: Instant): Transition {
    const text = causeText(cause, this.peer);
    if (to === 'up' && cause.code !== 'resumed') this.wentUp++;
    if (from === 'up') {
      this.wentDown++;
      this.lost = text;
    }
    this.since = at;
    this.lastTransition = {
      name: this.name,
      from,
      to,
      diagnostic: this.state.diagnostic,
      peer: this.peer,
      code: cause.code,
      text,
      at,
      monotonic,
    };
    return this.lastTransition;
  }
}
