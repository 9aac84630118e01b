import type { FakeClock } from '../time/clock.js';
import { after, type Instant, type Micros, micros } from '../time/duration.js';

/** A packet as it travels: what the sender's socket put on the wire. */
export interface FakePacket {
  readonly segment: string;
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly ttl: number;
  /** Of the IPv4 header. */
  readonly identification?: number;
  readonly payload: Buffer;
  /** Name of the kernel that sent it, and its interface. */
  readonly from: string;
  readonly fromInterface: string;
}

/** A listener plugged into a segment. */
export interface FakePort {
  readonly kernelName: string;
  readonly interfaceName: string;
  receive(packet: FakePacket): void;
}

/** An alarm that the world rings. */
export interface FakeAlarm {
  deadline: Instant | undefined;
  ring(): void;
}

interface Flight {
  readonly at: Instant;
  readonly order: number;
  readonly packet: FakePacket;
}

/**
 * Segments, packets in flight and timers under one FakeClock: `advance` plays them in order of time, then of sending,
 * so a test sees the same run every time. Nothing happens by itself; a packet is never delivered inside `send`.
 */
export class FakeWorld {
  readonly clock: FakeClock;
  /** Time a packet travels. */
  delay: Micros = micros(0);
  /** Decides per packet and receiver whether it is lost; `() => false` by default. */
  drops: (packet: FakePacket, receiver: { readonly kernelName: string; readonly interfaceName: string }) => boolean =
    () => false;
  /** Everything ever sent, in order. */
  readonly sent: FakePacket[] = [];

  readonly #ports = new Map<string, Set<FakePort>>();
  readonly #alarms = new Set<FakeAlarm>();
  #flights: Flight[] = [];
  #order = 0;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  /** Moves time by `duration`, playing every packet and timer that falls due on the way. */
  advance(duration: Micros): void {
    const end = after(this.clock.now(), duration);
    for (;;) {
      this.settle();
      const next = this.#nextMoment();
      if (next === undefined || next > end) break;
      this.clock.advanceTo(next);
    }
    this.clock.advanceTo(end);
    this.settle();
  }

  /** Plays what is due now without moving time. Throws when that never ends, as with two routers answering each other. */
  settle(): void {
    for (let steps = 0; this.#step(); steps++) {
      if (steps > 1_000_000) throw new Error('the fake network does not come to rest at one moment of time');
    }
  }

  /** Adds a listener to a segment; returns how to remove it. */
  plug(segment: string, port: FakePort): () => void {
    let ports = this.#ports.get(segment);
    if (ports === undefined) {
      ports = new Set();
      this.#ports.set(segment, ports);
    }
    ports.add(port);
    return () => ports.delete(port);
  }

  /** Puts a packet on its segment. */
  transmit(packet: FakePacket): void {
    this.sent.push(packet);
    this.#flights.push({ at: after(this.clock.now(), this.delay), order: this.#order++, packet });
  }

  /** Registers a timer; returns how to remove it. */
  addAlarm(alarm: FakeAlarm): () => void {
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  #nextMoment(): Instant | undefined {
    let next: Instant | undefined;
    for (const { at } of this.#flights) if (next === undefined || at < next) next = at;
    for (const { deadline } of this.#alarms) {
      if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    }
    return next;
  }

  #step(): boolean {
    const now = this.clock.now();
    let due: Flight | undefined;
    for (const flight of this.#flights) {
      if (flight.at <= now && (due === undefined || flight.at < due.at)) due = flight;
    }
    if (due !== undefined) {
      const { packet } = due;
      this.#flights = this.#flights.filter((flight) => flight !== due);
      for (const port of [...(this.#ports.get(packet.segment) ?? [])]) {
        const own = port.kernelName === packet.from && port.interfaceName === packet.fromInterface;
        if (!own && !this.drops(packet, port)) port.receive(packet);
      }
      return true;
    }
    for (const alarm of this.#alarms) {
      if (alarm.deadline !== undefined && alarm.deadline <= now) {
        alarm.deadline = undefined;
        alarm.ring();
        return true;
      }
    }
    return false;
  }
}
