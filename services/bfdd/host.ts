import type { SchedulingConfig } from '../shared/config/scheduling.js';
import type { DeadlineTimer } from '../shared/kernel/ports.js';
import type { UdpListener, UdpListenerOptions, UdpSender, UdpSenderOptions } from '../shared/kernel/udpSocket.js';
import type { Logger } from '../shared/log/logger.js';
import type { Clock } from '../shared/time/clock.js';
import type { ResumeRecord } from './resumeRecord.js';
import type { Session, Transition } from './session.js';

/** What bfdd needs of the kernel; each call throws KernelError when the kernel refuses. */
export interface BfdKernel {
  openDeadlineTimer(onExpire: () => void): DeadlineTimer;
  openUdpListener(options: UdpListenerOptions): UdpListener;
  openUdpSender(options: UdpSenderOptions): UdpSender;
}

/** Something changed: a transition, or without one the configuration or what is known of a session. */
export interface EngineChange {
  readonly transition?: Transition;
  readonly sessions: readonly Session[];
  readonly removed?: readonly string[];
  /** What happened besides, in words. */
  readonly note?: string;
}

/** The world as the engine gets it. */
export interface EngineHost {
  readonly clock: Clock;
  readonly kernel: BfdKernel;
  readonly logger: Logger;
  readonly resume: ResumeRecord;
  /** A random number of 32 bits. */
  readonly random: () => number;
  /** Runs a task after the sockets that are readable now had their turn. */
  readonly defer: (task: () => void) => void;
  /** Has the process scheduled like this; returns what is not possible here, by keyword. */
  readonly applyScheduling: (wanted: SchedulingConfig) => readonly string[];
  /** Told of every change. Must not throw. */
  readonly changed: (change: EngineChange) => void;
  /** `impairments()` may answer differently now. */
  readonly impairmentsChanged: () => void;
}
