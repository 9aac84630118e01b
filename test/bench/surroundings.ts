/** What else the machine does while the bench measures, and how to keep that out. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** How often new processes are looked for. */
const LOOK_MS = 200;
/** Nearly all of the processor where somebody else wants it too. */
const PREFERRED = -18;

/** What the processors did, in ticks since the boot (proc_stat(5)). */
function processorTicks(): { readonly total: number; readonly busy: number; readonly stolen: number } {
  const fields = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '').split(' ').map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, stolen = 0] = fields;
  const busy = user + nice + system + irq + softirq;
  return { total: busy + idle + wait + stolen, busy, stolen };
}

/** All processes below one. */
function* descendants(pid: number): Iterable<number> {
  let children: string[] = [];
  try {
    children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
        .split(' ')
        .filter((word) => word !== ''),
    );
  } catch {
    // It ended while we looked.
  }
  for (const child of children.map(Number)) {
    yield child;
    yield* descendants(child);
  }
}

/**
 * Watches the surroundings of a measurement. With `shield` whatever the bench starts, of either program, is preferred to what
 * else runs: sessions share a processor as equals (sched(7), autogroup), and a program of six sessions would otherwise get a
 * larger part of a busy machine than one of two.
 */
export class Surroundings {
  readonly #before = processorTicks();
  readonly #loads = [loadavg()[0] ?? 0];
  readonly #preferred = new Set<number>();
  readonly #looking: NodeJS.Timeout;

  constructor(shield: boolean) {
    this.#looking = setInterval(() => {
      this.#loads.push(loadavg()[0] ?? 0);
      if (shield) this.#shield();
    }, LOOK_MS).unref();
    if (shield) this.#shield();
  }

  /** Ends the watch; in words, what there was. */
  end(): string {
    clearInterval(this.#looking);
    const after = processorTicks();
    const total = Math.max(1, after.total - this.#before.total);
    const part = (ticks: number): string => `${((ticks / total) * 100).toFixed(0)} %`;
    const [least, most] = [Math.min(...this.#loads), Math.max(...this.#loads)];
    return `load ${least.toFixed(1)} to ${most.toFixed(1)}, processors busy ${part(after.busy - this.#before.busy)}, stolen by the host ${part(after.stolen - this.#before.stolen)}`;
  }

  #shield(): void {
    for (const pid of [process.pid, ...descendants(process.pid)]) {
      if (this.#preferred.has(pid)) continue;
      this.#preferred.add(pid);
      try {
        writeFileSync(`/proc/${pid}/autogroup`, String(PREFERRED));
      } catch {
        // Gone again, or a kernel without sessions that share.
      }
    }
  }
}
