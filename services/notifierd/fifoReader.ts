import type { Logger } from '../shared/log/logger.js';
import { describeOutcome, succeeded } from '../shared/script/outcome.js';
import type { RunningScript, ScriptRequest, ScriptRunner } from '../shared/script/run.js';
import { formatDuration, type Micros, millis, seconds, toMillis } from '../shared/time/duration.js';
import { commandLine } from './scriptTeller.js';

const FIRST_PAUSE: Micros = millis(1000);
const LONGEST_PAUSE: Micros = seconds(60);
/** A reader that ran this long was in order: its next start does not wait long. */
const HEALTHY: Micros = seconds(60);

/** Keeps the script that reads a FIFO (`…_fifo_script`) running. keepalived starts it once; here one that ends is started again. */
export class FifoReader {
  readonly #runner: ScriptRunner;
  readonly #request: ScriptRequest;
  readonly #log: Logger;
  #running: RunningScript | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_PAUSE;
  #stopped = false;

  constructor(runner: ScriptRunner, request: ScriptRequest, log: Logger) {
    this.#runner = runner;
    // As keepalived: the reader does not outlive the daemon.
    this.#request = { ...request, output: { to: 'tail' }, dieWithParent: true };
    this.#log = log;
    this.#start();
  }

  /** Ends the script; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#running?.stop();
    await this.#running?.ended;
  }

  #start(): void {
    const running = this.#runner.run(this.#request);
    this.#running = running;
    void running.ended.then(({ outcome, duration, outputTail }) => {
      if (this.#stopped) return;
      if (duration >= HEALTHY) this.#pause = FIRST_PAUSE;
      const again = `it is started again in ${formatDuration(this.#pause)}`;
      this.#log[succeeded(outcome) ? 'warn' : 'error'](
        { output: outputTail },
        `FIFO script ${commandLine(this.#request.argv)} ended: ${describeOutcome(outcome)}; ${again}`,
      );
      this.#timer = setTimeout(() => this.#start(), toMillis(this.#pause)).unref();
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE) as Micros;
    });
  }
}
