import type { OpenProcessMonitor, ProcessEvent, ProcessMonitor } from '../../shared/kernel/processEvents.js';
import type { Clock } from '../../shared/time/clock.js';
import { elapsed, instant, toMillis } from '../../shared/time/duration.js';
import type { TrackProcessConfig } from '../config/model.js';
import type { ProcessResult } from '../track/wire.js';
import { ProcessBook } from './processBook.js';
import { atTurn, type QuorumState, quorumText, UNCOUNTED, withCount } from './processQuorum.js';
import type { ProcessTable } from './procfs.js';

/** How often new processes are looked for where the kernel does not tell of them. Ends are seen at once all the same. */
const SCAN_MS = 1_000;
/** The kernel's answer to our asking comes at once; without one it will not tell. */
const ACK_MS = 500;
/** How often numbers that change nothing are told. */
const COUNT_MS = 1_000;

/** What a watch of processes works with. */
export interface ProcessWatchParts {
  readonly clock: Clock;
  readonly table: ProcessTable;
  readonly openMonitor: OpenProcessMonitor;
  /** Calls back once when a process ends; returns how to stop. Throws when there is no such process. */
  readonly watchExit: (pid: number, onExit: () => void) => () => void;
  readonly tell: (result: ProcessResult) => void;
  /** Why processes are found late here; undefined: they are not. */
  readonly impaired: (text: string | undefined) => void;
  readonly onError: (error: Error) => void;
}

/** Watches processes: the kernel's events where it tells them, otherwise a slow scan for starts and pidfds for ends. */
export class ProcessWatch {
  readonly #parts: ProcessWatchParts;
  #configs: readonly TrackProcessConfig[] = [];
  #book = new ProcessBook([]);
  readonly #states = new Map<string, { config: TrackProcessConfig; state: QuorumState }>();
  #monitor: ProcessMonitor | undefined;
  #acknowledged = false;
  #receiveBuffer: number | undefined;
  #scan: NodeJS.Timeout | undefined;
  #ack: NodeJS.Timeout | undefined;
  #turn: NodeJS.Timeout | undefined;
  /** Definitions whose number changed without consequence and was not told yet. */
  readonly #uncounted = new Set<string>();
  #recountTold: NodeJS.Timeout | undefined;
  readonly #exits = new Map<number, () => void>();

  constructor(parts: ProcessWatchParts) {
    this.#parts = parts;
  }

  /** Watches these from now on; delays and counts of definitions that stay go on. */
  configure(configs: readonly TrackProcessConfig[], receiveBuffer: number | undefined): void {
    this.#configs = configs;
    this.#receiveBuffer = receiveBuffer;
    const names = new Set(configs.map(({ name }) => name));
    for (const name of this.#states.keys()) if (!names.has(name)) this.#states.delete(name);
    this.#book = new ProcessBook(configs);
    if (configs.length === 0) {
      this.close();
      return;
    }
    this.#open();
    this.#rescan();
  }

  close(): void {
    this.#monitor?.close();
    this.#monitor = undefined;
    for (const timer of [this.#scan, this.#ack, this.#turn, this.#recountTold]) clearTimeout(timer);
    this.#scan = undefined;
    this.#recountTold = undefined;
    for (const stop of this.#exits.values()) stop();
    this.#exits.clear();
    this.#parts.impaired(undefined);
  }

  #open(): void {
    if (this.#monitor !== undefined || this.#scan !== undefined) return;
    this.#acknowledged = false;
    try {
      this.#monitor = this.#parts.openMonitor(
        {
          onEvent: (event) => this.#event(event),
          onLost: () => this.#rescan(),
          onError: this.#parts.onError,
        },
        this.#receiveBuffer,
      );
    } catch (error) {
      this.#fallBack(error instanceof Error ? error.message : String(error));
      return;
    }
    // A kernel that does not mean to tell us anything (user or process namespace) keeps silent.
    this.#ack = setTimeout(() => {
      if (!this.#acknowledged) this.#fallBack('the kernel does not answer');
    }, ACK_MS);
  }

  #fallBack(why: string): void {
    this.#monitor?.close();
    this.#monitor = undefined;
    clearTimeout(this.#ack);
    const slow = `new processes are looked for once in ${SCAN_MS} ms, since the kernel does not tell of them here (proc connector: ${why})`;
    this.#parts.impaired(slow);
    const scan = (): void => {
      this.#scan = setTimeout(scan, SCAN_MS);
      this.#rescan();
    };
    this.#scan = setTimeout(scan, SCAN_MS);
    this.#watchExits();
  }

  #event(event: ProcessEvent): void {
    switch (event.kind) {
      case 'ack':
        if (event.errno === 0) this.#acknowledged = true;
        else this.#fallBack(`errno ${event.errno}`);
        return;
      case 'fork':
        this.#book.forked(event.parent, event.pid);
        break;
      case 'exec':
      case 'comm':
        this.#look(event.pid);
        break;
      case 'exit':
        this.#book.gone(event.pid);
    }
    this.#recount();
  }

  #look(pid: number): void {
    const facts = this.#parts.table.facts(pid);
    if (facts === undefined) this.#book.gone(pid);
    else this.#book.seen(pid, facts);
  }

  #rescan(): void {
    const pids = this.#parts.table.pids();
    this.#book.retain(new Set(pids));
    for (const pid of pids) this.#look(pid);
    if (this.#scan !== undefined) this.#watchExits();
    this.#recount();
  }

  /** Without the kernel's events a pidfd tells of the end of each process that counts. */
  #watchExits(): void {
    const members = new Set(this.#book.members());
    for (const [pid, stop] of this.#exits) {
      if (members.has(pid)) continue;
      stop();
      this.#exits.delete(pid);
    }
    for (const pid of members) {
      if (this.#exits.has(pid)) continue;
      try {
        const stop = this.#parts.watchExit(pid, () => {
          this.#exits.delete(pid);
          this.#book.gone(pid);
          this.#recount();
        });
        this.#exits.set(pid, stop);
      } catch {
        // It ended meanwhile.
        this.#book.gone(pid);
      }
    }
  }

  #recount(): void {
    const now = this.#parts.clock.now();
    for (const config of this.#configs) {
      const known = this.#states.get(config.name);
      const before = known?.state ?? UNCOUNTED;
      const count = this.#book.count(config.name);
      if (known !== undefined && before.count === count && sameQuorum(known.config, config)) continue;
      this.#put(config, before, withCount(before, count, config, now));
    }
    this.#armTurn();
  }

  #put(config: TrackProcessConfig, before: QuorumState, state: QuorumState): void {
    this.#states.set(config.name, { config, state });
    if (before.good !== state.good) this.#tell(config, state);
    else if (before.count !== state.count) {
      // A server that forks for every request must not keep vrrpd busy with numbers that change nothing.
      this.#uncounted.add(config.name);
      this.#recountTold ??= setTimeout(() => this.#tellCounts(), COUNT_MS);
    }
  }

  #tell(config: TrackProcessConfig, state: QuorumState): void {
    if (state.good === undefined) return;
    this.#uncounted.delete(config.name);
    const detail = quorumText(state, config);
    this.#parts.tell({ kind: 'process', name: config.name, at: this.#parts.clock.now(), good: state.good, detail });
  }

  #tellCounts(): void {
    this.#recountTold = undefined;
    for (const name of this.#uncounted) {
      const known = this.#states.get(name);
      if (known !== undefined) this.#tell(known.config, known.state);
    }
    this.#uncounted.clear();
  }

  #armTurn(): void {
    clearTimeout(this.#turn);
    const times = [...this.#states.values()].flatMap(({ state }) => state.turnsAt ?? []);
    if (times.length === 0) return;
    const next = instant(Math.min(...times));
    const wait = Math.max(0, Math.ceil(toMillis(elapsed(this.#parts.clock.now(), next))));
    this.#turn = setTimeout(() => {
      const now = this.#parts.clock.now();
      for (const { config, state } of [...this.#states.values()]) this.#put(config, state, atTurn(state, config, now));
      this.#armTurn();
    }, wait);
  }
}

const sameQuorum = (a: TrackProcessConfig, b: TrackProcessConfig): boolean =>
  a.quorum === b.quorum && a.quorumMax === b.quorumMax;
