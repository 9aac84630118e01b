import type { VrrpSocket } from '../shared/kernel/ports.js';
import type { Schedule, Scheduled } from '../shared/kernel/schedule.js';
import { compareIpBytes } from '../shared/net/address.js';
import type { Clock } from '../shared/time/clock.js';
import { elapsed, type Instant, type Micros, micros, millis } from '../shared/time/duration.js';
import { AdvertisementWriter, type OutgoingMessage } from './advertisementWriter.js';
import type { InstanceConfig, VirtualAddress } from './config/model.js';
import { type ExpectedProofs, expectedProofs } from './expectedProofs.js';
import type { Cause } from './fsm/actions.js';
import type { FaultReason } from './fsm/events.js';
import type { RouterSettings } from './fsm/settings.js';
import { type HeardAdvert, initialState, type RouterState, type StateKind } from './fsm/state.js';
import { type DropReason, PRIORITY_OWNER } from './packet/advertisement.js';
import type { Accepted, Expectation } from './packet/receive.js';
import type { Standing } from './tracking.js';

/** A change of state, with all that is known about it. */
export interface Transition {
  readonly name: string;
  readonly group: boolean;
  readonly from: StateKind;
  /** `stop`: left in good order; `deleted`: no longer configured. */
  readonly to: StateKind | 'stop' | 'deleted';
  /** Effective priority; 0 for a group. */
  readonly priority: number;
  readonly cause: TransitionCause;
  readonly at: Date;
  readonly monotonic: Instant;
}

export interface TransitionCause {
  readonly code: string;
  readonly text: string;
  /** The other router, when an advertisement was the cause. */
  readonly peerAddress?: Uint8Array;
  readonly peerPriority?: number;
  /** Age of the last advertisement heard. */
  readonly lastAdvertAge?: Micros;
  /** How late we acted on the deadline or packet. */
  readonly lateness: Micros;
}

/** What an instance has counted since it was made. */
export interface RouterCounters {
  advertsSent: number;
  advertsReceived: number;
  priorityZeroSent: number;
  priorityZeroReceived: number;
  becameMaster: number;
  releasedMaster: number;
  sendErrors: number;
}

const NONE = micros(0);

/** The part of its interval by which an advertisement may be early: 5 ms at 1 s, far within what receivers allow. */
const ADVERT_SLACK = 0.005;

/** Time to get ready for a takeover: on a slow processor that takes 2 ms. */
const TAKEOVER_NOTICE = millis(5);
const NO_ADDRESS = new Uint8Array(4);

/** One configured `vrrp_instance` at run time: its configuration, its state, and what it counted. */
export class VirtualRouter implements Scheduled, Expectation {
  config: InstanceConfig;
  state: RouterState;
  standing: Standing;
  /** Why it cannot take part: its own faults and those its group shares. */
  faults: readonly FaultReason[] = [];
  /** Why it waits with its beginning, or stays in FAULT: trackers without a result, its own and those of its group. */
  waits: readonly FaultReason[] = [];
  socket: VrrpSocket | undefined;
  /** Why the socket could not be opened. */
  socketFault: FaultReason | undefined;
  ifindex: number | undefined;
  /** Address it sends from. */
  source: Buffer | undefined;
  started = false;
  /** Set while it takes up again what a killed predecessor did. */
  resuming = false;
  /** Set while it is taken out of service for good: how its last transition is called. */
  leaving: 'stop' | 'deleted' | undefined;
  /** The order by which it stands down, in words. */
  standsDown: string | undefined;
  lastTransition: Transition | undefined;
  readonly counters: RouterCounters = {
    advertsSent: 0,
    advertsReceived: 0,
    priorityZeroSent: 0,
    priorityZeroReceived: 0,
    becameMaster: 0,
    releasedMaster: 0,
    sendErrors: 0,
  };
  readonly drops = new Map<DropReason, number>();
  /** Addresses of an owner that were there before us and stay when we go. */
  readonly foreignAddresses = new Set<string>();
  readonly #onDeadline: (router: VirtualRouter, at: Instant, now: Instant) => void;
  readonly #clock: Clock;
  readonly #writer: AdvertisementWriter;
  #proofs: ExpectedProofs;
  #addresses: Uint8Array | undefined;
  /** The last sender whose addresses were ours. */
  #sameAddressesAs: Uint8Array | undefined;

  constructor(
    config: InstanceConfig,
    standing: Standing,
    clock: Clock,
    onDeadline: (router: VirtualRouter, at: Instant, now: Instant) => void,
  ) {
    this.config = config;
    this.standing = standing;
    this.state = initialState(this.settings());
    this.#clock = clock;
    this.#writer = new AdvertisementWriter(config, clock);
    this.#proofs = expectedProofs(config, clock);
    this.#onDeadline = onDeadline;
  }

  get name(): string {
    return this.config.name;
  }

  /** What the state machine has to know, from configuration and surroundings. */
  settings(): RouterSettings {
    const { config } = this;
    return {
      version: config.version,
      priority: this.standing.effectivePriority,
      advertInterval: config.advertInterval,
      preempt: config.preempt,
      preemptDelay: config.preemptDelay,
      address: this.source ?? NO_ADDRESS,
      answerLowerPriority: config.election.answerLowerPriority,
      lastWord: config.election.lastWord,
      downTimerAdverts: config.election.downTimerAdverts,
      rivalPriority: config.election.rivalPriority ?? this.standing.effectivePriority,
    };
  }

  /** Puts another configuration of the same virtual router in force. */
  reconfigure(config: InstanceConfig): void {
    this.config = config;
    this.#writer.reconfigure(config);
    this.#proofs = expectedProofs(config, this.#clock, this.#proofs);
    this.#addresses = undefined;
    this.#sameAddressesAs = undefined;
  }

  /** Advertisements may go a little early, in company; nothing else may. The same neighbours meet again in every round. */
  get slack(): Micros {
    return this.state.kind === 'master' ? micros(this.config.advertInterval * ADVERT_SLACK) : NONE;
  }

  /** A takeover comes after seconds in which nothing of it was done. */
  get notice(): Micros {
    return this.state.kind === 'backup' ? TAKEOVER_NOTICE : NONE;
  }

  due(at: Instant, now: Instant): void {
    this.#onDeadline(this, at, now);
  }

  /** All virtual addresses, advertised or not. */
  *allVips(): Iterable<VirtualAddress> {
    yield* this.config.vips;
    yield* this.config.excludedVips;
  }

  // Expectation: what the reception ladder asks.
  get version(): 2 | 3 {
    return this.config.version;
  }

  get owner(): boolean {
    return this.state.settings.priority === PRIORITY_OWNER;
  }

  get auth(): Expectation['auth'] {
    return this.#proofs.auth;
  }

  get trailer(): Expectation['trailer'] {
    return this.#proofs.trailer;
  }

  get peers(): Expectation['peers'] {
    return this.#proofs.peers;
  }

  trustsAddressesOf(source: Uint8Array): boolean {
    const known = this.#sameAddressesAs;
    return this.config.skipAddressCheck && known !== undefined && compareIpBytes(known, source) === 0;
  }

  get interval(): Micros {
    return this.config.advertInterval;
  }

  /**
   * Lists differ while an operator adds an address to one router after the other. Dropping the advertisement then, as
   * RFC 3768 7.1 has it, makes two masters; RFC 9568 7.1 only logs, and so do we in both versions.
   */
  get dropOtherAddresses(): boolean {
    return false;
  }

  get addresses(): Uint8Array {
    this.#addresses ??= concatAddresses(this.config.vips);
    return this.#addresses;
  }

  /** What to send now, one message for each destination. `priority` is the effective one, or 0 to say goodbye. */
  messages(priority: number): readonly OutgoingMessage[] {
    return this.#writer.write(priority, this.source ?? NO_ADDRESS, this.addresses);
  }

  /** Writes what a takeover will send, where it can be written beforehand: not with a sequence number. */
  prepareMessages(): void {
    const { auth, hmac } = this.config;
    if (auth.type !== 'ah' && hmac === undefined) this.messages(this.state.settings.priority);
  }

  /** Takes note of an advertisement that was accepted: what follows for the next ones, received or sent. */
  noteAccepted(source: Uint8Array, accepted: Omit<Accepted<VirtualRouter>, 'expectation' | 'advertisement'>): void {
    this.#sameAddressesAs = accepted.sameAddresses ? source : undefined;
    this.#writer.noteHeard(accepted);
  }

  /** Counts a dropped packet; returns how many of that kind there were. */
  countDrop(reason: DropReason): number {
    const count = (this.drops.get(reason) ?? 0) + 1;
    this.drops.set(reason, count);
    return count;
  }

  /** Age of the last advertisement heard. */
  lastAdvertAge(now: Instant): Micros | undefined {
    const { heard } = this.state;
    return heard === undefined ? undefined : elapsed(heard.at, now);
  }
}

/** The sync group at run time. */
export interface GroupRuntime {
  readonly name: string;
  state: StateKind;
  lastTransition: Transition | undefined;
}

/** Where the deadline of a router stands, for a status: what it waits for, and when. */
export function waitsFor(
  router: VirtualRouter,
  schedule: Schedule,
): { readonly what: string; readonly at: Instant } | undefined {
  const at = schedule.get(router);
  if (at === undefined) return undefined;
  const { state } = router;
  if (state.kind === 'master') return { what: 'adver', at };
  if (state.kind === 'leaving') return { what: 'successor', at };
  if (state.kind !== 'backup') return undefined;
  if (state.preemptDelayUntil !== undefined && state.preemptDelayUntil > state.timerSetAt) {
    return { what: 'preempt-delay', at: state.preemptDelayUntil };
  }
  return { what: state.timerFor, at };
}

/** The router whose advertisement was the cause, when one was. */
export function peerOf(
  cause: Cause,
  heard: HeardAdvert | undefined,
): { readonly peerAddress: Uint8Array; readonly peerPriority: number } | undefined {
  switch (cause.code) {
    case 'preempt':
    case 'higher-priority-advert':
    case 'greater-address-advert':
      return { peerAddress: cause.source, peerPriority: cause.priority };
    case 'master-down-timer':
      return heard === undefined ? undefined : { peerAddress: heard.source, peerPriority: heard.priority };
    default:
      return undefined;
  }
}

function concatAddresses(vips: readonly VirtualAddress[]): Uint8Array {
  const size = vips[0]?.address.bytes.length ?? 4;
  const bytes = new Uint8Array(vips.length * size);
  for (const [index, vip] of vips.entries()) bytes.set(vip.address.bytes, index * size);
  return bytes;
}
