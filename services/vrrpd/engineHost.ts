import type { SchedulingConfig } from '../shared/config/scheduling.js';
import type { BootText } from '../shared/kernel/linkPorts.js';
import type { Kernel } from '../shared/kernel/ports.js';
import type { Logger } from '../shared/log/logger.js';
import type { Clock } from '../shared/time/clock.js';
import type { InstanceConfig } from './config/model.js';
import type { ResumeRecord } from './resumeRecord.js';
import type { KnownTracker } from './track/registry.js';
import type { OpenWatch } from './track/watch.js';
import type { GroupRuntime, Transition, VirtualRouter } from './virtualRouter.js';

/** Something changed: a transition, or without one a tracker, a priority, the configuration. */
export interface EngineChange {
  readonly transition?: Transition;
  readonly routers: readonly VirtualRouter[];
  readonly groups: readonly GroupRuntime[];
  readonly removedRouters?: readonly string[];
  readonly removedGroups?: readonly string[];
  /** The configuration of an instance that is no longer in force, whose last transition this is. */
  readonly departed?: InstanceConfig;
  /** Something to tell people and scripts that is no change of state. */
  readonly notice?: Notice;
  /** A configuration that is not the first was put in force. */
  readonly reloaded?: boolean;
  /** Trackers whose reading is another one now. */
  readonly trackers?: readonly KnownTracker[];
  /** What happened besides, in words. */
  readonly note?: string;
}

/** `lower-priority`: a master heard an advertisement of lower priority; `priority`: its own priority is another one now. */
export interface Notice {
  readonly kind: 'lower-priority' | 'priority';
  readonly router: VirtualRouter;
}

/** The world as the engine gets it. */
export interface EngineHost {
  readonly clock: Clock;
  readonly kernel: Kernel;
  readonly logger: Logger;
  readonly resume: ResumeRecord;
  /** Keeps what was changed on this machine beside addresses. */
  readonly machine: BootText;
  /** Opens what watches scripts, files and processes. */
  readonly openWatch: OpenWatch;
  /** Runs a task after the sockets that are readable now had their turn. */
  readonly defer: (task: () => void) => void;
  /** Has the process scheduled like this; returns what is not possible here, by keyword. */
  readonly applyScheduling: (wanted: SchedulingConfig) => readonly string[];
  /** Told of every change, after its kernel work is done. Must not throw. */
  readonly changed: (change: EngineChange) => void;
}
