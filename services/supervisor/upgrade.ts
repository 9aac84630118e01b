/** Replaces the services by the installed version, one by one, after the supervisor has replaced itself. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeIfThere } from '../shared/rpc/pidFile.js';
import { SERVICE_NAMES, type ServiceName } from '../shared/rpc/service.js';

/** How long a new process may take until it serves. */
export const REPLACEMENT_LIMIT_MS = 20_000;

/** A process that is to be replaced: by its id, so that one that was replaced meanwhile, or died, is left alone. */
export interface PlannedReplacement {
  readonly name: ServiceName;
  readonly pid: number;
}

/** What an upgrade has to do and has done; kept in a file, for it goes on after the death of any process. */
export interface UpgradeState {
  readonly planned: readonly PlannedReplacement[];
  readonly replaced: readonly ServiceName[];
  readonly running: boolean;
  readonly error: string;
}

const fileIn = (runDir: string): string => join(runDir, 'keepwatchd.upgrade');

/** Writes down what is to be replaced, whole or not at all. Throws the file system's error. */
export function writeUpgrade(runDir: string, planned: readonly PlannedReplacement[]): void {
  const file = fileIn(runDir);
  writeFileSync(`${file}.new`, JSON.stringify(planned), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** What an earlier supervisor wanted replaced; undefined when there is nothing, or the file says nothing. */
export function readUpgrade(runDir: string): readonly PlannedReplacement[] | undefined {
  try {
    const found = JSON.parse(readFileSync(fileIn(runDir), 'utf8')) as { name?: unknown; pid?: unknown }[];
    return found.flatMap(({ name, pid }) => {
      const known = SERVICE_NAMES.find((service) => service === name);
      return known === undefined || typeof pid !== 'number' ? [] : [{ name: known, pid }];
    });
  } catch {
    return undefined;
  }
}

export const removeUpgrade = (runDir: string): void => removeIfThere(fileIn(runDir));

/** The steps of an upgrade, carried out by the suite. */
export interface UpgradeSteps {
  /** The process that serves now; undefined while none does. */
  readonly pidOf: (name: ServiceName) => number | undefined;
  /** Replaces it; throws with the reason why it could not be. */
  readonly replace: (name: ServiceName) => Promise<void>;
  readonly onProgress: (state: UpgradeState) => void;
}

/** Replaces one process after the other. The first that cannot be replaced ends it: the others run on as they are. */
export async function runUpgrade(
  planned: readonly PlannedReplacement[],
  { pidOf, replace, onProgress }: UpgradeSteps,
): Promise<UpgradeState> {
  let state: UpgradeState = { planned, replaced: [], running: true, error: '' };
  onProgress(state);
  for (const { name, pid } of planned) {
    try {
      if (pidOf(name) === pid) await replace(name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      state = { ...state, running: false, error: `${name} was not replaced: ${reason}` };
      onProgress(state);
      return state;
    }
    state = { ...state, replaced: [...state.replaced, name] };
    onProgress(state);
  }
  state = { ...state, running: false };
  onProgress(state);
  return state;
}
