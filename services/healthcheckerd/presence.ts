/** `ha_suspend`: which virtual servers pause because their address is not on this machine. */
import type { Logger } from '../shared/log/logger.js';
import { after, type Instant, type Micros, seconds } from '../shared/time/duration.js';
import type { VirtualRuntime } from './runtime.js';

/** How often it is looked whether an address is here. */
const PRESENCE_INTERVAL: Micros = seconds(1);

export class Presence {
  readonly #localAddresses: () => ReadonlySet<string>;
  readonly #logger: Logger;
  /** Addresses vrrpd has put on this machine. */
  #vrrpAddresses: ReadonlySet<string> = new Set();
  #lookAt: Instant | undefined;

  /** `localAddresses`: the addresses this machine has, as text. */
  constructor(localAddresses: () => ReadonlySet<string>, logger: Logger) {
    this.#localAddresses = localAddresses;
    this.#logger = logger;
  }

  /** When `update` wants to be called next. */
  nextDeadline(): Instant | undefined {
    return this.#lookAt;
  }

  /** vrrpd's addresses changed. */
  inform(addresses: ReadonlySet<string>): void {
    this.#vrrpAddresses = addresses;
  }

  /** Looks at all virtual servers; those whose suspension changed are returned. */
  update(virtuals: Iterable<VirtualRuntime>, now: Instant): VirtualRuntime[] {
    const all = [...virtuals];
    const watched = all.some(({ config }) => config.haSuspend);
    this.#lookAt = watched ? after(now, PRESENCE_INTERVAL) : undefined;
    const local = watched ? this.#localAddresses() : new Set<string>();
    return all.filter((virtual) => {
      const { addresses } = virtual.targets;
      const here = addresses.some((address) => this.#vrrpAddresses.has(address) || local.has(address));
      const suspended = virtual.config.haSuspend && addresses.length > 0 && !here;
      if (virtual.suspended === suspended) return false;
      virtual.suspended = suspended;
      const why = suspended ? 'suspended: its address is not on this machine' : 'resumed: its address is here';
      this.#logger.info(`checks of virtual server ${virtual.name} ${why}`);
      return true;
    });
  }

  stop(): void {
    this.#lookAt = undefined;
  }
}
