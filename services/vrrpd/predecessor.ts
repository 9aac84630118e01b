import type { Clock } from '../shared/time/clock.js';
import { elapsed, type Instant, instant } from '../shared/time/duration.js';
import type { InstanceConfig } from './config/model.js';
import { masterDownInterval } from './fsm/timers.js';
import type { GroupBook } from './groupBook.js';
import type { KernelState } from './kernelState.js';
import type { ResumeEntry, ResumeRecord } from './resumeRecord.js';
import type { VirtualRouter } from './virtualRouter.js';

/** What the process before this one left in the resume record, and what this one leaves to the next. */
export class Predecessor {
  readonly #clock: Clock;
  readonly #record: ResumeRecord;
  readonly #routers: ReadonlyMap<string, VirtualRouter>;
  readonly #groups: GroupBook;
  readonly #kernelState: KernelState;
  #entries: ReadonlyMap<string, ResumeEntry> = new Map();
  #loaded = false;

  constructor(
    clock: Clock,
    record: ResumeRecord,
    routers: ReadonlyMap<string, VirtualRouter>,
    groups: GroupBook,
    kernelState: KernelState,
  ) {
    this.#clock = clock;
    this.#record = record;
    this.#routers = routers;
    this.#groups = groups;
    this.#kernelState = kernelState;
  }

  /** What was left, by instance; nothing any more once {@link forget} was called. */
  get entries(): ReadonlyMap<string, ResumeEntry> {
    return this.#entries;
  }

  /** Not before it is needed: until then another process may still write it. */
  load(): void {
    if (this.#loaded) return;
    this.#loaded = true;
    this.#entries = this.#record.load();
  }

  /** Everything that could be resumed was. */
  forget(): void {
    this.#entries = new Map();
  }

  /** What was left of this very virtual router. */
  of(config: InstanceConfig): ResumeEntry | undefined {
    const entry = this.#entries.get(config.name);
    return entry !== undefined && sameIdentity(entry, config) ? entry : undefined;
  }

  /** The record of a predecessor that was MASTER and is not yet missed; of all members when in a sync group. */
  resumable(router: VirtualRouter, now: Instant): ResumeEntry | undefined {
    const group = this.#groups.groupOf(router.name);
    const members = group === undefined ? [router] : this.#groups.membersOf(group.name);
    for (const member of members) {
      const entry = this.of(member.config);
      const { settings } = member.state;
      if (entry === undefined || !entry.master || member.faults.length > 0) return undefined;
      const silentFor = elapsed(entry.lastAdvertAt, now);
      if (silentFor < 0 || silentFor >= masterDownInterval(settings, settings.advertInterval)) return undefined;
    }
    return this.#entries.get(router.name);
  }

  /** Whether any router can go on where the predecessor ended. */
  mayResume(): boolean {
    const now = this.#clock.now();
    for (const router of this.#routers.values()) if (this.resumable(router, now) !== undefined) return true;
    return false;
  }

  /** Writes the record anew: who is recorded, and where each stands. */
  layoutRecord(): void {
    this.#record.layout([
      this.#kernelState.record(),
      ...[...this.#routers.values()].map((router) => {
        const { config, state } = router;
        // Until it is resumed, what a predecessor left must survive another crash.
        const before = router.started ? undefined : this.#entries.get(router.name);
        const lastAdvertAt = state.kind === 'master' ? state.lastAdvertAt : instant(0);
        return {
          instance: config.name,
          interface: config.interface,
          vrid: config.vrid,
          family: config.family,
          version: config.version,
          foreign: [...router.foreignAddresses, ...this.#kernelState.foreignOf(config)],
          master: before?.master ?? state.kind === 'master',
          lastAdvertAt: before?.lastAdvertAt ?? lastAdvertAt,
        };
      }),
    ]);
  }
}

function sameIdentity(entry: ResumeEntry, config: InstanceConfig): boolean {
  return (
    entry.interface === config.interface &&
    entry.vrid === config.vrid &&
    entry.family === config.family &&
    entry.version === config.version
  );
}
