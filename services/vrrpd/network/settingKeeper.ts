import type { LinkControl } from '../../shared/kernel/linkPorts.js';
import type { MachineRecord } from './machineRecord.js';
import type { WantedSetting } from './wantedSettings.js';

/** A value that could not be set. */
export interface SettingProblem {
  readonly text: string;
  /** Virtual interfaces that are of no use because of it. */
  readonly vital: readonly string[];
}

/** Sets values below /proc/sys, and puts back what was there when they are no longer wanted. */
export class SettingKeeper {
  readonly #control: LinkControl;
  readonly #record: MachineRecord;

  constructor(control: LinkControl, record: MachineRecord) {
    this.#control = control;
    this.#record = record;
  }

  /** The value as it was before us, be it the predecessor that changed it. */
  original(path: string): string | undefined {
    return this.#record.settings.get(path)?.original ?? this.#control.readSetting(path);
  }

  /** Brings about what is wanted and puts back the rest; returns what could not be. */
  keep(wanted: readonly WantedSetting[]): SettingProblem[] {
    const problems: SettingProblem[] = [];
    const paths = new Set(wanted.map(({ path }) => path));
    this.#putBack((path) => !paths.has(path));
    for (const setting of wanted) {
      const problem = this.#set(setting);
      if (problem !== undefined) problems.push(problem);
    }
    this.#record.save();
    return problems;
  }

  /** Puts everything back. */
  restore(): void {
    this.#putBack(() => true);
    this.#record.save();
  }

  #set(wanted: WantedSetting): SettingProblem | undefined {
    const { path, value, own } = wanted;
    const current = this.#control.readSetting(path);
    // Not there: no such interface yet, or no IPv6.
    if (current === undefined || this.#holds(wanted, current)) return undefined;
    const ours = String(value);
    if (!own) {
      const original = this.#record.settings.get(path)?.original ?? current;
      this.#record.noteSetting(path, { original, ours });
      // Before it is done: whoever dies in between has it put back.
      this.#record.save();
    }
    try {
      this.#control.writeSetting(path, ours);
      return undefined;
    } catch (error) {
      if (!own) this.#record.forgetSetting(path);
      const detail = error instanceof Error ? error.message : String(error);
      const name = path.replaceAll('/', '.');
      const text = `${name} is ${current} and cannot be set to ${ours}: ${detail}. ${capital(wanted.otherwise)}`;
      return { text: `${text}: set it outside, as with sysctl or the container's --sysctl`, vital: wanted.vital };
    }
  }

  #holds({ compare, value, or }: WantedSetting, current: string): boolean {
    if (compare === 'exactly') return current === String(value);
    return Number(current) >= value || (or !== undefined && Number(this.#control.readSetting(or)) >= value);
  }

  #putBack(unwanted: (path: string) => boolean): void {
    for (const [path, { original, ours }] of [...this.#record.settings].reverse()) {
      if (!unwanted(path)) continue;
      this.#record.forgetSetting(path);
      // Somebody else has changed it since: it is theirs.
      if (this.#control.readSetting(path) !== ours) continue;
      try {
        this.#control.writeSetting(path, original);
      } catch {
        // It could be set, so only the end of its interface between the two calls explains this.
      }
    }
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
