/** Keeps what IPVS has beside its table as configured: connection timeouts and sync daemons. */
import type { BootText } from '../shared/kernel/linkPorts.js';
import type { Logger } from '../shared/log/logger.js';
import type { ConnectionTimeouts, IpvsConfig, SyncDaemonConfig } from './config/model.js';
import type { IpvsKernel, OperationResult } from './kernel.js';
import {
  type DaemonOperation,
  describeDaemonOperation,
  desiredDaemons,
  reconcileDaemons,
  type SyncDaemon,
  type SyncRole,
} from './syncDaemon.js';
import { changedTimeoutsText, readChangedTimeouts, restoredTimeouts, timeoutChanges } from './timeouts.js';

/** What bringing the kernel up to date did. */
export interface ControlOutcome {
  readonly operations: number;
  readonly errors: readonly string[];
}

export class Controls {
  readonly #logger: Logger;
  readonly #record: BootText | undefined;
  #timeouts: ConnectionTimeouts = {};
  /** To be set once: what the last configuration asked for and this one does not. */
  #restored: ConnectionTimeouts = {};
  #syncDaemon: SyncDaemonConfig | undefined;
  #role: SyncRole | undefined;
  /** Timeouts as they were before us: what is not configured any more goes back to them (keepalived.conf(5), lvs_timeouts). */
  #original: ConnectionTimeouts | undefined;
  /** Daemons are ours from the first configuration that asks for them until they have been stopped. */
  #daemonsAreOurs = false;
  #running: readonly SyncDaemon[] = [];
  /** Those that run, as we asked for them. */
  #asked: readonly SyncDaemon[] = [];

  /** `record`: what a predecessor that was killed or replaced changed; absent: nobody will know. */
  constructor(logger: Logger, record?: BootText) {
    this.#logger = logger;
    this.#record = record;
    const left = this.#leftTimeouts();
    this.#original = left?.original;
    this.#timeouts = left?.ours ?? {};
  }

  /** IPVS is needed for them. */
  get needed(): boolean {
    return this.#syncDaemon !== undefined || this.#daemonsAreOurs || Object.keys(this.#timeouts).length > 0;
  }

  /** The instance whose state decides between the daemons. */
  get instance(): string | undefined {
    return this.#syncDaemon?.instance;
  }

  /** The daemons as last seen. */
  get running(): readonly SyncDaemon[] {
    return this.#running;
  }

  configure({ timeouts, syncDaemon }: IpvsConfig): void {
    this.#restored = restoredTimeouts(this.#original ?? {}, this.#timeouts, timeouts);
    this.#timeouts = timeouts;
    this.#syncDaemon = syncDaemon;
    if (syncDaemon !== undefined) this.#daemonsAreOurs = true;
  }

  /** Another role; true when it matters. */
  follow(role: SyncRole): boolean {
    const before = this.#role;
    this.#role = role;
    return (
      role.instance === this.instance &&
      (before?.instance !== role.instance ||
        before.master !== role.master ||
        before.virtualRouterId !== role.virtualRouterId)
    );
  }

  /** Makes the kernel agree. Throws what reading from the kernel throws. */
  async converge(kernel: IpvsKernel): Promise<ControlOutcome> {
    const errors: string[] = [];
    let operations = 0;
    const did = (what: string, result: OperationResult): void => {
      if (result.ok) {
        operations++;
        this.#logger.info(`IPVS: ${what}`);
      } else errors.push(`cannot ${what}: ${result.error.code}${daemonAdvice(result.error.code)}`);
    };
    await this.#convergeTimeouts(kernel, did);
    await this.#convergeDaemons(kernel, did);
    return { operations, errors };
  }

  /** Stops the daemons that are ours and gives the timeouts back. */
  async stop(kernel: IpvsKernel): Promise<void> {
    await this.#stopDaemons(kernel);
    const restored = restoredTimeouts(this.#original ?? {}, this.#timeouts, {});
    this.#timeouts = {};
    if (Object.keys(restored).length === 0) return;
    const result = await kernel.setTimeouts(restored);
    if (result.ok) this.#noteTimeouts();
    else this.#logger.warn(`IPVS: the connection timeouts stay as they are: ${result.error.message}`);
  }

  #leftTimeouts() {
    try {
      const text = this.#record?.load();
      return text === undefined ? undefined : readChangedTimeouts(text);
    } catch (error) {
      this.#logger.warn({ err: error }, 'IPVS: what a predecessor changed about connection timeouts cannot be read');
      return undefined;
    }
  }

  /** Keeps for a successor what is changed about the timeouts now. */
  #noteTimeouts(): void {
    try {
      this.#record?.save(changedTimeoutsText({ original: this.#original ?? {}, ours: this.#timeouts }));
    } catch (error) {
      this.#logger.warn(
        { err: error },
        'IPVS: if ipvsd were killed now, its successor could not give the connection timeouts back',
      );
    }
  }

  async #stopDaemons(kernel: IpvsKernel): Promise<void> {
    if (!this.#daemonsAreOurs) return;
    for (const daemon of await kernel.daemons()) {
      const result = await kernel.runDaemon({ kind: 'stop', daemon });
      if (!result.ok) this.#logger.warn(`IPVS: the ${daemon.state} sync daemon runs on: ${result.error.message}`);
    }
    this.#daemonsAreOurs = false;
    this.#running = [];
    this.#asked = [];
  }

  async #convergeTimeouts(kernel: IpvsKernel, did: (what: string, result: OperationResult) => void): Promise<void> {
    if (this.#original === undefined && Object.keys(this.#timeouts).length === 0) return;
    const current = await kernel.timeouts();
    this.#original ??= current;
    const changes = timeoutChanges({ ...this.#restored, ...this.#timeouts }, current);
    this.#restored = {};
    if (changes === undefined) return;
    // Before they are changed: afterwards nobody could tell.
    this.#noteTimeouts();
    const words = Object.entries(changes).map(([name, seconds]) => `${name} ${seconds} s`);
    did(`set the connection timeouts to ${words.join(', ')}`, await kernel.setTimeouts(changes));
  }

  async #convergeDaemons(kernel: IpvsKernel, did: (what: string, result: OperationResult) => void): Promise<void> {
    if (!this.#daemonsAreOurs) return;
    const desired = this.#syncDaemon === undefined ? [] : desiredDaemons(this.#syncDaemon, this.#role);
    const running = await kernel.daemons();
    const operations: readonly DaemonOperation[] =
      desired === undefined ? [] : reconcileDaemons(desired, running, this.#asked);
    for (const operation of operations) {
      const result = await kernel.runDaemon(operation);
      did(describeDaemonOperation(operation), result);
      if (result.ok) this.#note(operation);
    }
    this.#running = operations.length === 0 ? running : await kernel.daemons();
    if (this.#syncDaemon === undefined) this.#daemonsAreOurs = this.#running.length > 0;
  }

  #note({ kind, daemon }: DaemonOperation): void {
    const others = this.#asked.filter(({ state }) => state !== daemon.state);
    this.#asked = kind === 'start' ? [...others, daemon] : others;
  }
}

/** What to do about a refused daemon. */
function daemonAdvice(code: string): string {
  switch (code) {
    case 'ENODEV':
      return '; there is no such interface: correct lvs_sync_daemon';
    case 'EADDRNOTAVAIL':
      return '; the interface has no address: give it one or correct lvs_sync_daemon';
    case 'EINVAL':
      return '; the kernel takes no such option: look at id, maxlen, port, ttl and group of lvs_sync_daemon';
    case 'EPERM':
      return '; run with the capability NET_ADMIN';
    default:
      return '';
  }
}
