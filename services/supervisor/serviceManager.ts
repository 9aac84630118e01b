/**
 * What systemd is told (sd_notify(3)): ready, reloading, stopping, a line for `systemctl status`, and that we are alive.
 * Anybody else who started us has no NOTIFY_SOCKET, and nothing is told.
 */
import type { Clock } from '../shared/time/clock.js';

/** Sends one message to the service manager; throws when it cannot. */
export type TellManager = (text: string) => void;

export interface ServiceManagerOptions {
  readonly tell: TellManager;
  readonly clock: Clock;
  /** Called with the first failure: a manager that hears nothing will end us sooner or later. */
  readonly onError: (error: unknown) => void;
}

export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  #watchdog: NodeJS.Timeout | undefined;
  #failed = false;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
  }

  /** The suite runs. `status` is shown to people. */
  ready(status: string): void {
    this.#tell(`READY=1\nSTATUS=${oneLine(status)}`);
  }

  /** A reload begins; {@link ready} ends it. systemd wants to know when, on its clock. */
  reloading(): void {
    this.#tell(`RELOADING=1\nMONOTONIC_USEC=${Math.round(this.#options.clock.now())}\nSTATUS=reloading`);
  }

  stopping(status: string): void {
    this.#tell(`STOPPING=1\nSTATUS=${oneLine(status)}`);
  }

  /** Tells every half of `intervalMs` that this process runs, for as long as its event loop does. */
  keepAlive(intervalMs: number): void {
    this.#tell('WATCHDOG=1');
    this.#watchdog = setInterval(() => this.#tell('WATCHDOG=1'), Math.max(1, intervalMs / 2)).unref();
  }

  close(): void {
    clearInterval(this.#watchdog);
  }

  #tell(text: string): void {
    try {
      this.#options.tell(text);
    } catch (error) {
      if (!this.#failed) this.#options.onError(error);
      this.#failed = true;
    }
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

/** Milliseconds after which the manager takes silence for a hang; undefined when it does not watch this process. */
export function watchdogMs(environment: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { WATCHDOG_USEC: interval, WATCHDOG_PID: watched } = environment;
  if (interval === undefined || !/^[1-9][0-9]*$/.test(interval)) return undefined;
  if (watched !== undefined && watched !== String(pid)) return undefined;
  return Number(interval) / 1000;
}
