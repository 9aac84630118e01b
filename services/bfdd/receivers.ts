import type { Schedule, Scheduled } from '../shared/kernel/schedule.js';
import type { UdpDatagram, UdpListener } from '../shared/kernel/udpSocket.js';
import type { Logger } from '../shared/log/logger.js';
import type { Clock } from '../shared/time/clock.js';
import { after, seconds } from '../shared/time/duration.js';
import type { BfdKernel } from './host.js';
import { CONTROL_PORT } from './ports.js';

const RETRY = seconds(1);
type Family = 4 | 6;

export interface ReceiversOptions {
  readonly clock: Clock;
  readonly kernel: BfdKernel;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly onDatagram: (datagram: UdpDatagram) => void;
  /** `problems` may be another now. */
  readonly changed: () => void;
}

/** One socket for each family that has sessions, on the port of RFC 5881. */
export class Receivers {
  readonly #options: ReceiversOptions;
  readonly #open = new Map<Family, UdpListener>();
  readonly #problems = new Map<Family, string>();
  #wanted: ReadonlySet<Family> = new Set();
  readonly #retry: Scheduled = { due: () => this.#settle() };

  constructor(options: ReceiversOptions) {
    this.#options = options;
  }

  /** Why nothing is heard over a family. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  /** Opens what is wanted and closes the rest. */
  want(families: ReadonlySet<Family>): void {
    this.#wanted = families;
    this.#settle();
  }

  close(): void {
    this.want(new Set());
  }

  #settle(): void {
    const { schedule, clock } = this.#options;
    for (const [family, listener] of this.#open) {
      if (this.#wanted.has(family)) continue;
      listener.close();
      this.#open.delete(family);
    }
    for (const family of this.#problems.keys()) if (!this.#wanted.has(family)) this.#note(family, undefined);
    for (const family of this.#wanted) if (!this.#open.has(family)) this.#openOne(family);
    schedule.set(this.#retry, this.#problems.size > 0 ? after(clock.now(), RETRY) : undefined);
  }

  #openOne(family: Family): void {
    const { kernel, logger, onDatagram } = this.#options;
    try {
      const onError = (error: Error): void => logger.warn(`receiving BFD over IPv${family}: ${error.message}`);
      this.#open.set(family, kernel.openUdpListener({ family, port: CONTROL_PORT, onDatagram, onError }));
      this.#note(family, undefined);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const hint = reason.includes('EADDRINUSE') ? '; is another BFD daemon running?' : '';
      this.#note(family, `no BFD over IPv${family}: ${reason}${hint}`);
    }
  }

  #note(family: Family, problem: string | undefined): void {
    if (this.#problems.get(family) === problem) return;
    if (problem === undefined) this.#problems.delete(family);
    else {
      this.#problems.set(family, problem);
      this.#options.logger.error(problem);
    }
    this.#options.changed();
  }
}
