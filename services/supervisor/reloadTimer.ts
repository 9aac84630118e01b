/** Reloads at the time a `reload_time_file` names. */
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { ReloadSettings } from '../shared/config/reloadSettings.js';
import type { Logger } from '../shared/log/logger.js';
import { removeIfThere } from '../shared/rpc/pidFile.js';
import type { Clock } from '../shared/time/clock.js';
import { parseReloadTime, RELOAD_TIME_FORMS } from './reloadTime.js';

/** The wall clock may be set while we wait: it is looked at again this often. */
const LOOK_AGAIN_MS = 10_000;

export interface ReloadTimerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reload: () => void;
}

type Watched = Pick<ReloadSettings, 'timeFile' | 'repeat'>;

export class ReloadTimer {
  readonly #options: ReloadTimerOptions;
  #settings: Watched = { repeat: false };
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due: Date | undefined;

  constructor(options: ReloadTimerOptions) {
    this.#options = options;
  }

  /** When the next reload is due; undefined: no time is set. */
  get due(): Date | undefined {
    return this.#due;
  }

  /** Follows the file that a configuration in force names, from the beginning. */
  follow(settings: Watched): void {
    this.close();
    this.#settings = settings;
    const { timeFile } = settings;
    if (timeFile === undefined) return;
    try {
      // Its directory, since it comes and goes.
      this.#watcher = watch(dirname(timeFile), { persistent: false }, (_kind, name) => {
        if (name === null || name === basename(timeFile)) this.#read(timeFile);
      });
      this.#watcher.on('error', (error) => this.#cannotWatch(timeFile, error));
    } catch (error) {
      this.#cannotWatch(timeFile, error);
      return;
    }
    this.#read(timeFile);
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#set(undefined);
  }

  #cannotWatch(timeFile: string, error: unknown): void {
    this.#options.logger.warn(
      { err: error },
      `reload_time_file ${timeFile} is not watched until the next reload: its directory must exist`,
    );
    this.close();
  }

  #read(timeFile: string): void {
    const { clock, logger } = this.#options;
    let line: string | undefined;
    try {
      line = readFileSync(timeFile, 'utf8').split('\n', 1)[0] ?? '';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') logger.warn({ err: error }, `${timeFile} cannot be read`);
    }
    // A file that is about to be written is empty for a moment.
    const due = line === undefined || line === '' ? undefined : parseReloadTime(line, clock.wall());
    if (line !== undefined && line !== '' && due === undefined) {
      logger.warn(`${timeFile} names no time: '${line.slice(0, 40)}'; write ${RELOAD_TIME_FORMS}`);
    }
    const future = due !== undefined && due.getTime() > clock.wall().getTime() ? due : undefined;
    if (future?.getTime() === this.#due?.getTime()) return;
    if (future !== undefined) logger.info(`${timeFile}: reload at ${future.toISOString()}`);
    else if (this.#due !== undefined)
      logger.info(`${timeFile}: the reload at ${this.#due.toISOString()} is called off`);
    this.#set(future);
  }

  #set(due: Date | undefined): void {
    clearTimeout(this.#timer);
    this.#due = due;
    if (due === undefined) return;
    const left = due.getTime() - this.#options.clock.wall().getTime();
    if (left <= 0) {
      this.#fire();
      return;
    }
    this.#timer = setTimeout(() => this.#set(due), Math.min(left, LOOK_AGAIN_MS));
    this.#timer.unref();
  }

  #fire(): void {
    const { timeFile, repeat } = this.#settings;
    this.#due = undefined;
    this.#options.logger.info(`reloading at the time that ${timeFile} names`);
    if (timeFile !== undefined && !repeat) {
      try {
        removeIfThere(timeFile);
      } catch (error) {
        this.#options.logger.warn({ err: error }, `${timeFile} cannot be removed: it would count again tomorrow`);
      }
    }
    this.#options.reload();
  }
}
