/** Lint: delays of link changes that outlast the backup's patience. */
import type { Reporter } from '../../../shared/config/reporter.js';
import { type Micros, seconds } from '../../../shared/time/duration.js';
import type { InterfaceDelay } from '../checks/interfaceDelays.js';

/** What the lint needs to know of an instance. */
export interface DelayedInstance {
  readonly name: string;
  readonly advertInterval: Micros;
  readonly downTimerAdverts: number;
  /** Interfaces whose failure means FAULT. */
  readonly interfaces: readonly string[];
}

const inSeconds = (time: Micros): number => Number(time) / Number(seconds(1));

/**
 * A backup takes over `down_timer_adverts` intervals after the last advertisement. A delay has to be shorter than one interval
 * less, or two routers are master until it is over (keepalived.conf(5), "Interface up/down status change debouncing").
 */
export function lintDelays(
  instances: readonly DelayedInstance[],
  delays: ReadonlyMap<string, InterfaceDelay>,
  report: Reporter,
): void {
  for (const { name, advertInterval, downTimerAdverts, interfaces } of instances) {
    const limit = inSeconds(advertInterval) * (downTimerAdverts - 1);
    for (const device of interfaces) {
      const delay = delays.get(device);
      if (delay === undefined) continue;
      const down = inSeconds(delay.down);
      if (down < limit || down === 0) continue;
      const message = `${device}: a down delay of ${down} s is too long for ${name}, whose backup takes over before ${device} counts as down`;
      const hint = `below ${Number(limit.toFixed(6))} s it is safe: advert_int times ${downTimerAdverts - 1}, one advertisement less than down_timer_adverts`;
      report.warning(delay.word, 'delay-too-long', message, hint);
    }
  }
}
