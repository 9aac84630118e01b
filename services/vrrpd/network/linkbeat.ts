import type { CarrierMethod, LinkControl } from '../../shared/kernel/linkPorts.js';
import type { Schedule, Scheduled } from '../../shared/kernel/schedule.js';
import type { Clock } from '../../shared/time/clock.js';
import { after, seconds } from '../../shared/time/duration.js';
import type { LinkbeatConfig } from '../config/model.js';

/** keepalived polls as often. */
const INTERVAL = seconds(1);
const METHODS: readonly CarrierMethod[] = ['mii', 'ethtool', 'ioctl'];

/** Asks drivers for the carrier of interfaces whose link state the kernel does not report (`linkbeat_interfaces`). */
export class Linkbeat implements Scheduled {
  readonly #control: LinkControl;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #changed: (name: string, carrier: boolean | undefined) => void;
  readonly #polled = new Map<string, { config: LinkbeatConfig; carrier: boolean | undefined }>();

  /** `changed` is told the carrier when it is another one; undefined: the interface is not polled any more. */
  constructor(
    control: LinkControl,
    clock: Clock,
    schedule: Schedule,
    changed: (name: string, carrier: boolean | undefined) => void,
  ) {
    this.#control = control;
    this.#clock = clock;
    this.#schedule = schedule;
    this.#changed = changed;
  }

  /** Polls these from now on, for the first time at once. */
  configure(configs: readonly LinkbeatConfig[]): void {
    const names = new Set(configs.map((config) => config.interface));
    for (const name of this.#polled.keys()) {
      if (names.has(name)) continue;
      this.#polled.delete(name);
      this.#changed(name, undefined);
    }
    for (const config of configs) {
      const carrier = this.#polled.get(config.interface)?.carrier;
      this.#polled.set(config.interface, { config, carrier });
    }
    this.#poll();
  }

  due(): void {
    this.#poll();
  }

  #poll(): void {
    for (const [name, entry] of this.#polled) {
      const carrier = this.#ask(entry.config);
      if (carrier === entry.carrier) continue;
      entry.carrier = carrier;
      this.#changed(name, carrier);
    }
    this.#schedule.set(this, this.#polled.size === 0 ? undefined : after(this.#clock.now(), INTERVAL));
  }

  #ask({ interface: name, method }: LinkbeatConfig): boolean | undefined {
    for (const one of method === undefined ? METHODS : [method]) {
      const carrier = this.#control.carrier(name, one);
      if (carrier !== undefined) return carrier;
    }
    return undefined;
  }
}
