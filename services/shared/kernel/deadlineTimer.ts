import type { Instant } from '../time/duration.js';
import { check, ERRNO, kernelError, lastErrno, libc, stableBuffer } from './libc.js';
import { Poller } from './poller.js';
import type { DeadlineTimer } from './ports.js';

// linux/timerfd.h, linux/time.h
const CLOCK_MONOTONIC = 1;
const TFD_NONBLOCK = 0o4000;
const TFD_CLOEXEC = 0o2000000;
const TFD_TIMER_ABSTIME = 1;

/**
 * A timerfd with absolute CLOCK_MONOTONIC deadlines: they neither drift nor fire early, and under SCHED_RR a busy
 * machine does not delay them. Up to 50 µs late is ordinary.
 *
 * A timer keeps the process alive until it is closed.
 */
export class TimerfdDeadlineTimer implements DeadlineTimer {
  readonly #fd: number;
  readonly #poller: Poller;
  readonly #onExpire: () => void;
  /** struct itimerspec: it_interval (zero, one-shot), it_value: tv_sec and tv_nsec, 64 bits each. */
  readonly #spec = stableBuffer(32);
  readonly #specWords = new BigInt64Array(this.#spec.buffer);
  readonly #expirations = stableBuffer(8);
  #closed = false;

  /** Throws KernelError. `onError` gets what should not happen: a failing read, an `onExpire` that threw. */
  constructor(onExpire: () => void, onError: (error: Error) => void) {
    this.#onExpire = onExpire;
    this.#fd = check('timerfd_create', libc.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), '');
    this.#poller = new Poller(this.#fd, 'timerfd', { onReadable: () => this.#onReadable(), onError });
  }

  arm(deadline: Instant | undefined): void {
    if (this.#closed) return;
    let sec = 0;
    let nsec = 0;
    if (deadline !== undefined) {
      // Zero would disarm; fractions of a microsecond are rounded up so that the timer is never early.
      const micros = Math.max(deadline, 1);
      sec = Math.floor(micros / 1_000_000);
      nsec = Math.ceil((micros - sec * 1_000_000) * 1000);
      if (nsec >= 1_000_000_000) {
        sec += 1;
        nsec -= 1_000_000_000;
      }
    }
    this.#specWords[2] = BigInt(sec);
    this.#specWords[3] = BigInt(nsec);
    check('timerfd_settime', libc.timerfd_settime(this.#fd, TFD_TIMER_ABSTIME, this.#spec, null), '');
  }

  close(): void {
    this.#closed = true;
    this.#poller.close();
  }

  #onReadable(): void {
    if (libc.read(this.#fd, this.#expirations, 8) < 0) {
      const errno = lastErrno();
      // Armed anew between the wake-up and this read: the old expiry no longer counts.
      if (errno === ERRNO.EAGAIN) return;
      throw kernelError('read', errno, 'timerfd');
    }
    this.#onExpire();
  }
}
