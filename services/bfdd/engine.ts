import { Schedule } from '../shared/kernel/schedule.js';
import type { UdpDatagram } from '../shared/kernel/udpSocket.js';
import { formatIpBytes } from '../shared/net/address.js';
import { after, elapsed, type Instant, type Micros, micros } from '../shared/time/duration.js';
import type { BfdConfig, BfdInstanceConfig } from './config/model.js';
import { diffConfigs, endsOf } from './configDiff.js';
import type { ResumedSession, SessionEvent } from './fsm/events.js';
import { isGone, nextDeadline, peerDetectionTime, type SessionState } from './fsm/state.js';
import { step } from './fsm/step.js';
import type { EngineChange, EngineHost } from './host.js';
import type { DropReason } from './packet/controlPacket.js';
import { encodeControlPacket } from './packet/encode.js';
import { decodeControlPacket, hopsAcceptable } from './packet/receive.js';
import { Receivers } from './receivers.js';
import type { ResumeEntry } from './resumeRecord.js';
import { wantedScheduling } from './scheduling.js';
import { Senders } from './senders.js';
import { Session, stateText } from './session.js';

/** Intervals while not Up that a session has to come up before it counts as down. */
const SETTLE_INTERVALS = 3;
/** The record has the time of the last packet to this part of the time the other end waits. */
const NOTES_PER_WAIT = 16;

type Predecessor = ReturnType<EngineHost['resume']['load']>;
/** What a killed predecessor left of the same session. */
type KnownBefore = ReturnType<Predecessor['get']>;

/** The shell around the state machines: owns all sessions, their sockets and the timer. Nothing in here waits. */
export class BfdEngine {
  /** Datagrams that belong to no session, by the reason why they were dropped. */
  readonly drops = new Map<DropReason, number>();
  /** Worst lateness of a deadline. */
  latenessWorst: Micros = micros(0);
  readonly #host: EngineHost;
  readonly #schedule: Schedule;
  readonly #senders: Senders;
  readonly #receivers: Receivers;
  readonly #sessions = new Map<string, Session>();
  /** Not in the configuration any more; the other end is being told. */
  readonly #leaving = new Set<Session>();
  readonly #byDiscriminator = new Map<number, Session>();
  #byNeighbor: ReadonlyMap<string, readonly Session[]> = new Map();
  #config: BfdConfig | undefined;
  #predecessor: Predecessor;
  #problems: readonly string[] = [];
  #realtimePriority: number | undefined;
  #left: (() => void) | undefined;

  /** Opens the timer. Throws KernelError. */
  constructor(host: EngineHost) {
    this.#host = host;
    const { clock, kernel, logger } = host;
    this.#schedule = new Schedule(
      clock,
      (onExpire) => kernel.openDeadlineTimer(onExpire),
      host.defer,
      (lateness) => {
        if (lateness > this.latenessWorst) this.latenessWorst = lateness;
      },
    );
    const shared = { clock, kernel, logger, schedule: this.#schedule };
    this.#senders = new Senders({
      ...shared,
      random: host.random,
      faultChanged: (session) => {
        if (this.#sessions.get(session.name) !== session) return;
        this.#tell({ sessions: [session] });
        host.impairmentsChanged();
      },
    });
    this.#receivers = new Receivers({
      ...shared,
      onDatagram: (datagram) => this.#receive(datagram),
      changed: host.impairmentsChanged,
    });
    this.#predecessor = host.resume.load();
  }

  get config(): BfdConfig | undefined {
    return this.#config;
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** SCHED_RR priority in force; undefined: ordinary scheduling. */
  get realtimePriority(): number | undefined {
    return this.#realtimePriority;
  }

  /** What does not work on this machine. */
  impairments(): string[] {
    const faults = [...this.#sessions.values()].flatMap(({ name, fault }) =>
      fault === undefined ? [] : `bfd_instance ${name} ${fault}`,
    );
    return [...this.#problems, ...this.#receivers.problems, ...faults];
  }

  /** Makes `config` the one in force. What is the same in both is not touched. */
  apply(config: BfdConfig): void {
    const changes = diffConfigs(this.#config, config);
    this.#config = config;
    this.#takePriority(config);
    const now = this.#host.clock.now();
    // Sockets first: what the other end sends from now on is heard.
    this.#receivers.want(new Set(config.instances.map(({ neighbor }) => neighbor.family)));
    for (const { kind, name } of changes) {
      if (kind === 'remove' || kind === 'restart') this.#retire(name, now);
    }
    const added: (readonly [Session, KnownBefore])[] = [];
    for (const { kind, name, after: wanted } of changes) {
      if (wanted === undefined || kind === 'same') continue;
      if (kind === 'update') this.#update(name, wanted, now);
      else added.push(this.#add(wanted));
    }
    this.#index();
    this.#host.resume.retain(new Set(this.#sessions.keys()));
    for (const [session, before] of added) this.#begin(session, before, now);
    this.#predecessor = new Map();
    this.#tell({
      sessions: changes.flatMap(({ kind, name }) => (kind === 'same' ? [] : (this.#sessions.get(name) ?? []))),
      removed: changes.filter(({ kind }) => kind === 'remove').map(({ name }) => name),
      note: 'configuration in force',
    });
  }

  /** Ends. Orderly: tells the other ends first. With `keepState` the record stays for a successor, and nothing is told. */
  async stop(keepState: boolean): Promise<void> {
    if (!keepState) {
      const now = this.#host.clock.now();
      for (const name of [...this.#sessions.keys()]) this.#retire(name, now);
      this.#host.resume.retain(new Set());
      if (this.#leaving.size > 0) {
        await new Promise<void>((resolve) => {
          this.#left = resolve;
        });
      }
    }
    for (const session of this.#sessions.values()) this.#senders.close(session);
    this.#receivers.close();
    this.#schedule.close();
    this.#host.resume.close();
  }

  #takePriority(config: BfdConfig): void {
    const { wanted, automatic } = wantedScheduling(config);
    const problems = this.#host.applyScheduling(wanted);
    const refused = problems.find((problem) => problem.startsWith('bfd_rt_priority'));
    this.#realtimePriority = refused === undefined ? wanted.realtimePriority : undefined;
    // Nobody asked for it, so nothing is broken; but whoever runs this should know.
    if (automatic && refused !== undefined) {
      this.#host.logger.warn(`no real-time priority: a busy machine may lose sessions needlessly. ${refused}`);
    }
    this.#problems = automatic ? problems.filter((problem) => problem !== refused) : problems;
    for (const problem of this.#problems) this.#host.logger.warn(problem);
  }

  #add(config: BfdInstanceConfig): readonly [Session, KnownBefore] {
    const { clock } = this.#host;
    const found = this.#predecessor.get(config.name);
    const same = found !== undefined && found.entry.ends === endsOf(config);
    const before = same && !this.#byDiscriminator.has(found.entry.discriminator) ? found : undefined;
    const session = new Session(
      config,
      before?.entry.discriminator ?? this.#newDiscriminator(),
      this.#nonZero(),
      clock.wall(),
      {
        due: (one) => this.#dispatch(one, { kind: 'deadline' }, clock.now()),
        settle: (one) => this.#settled(one),
        reopen: (one) => this.#senders.open(one),
      },
    );
    session.port = before?.entry.port ?? 0;
    this.#sessions.set(config.name, session);
    this.#byDiscriminator.set(session.state.discriminator, session);
    return [session, before];
  }

  /** Starts a session, or goes on with that of a killed predecessor while the other end still waits. */
  #begin(session: Session, before: KnownBefore, now: Instant): void {
    const { settings } = session.config;
    this.#senders.open(session);
    const up = before?.entry.up;
    const silentFor = before === undefined ? micros(0) : elapsed(before.lastTx, now);
    if (before !== undefined && up !== undefined && silentFor >= 0 && silentFor < before.entry.peerWaits) {
      this.#dispatch(session, { kind: 'resume', from: up }, now);
      session.since = new Date(before.entry.since);
      this.#dispatch(session, { kind: 'settings', settings }, now);
      return;
    }
    const patience = micros(SETTLE_INTERVALS * settings.idleTx);
    this.#schedule.set(session.settling, after(now, patience));
    this.#dispatch(session, { kind: 'start' }, now);
  }

  #update(name: string, config: BfdInstanceConfig, now: Instant): void {
    const session = this.#sessions.get(name);
    if (session === undefined) return;
    const reopens = session.config.ttl !== config.ttl;
    session.config = config;
    if (reopens) {
      this.#senders.close(session);
      this.#senders.open(session);
    }
    this.#dispatch(session, { kind: 'settings', settings: config.settings }, now);
  }

  /** Takes a session out of service: the other end is told, then its socket goes. */
  #retire(name: string, now: Instant): void {
    const session = this.#sessions.get(name);
    if (session === undefined) return;
    this.#sessions.delete(name);
    this.#leaving.add(session);
    this.#schedule.set(session.settling, undefined);
    this.#dispatch(session, { kind: 'shutdown' }, now);
  }

  #release(session: Session): void {
    this.#leaving.delete(session);
    this.#byDiscriminator.delete(session.state.discriminator);
    this.#senders.close(session);
    this.#schedule.set(session, undefined);
    if (this.#leaving.size === 0) this.#left?.();
  }

  #index(): void {
    const index = new Map<string, Session[]>();
    for (const session of this.#sessions.values()) {
      const list = index.get(session.peer);
      if (list === undefined) index.set(session.peer, [session]);
      else list.push(session);
    }
    this.#byNeighbor = index;
  }

  #settled(session: Session): void {
    if (session.settled) return;
    session.settled = true;
    this.#tell({ sessions: [session] });
  }

  // Packets

  #receive(datagram: UdpDatagram): void {
    const received = decodeControlPacket(datagram.payload);
    const from = this.#byNeighbor.get(formatIpBytes(datagram.source)) ?? [];
    if (!received.ok) {
      this.#drop(from[0], received.reason);
      return;
    }
    const { packet, authenticated } = received;
    // RFC 5880 6.3: once known, the discriminator alone selects the session; the first packets go by the addresses.
    const session =
      packet.yourDiscriminator === 0
        ? from.find(({ config: { source } }) => source === undefined || datagram.destination.equals(source.bytes))
        : this.#byDiscriminator.get(packet.yourDiscriminator);
    if (session === undefined) this.#drop(from[0], 'no-session');
    else if (!hopsAcceptable(datagram.ttl, session.config)) session.drop('ttl');
    else if (authenticated) session.drop('authentication');
    else if (session.state.state === 'admin-down') session.drop('admin-down');
    else {
      session.received++;
      this.#dispatch(session, { kind: 'packet', packet }, datagram.receivedAt);
    }
  }

  #drop(session: Session | undefined, reason: DropReason): void {
    if (session === undefined) this.drops.set(reason, (this.drops.get(reason) ?? 0) + 1);
    else session.drop(reason);
  }

  /** Takes a session one event further and does what its state machine asks for. */
  #dispatch(session: Session, event: SessionEvent, now: Instant): void {
    const before = session.state;
    const { state, actions } = step(before, event, now);
    session.state = state;
    let transition: EngineChange['transition'];
    for (const action of actions) {
      if (action.kind === 'send') {
        this.#senders.send(session, encodeControlPacket(action.packet));
        continue;
      }
      const { from, to, cause } = action;
      transition = session.entered(from, to, cause, this.#host.clock.wall(), now);
      if (to === 'up') session.settled = true;
      const text = `BFD_Instance(${session.name}) Entering ${stateText(to)} state: ${transition.text}`;
      this.#host.logger[from === 'up' ? 'warn' : 'info']({ session: session.name }, text);
    }
    this.#schedule.set(session, nextDeadline(state));
    this.#note(session, before);
    if (transition !== undefined) this.#tell({ transition, sessions: this.#inForce(session) });
    if (isGone(state)) this.#release(session);
  }

  #inForce(session: Session): readonly Session[] {
    return this.#sessions.get(session.name) === session ? [session] : [];
  }

  /** Keeps the record of a session such that a successor can go on. */
  #note(session: Session, before: SessionState): void {
    const { state } = session;
    if (this.#inForce(session).length === 0) return;
    const { resume } = this.#host;
    if (session.notedAt === undefined || !sameRecord(before, state)) {
      resume.note(entryOf(session), state.lastTx);
      session.notedAt = state.lastTx ?? this.#host.clock.now();
    } else if (state.lastTx !== undefined && state.lastTx !== before.lastTx && state.state === 'up') {
      if (elapsed(session.notedAt, state.lastTx) < peerDetectionTime(state) / NOTES_PER_WAIT) return;
      resume.sent(session.name, state.lastTx);
      session.notedAt = state.lastTx;
    }
  }

  #nonZero(): number {
    let value = 0;
    while (value === 0) value = this.#host.random();
    return value;
  }

  #newDiscriminator(): number {
    let value = this.#nonZero();
    while (this.#byDiscriminator.has(value)) value = this.#nonZero();
    return value;
  }

  #tell(change: EngineChange): void {
    this.#host.changed(change);
  }
}

function resumedOf({
  remote,
  desiredMinTx,
  requiredMinRx,
  txInForce,
  rxInForce,
  polling,
}: SessionState): ResumedSession {
  return { remote, desiredMinTx, requiredMinRx, txInForce, rxInForce, polling };
}

const entryOf = (session: Session): ResumeEntry => ({
  name: session.name,
  ends: endsOf(session.config),
  port: session.port,
  discriminator: session.state.discriminator,
  ...(session.state.state === 'up' ? { up: resumedOf(session.state) } : {}),
  peerWaits: peerDetectionTime(session.state),
  since: session.since.getTime(),
});

/** Whether a record made of one says the same as one made of the other. */
function sameRecord(one: SessionState, other: SessionState): boolean {
  return (
    one.state === other.state &&
    one.desiredMinTx === other.desiredMinTx &&
    one.requiredMinRx === other.requiredMinRx &&
    one.txInForce === other.txInForce &&
    one.rxInForce === other.rxInForce &&
    one.polling === other.polling &&
    one.settings === other.settings &&
    one.remote.discriminator === other.remote.discriminator &&
    one.remote.minRx === other.remote.minRx &&
    one.remote.desiredMinTx === other.remote.desiredMinTx &&
    one.remote.detectMultiplier === other.remote.detectMultiplier &&
    one.remote.state === other.remote.state &&
    one.remote.demand === other.remote.demand
  );
}
