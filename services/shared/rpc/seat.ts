import type { Logger } from '../log/logger.js';
import { pidPath, socketPath, sparePidPath, spareSocketPath } from './paths.js';
import { removePidFile, writePidFile } from './pidFile.js';
import { type Pulse, pulsePath } from './pulse.js';
import type { RpcServer } from './server.js';
import type { ServiceName } from './service.js';

/** The names under which a process of a service is found: its own, or those of the spare until that takes over. */
export class Seat {
  readonly #runDir: string;
  readonly #name: ServiceName;
  readonly #logger: Logger;
  #server: RpcServer | undefined;
  #pulse: Pulse | undefined;
  #standby: boolean;

  constructor(runDir: string, name: ServiceName, standby: boolean, logger: Logger) {
    this.#runDir = runDir;
    this.#name = name;
    this.#standby = standby;
    this.#logger = logger;
  }

  get standby(): boolean {
    return this.#standby;
  }

  get socket(): string {
    return this.#standby ? spareSocketPath(this.#runDir, this.#name) : socketPath(this.#runDir, this.#name);
  }

  get pidFile(): string {
    return this.#standby ? sparePidPath(this.#runDir, this.#name) : pidPath(this.#runDir, this.#name);
  }

  /** The socket is served: the process id is told too. A disk that is full is no reason not to serve. */
  begin(server: RpcServer, pulse: Pulse): void {
    this.#server = server;
    this.#pulse = pulse;
    try {
      writePidFile(this.pidFile);
    } catch (error) {
      this.#logger.error({ err: error, file: this.pidFile }, 'the pid file cannot be written: going on without it');
    }
  }

  /** This process serves now. What its predecessor left is replaced; a file that cannot be is logged, nothing more. */
  take(): void {
    if (!this.#standby) return;
    const sparePid = this.pidFile;
    this.#standby = false;
    try {
      // Before the socket: who connects looks for it.
      this.#pulse?.moveTo(pulsePath(this.socket));
      this.#server?.moveTo(this.socket);
      writePidFile(this.pidFile);
      removePidFile(sparePid);
    } catch (error) {
      this.#logger.error({ err: error }, `${this.#name} serves, but cannot be found under its name`);
    }
  }
}
