import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../shared/log/logger.js';
import { clearScript } from '../shared/script/clearance.js';
import {
  type AccountDatabase,
  type IdentitySpec,
  resolveIdentity,
  type ScriptIdentity,
} from '../shared/script/identity.js';
import type { ScriptRunner } from '../shared/script/run.js';
import { millis } from '../shared/time/duration.js';
import type { FifoConfig, NotifyConfig, ScriptConfig } from './config/model.js';
import { Fifo } from './fifo.js';
import { FifoReader } from './fifoReader.js';
import { FIFO_KINDS, type FifoKind } from './job.js';
import type { TaskResult } from './taskResult.js';

export interface FifosOptions {
  readonly accounts: AccountDatabase;
  readonly runner: ScriptRunner;
  readonly log: Logger;
}

interface OpenFifo {
  readonly config: FifoConfig;
  readonly scripts: ScriptConfig;
  readonly fifo: Fifo | undefined;
  readonly reader: FifoReader | undefined;
  /** Why lines do not get there, or are not read. */
  readonly problem: string | undefined;
}

/** The configured FIFO of a kind. */
const configOf = (config: NotifyConfig, kind: FifoKind): FifoConfig | undefined =>
  ({ vrrp: config.vrrpFifo, lvs: config.lvsFifo, common: config.commonFifo })[kind];

/** The notify FIFOs of a configuration, and the scripts that read them. What did not change is left alone. */
export class Fifos {
  readonly #options: FifosOptions;
  readonly #open = new Map<FifoKind, OpenFifo>();

  constructor(options: FifosOptions) {
    this.#options = options;
  }

  /** Opens and closes FIFOs as the configuration says. Never rejects: what cannot be had is a problem, told by `problems`. */
  async configure(config: NotifyConfig): Promise<void> {
    for (const kind of FIFO_KINDS) {
      const wanted = configOf(config, kind);
      const present = this.#open.get(kind);
      const same =
        present?.fifo !== undefined &&
        present.problem === undefined &&
        isDeepStrictEqual(
          withoutPositions(present.config),
          wanted === undefined ? undefined : withoutPositions(wanted),
        ) &&
        isDeepStrictEqual(present.scripts, config.scripts);
      if (same) continue;
      this.#open.delete(kind);
      if (present !== undefined) await close(present);
      if (wanted !== undefined) this.#open.set(kind, await this.#openOne(wanted, config.scripts));
    }
  }

  /** Writes lines to the FIFO of a kind. Never rejects. */
  async write(kind: FifoKind, lines: readonly string[]): Promise<TaskResult> {
    const open = this.#open.get(kind);
    const failure = open === undefined || open.fifo === undefined ? open?.problem : await open.fifo.write(lines);
    return {
      ok: failure === undefined,
      detail: failure ?? 'written',
      duration: millis(0),
      outputTail: '',
      attempts: 1,
      silent: open === undefined,
    };
  }

  /** Path of the FIFO of a kind. */
  path(kind: FifoKind): string {
    return this.#open.get(kind)?.config.path ?? kind;
  }

  problems(): string[] {
    return [...this.#open.values()].flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(close));
  }

  async #openOne(config: FifoConfig, scripts: ScriptConfig): Promise<OpenFifo> {
    const { log } = this.#options;
    try {
      const fifo = await Fifo.open(config.path, await this.#identity(config, scripts), log);
      const { reader, problem } = await this.#startReader(config, scripts);
      if (problem !== undefined) log.error(problem);
      return { config, scripts, fifo, reader, problem };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      log.error(problem);
      return { config, scripts, fifo: undefined, reader: undefined, problem };
    }
  }

  async #startReader(
    { path, script }: FifoConfig,
    scripts: ScriptConfig,
  ): Promise<{ reader: FifoReader | undefined; problem: string | undefined }> {
    if (script === undefined) return { reader: undefined, problem: undefined };
    const { accounts, runner, log } = this.#options;
    const cleared = await clearScript(accounts, script, scripts);
    if (!cleared.ok) return { reader: undefined, problem: `script of FIFO ${path}: ${cleared.reason}` };
    const { argv, identity } = cleared;
    const reader = new FifoReader(runner, { argv: [...argv, path], identity, output: { to: 'tail' } }, log);
    return { reader, problem: undefined };
  }

  async #identity(spec: IdentitySpec, scripts: ScriptConfig): Promise<ScriptIdentity> {
    const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const who = await resolveIdentity(this.#options.accounts, spec, scripts, self);
    if (!who.ok) throw new Error(who.reason);
    return who.identity;
  }
}

async function close({ fifo, reader }: OpenFifo): Promise<void> {
  await reader?.stop();
  fifo?.close();
}

/** Where something stands in the file does not change what it is. */
function withoutPositions({ position: _, script, ...rest }: FifoConfig): unknown {
  if (script === undefined) return rest;
  const { position: __, ...command } = script;
  return { ...rest, script: command };
}
