import type { Logger } from '../shared/log/logger.js';
import type { Clock } from '../shared/time/clock.js';
import { elapsed, type Instant, type Micros, micros, millis, toMillis } from '../shared/time/duration.js';
import type { InstanceConfig, VrrpConfig } from './config/model.js';
import type { ResumeEntry } from './resumeRecord.js';
import type { SpeakerRight } from './speakerLock.js';

/** So many intervals without an advertisement, and the process that should send them hangs … */
const OVERDUE_INTERVALS = 2;
/** … but not before this: a collection of V8 is no hang, and killing what only breathes costs more than it saves. */
const SHORTEST_OVERDUE: Micros = millis(100);
/** Looks per overdue time. */
const LOOKS = 8;
/** Wait before looking again when the right is held by somebody who cannot be named. */
const UNKNOWN_HOLDER_MS = 20;

export interface UnderstudyParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly right: SpeakerRight;
  /** Where the process that speaks noted that it stands; undefined when that cannot be read. */
  readonly readResume: () => ReadonlyMap<string, ResumeEntry> | undefined;
  readonly kill: (pid: number) => void;
  /** The right is ours: speak. */
  readonly takeOver: () => void;
}

/**
 * Watches the process that speaks, for one that stands by. Its death is told by the kernel at once. That it hangs shows in
 * the resume record, which it writes with every advertisement: then it is killed first (fenced), so that two never speak.
 */
export class Understudy {
  readonly #parts: UnderstudyParts;
  #stopWatching: (() => void) | undefined;
  #watched: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #instances: ReadonlyMap<string, InstanceConfig> = new Map();
  #lookEvery: Micros = micros(0);
  #lookedAt: Instant | undefined;
  #suspected = false;
  #closed = false;

  constructor(parts: UnderstudyParts) {
    this.#parts = parts;
  }

  /** Begins, or goes on with another configuration. */
  configure(config: VrrpConfig): void {
    this.#instances = new Map(config.instances.map((instance) => [instance.name, instance]));
    const shortest = Math.min(...config.instances.map(overdueAfter));
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (Number.isFinite(shortest)) {
      this.#lookEvery = micros(Math.max(shortest / LOOKS, millis(10)));
      this.#timer = setInterval(() => this.#look(), Math.ceil(toMillis(this.#lookEvery)));
    }
    if (this.#stopWatching === undefined) this.#watch();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  #watch(): void {
    if (this.#closed) return;
    const { right } = this.#parts;
    const holder = right.holder();
    this.#watched = holder;
    if (holder === undefined) {
      this.#attempt();
      return;
    }
    this.#stopWatching = right.watch(holder, () => {
      this.#stopWatching = undefined;
      this.#attempt();
    });
  }

  #attempt(): void {
    if (this.#closed) return;
    const { right, takeOver, logger } = this.#parts;
    try {
      if (right.take().ok) {
        this.close();
        takeOver();
        return;
      }
    } catch (error) {
      logger.error({ err: error }, 'cannot take over: the lock of the process that speaks cannot be had');
    }
    const timer = setTimeout(() => this.#watch(), UNKNOWN_HOLDER_MS);
    this.#stopWatching = () => clearTimeout(timer);
  }

  #look(): void {
    const { clock, readResume, logger, kill } = this.#parts;
    const now = clock.now();
    const since = this.#lookedAt === undefined ? 0 : elapsed(this.#lookedAt, now);
    this.#lookedAt = now;
    // When we did not run, neither did it, perhaps: let it have its turn first.
    if (since > 3 * this.#lookEvery || this.#watched === undefined) {
      this.#suspected = false;
      return;
    }
    const late = overdue(readResume(), this.#instances, now);
    if (late !== undefined && this.#suspected) {
      const silence = (toMillis(late.silentFor) / 1000).toFixed(2);
      logger.warn(
        { instance: late.name },
        `vrrpd (pid ${this.#watched}) has not advertised for ${silence} s although it is master: killed, to take over`,
      );
      this.#suspected = false;
      kill(this.#watched);
      return;
    }
    this.#suspected = late !== undefined;
  }
}

/** How long a master may be late before it counts as hung. */
export const overdueAfter = ({ advertInterval }: Pick<InstanceConfig, 'advertInterval'>): number =>
  Math.max(OVERDUE_INTERVALS * advertInterval, SHORTEST_OVERDUE);

/** The first master whose advertisement is overdue. */
function overdue(
  record: ReadonlyMap<string, ResumeEntry> | undefined,
  instances: ReadonlyMap<string, InstanceConfig>,
  now: Instant,
): { readonly name: string; readonly silentFor: Micros } | undefined {
  for (const { instance: name, master, lastAdvertAt } of record?.values() ?? []) {
    const config = instances.get(name);
    if (config === undefined || !master) continue;
    const silentFor = elapsed(lastAdvertAt, now);
    if (silentFor > overdueAfter(config)) return { name, silentFor };
  }
  return undefined;
}
