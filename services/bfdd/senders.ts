import type { Schedule } from '../shared/kernel/schedule.js';
import type { Logger } from '../shared/log/logger.js';
import type { Clock } from '../shared/time/clock.js';
import { after, millis } from '../shared/time/duration.js';
import type { BfdKernel } from './host.js';
import { CONTROL_PORT, sourcePorts } from './ports.js';
import type { Session } from './session.js';

/** How long after a failed attempt a socket is tried again: addresses come late at boot, IPv6 ones after DAD. */
const RETRY = millis(250);
/** Ports tried at a time: of 16,384 some may be in use by others, never so many. */
const ATTEMPTS = 64;

export interface SendersOptions {
  readonly clock: Clock;
  readonly kernel: BfdKernel;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly random: () => number;
  /** Whether a session can send is another answer now. */
  readonly faultChanged: (session: Session) => void;
}

/** The sockets that sessions send from, one each (RFC 5881 section 4), opened as soon as that is possible. */
export class Senders {
  readonly #options: SendersOptions;

  constructor(options: SendersOptions) {
    this.#options = options;
  }

  /** Opens the socket of a session; where that fails, it is tried again and again. */
  open(session: Session): void {
    const { kernel, random, schedule, clock } = this.#options;
    const { neighbor, source, ttl } = session.config;
    let failure: unknown;
    const chosen = session.port === 0 ? [] : [session.port];
    for (const sourcePort of [...chosen, ...sourcePorts(random(), ATTEMPTS)]) {
      try {
        const { family } = neighbor;
        session.sender = kernel.openUdpSender({ family, source: source?.bytes, sourcePort, ttl });
        session.port = sourcePort;
        this.#fault(session, undefined);
        return;
      } catch (error) {
        failure = error;
        if (!hasCode(error, 'EADDRINUSE')) break;
      }
    }
    this.#fault(session, textOf(failure, session));
    schedule.set(session.reopening, after(clock.now(), RETRY));
  }

  /** Sends a packet. Never throws: what cannot be sent is counted, and told once. */
  send(session: Session, bytes: Buffer): boolean {
    if (session.sender === undefined) return false;
    try {
      session.sender.send(bytes, session.config.neighbor.bytes, CONTROL_PORT);
      session.sent++;
      this.#fault(session, undefined);
      return true;
    } catch (error) {
      session.sendErrors++;
      this.#fault(session, textOf(error, session));
      return false;
    }
  }

  close(session: Session): void {
    this.#options.schedule.set(session.reopening, undefined);
    session.sender?.close();
    session.sender = undefined;
  }

  #fault(session: Session, fault: string | undefined): void {
    if (session.fault === fault) return;
    session.fault = fault;
    const { logger } = this.#options;
    if (fault === undefined) logger.info({ session: session.name }, `BFD_Instance(${session.name}) can send again`);
    else logger.warn({ session: session.name }, `BFD_Instance(${session.name}) ${fault}`);
    this.#options.faultChanged(session);
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

function textOf(error: unknown, { config, peer }: Session): string {
  const reason = error instanceof Error ? error.message : String(error);
  if (config.source !== undefined && hasCode(error, 'EADDRNOTAVAIL')) {
    return `cannot send: its source_ip is not on this machine, or not ready yet (${reason})`;
  }
  if (hasCode(error, 'ENETUNREACH')) return `cannot send: there is no route to ${peer} (${reason})`;
  return `cannot send: ${reason}`;
}
