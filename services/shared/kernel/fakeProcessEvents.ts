import { fakeError } from './fakeErrors.js';
import type { OpenProcessMonitor, ProcessEvent, ProcessMonitorEvents } from './processEvents.js';

/** Processes that start and end when a test says so. */
export class FakeProcessMonitor {
  /** Set: opening fails with this code. */
  refuses: string | undefined;
  #events: ProcessMonitorEvents | undefined;

  readonly open: OpenProcessMonitor = (events) => {
    if (this.refuses !== undefined) throw fakeError('sendto', this.refuses);
    this.#events = events;
    return {
      close: () => {
        this.#events = undefined;
      },
    };
  };

  get isOpen(): boolean {
    return this.#events !== undefined;
  }

  tell(event: ProcessEvent): void {
    this.#events?.onEvent(event);
  }

  lose(): void {
    this.#events?.onLost();
  }
}
