/** FILE_CHECK: the number in a file moves the weight or, with weight 0, says up and down. Standing: reports with every change. */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { readFileNumber } from '../../shared/kernel/fileNumber.js';
import { readNumberFile } from '../../shared/kernel/numberFile.js';
import type { CheckResult } from '../checker.js';
import type { FileCheckConfig } from '../config/checkerModel.js';

/** How often a file is read whose folder cannot be watched. */
const POLL_MS = 1000;
/** A change is read once the writer had this long: shells empty a file before they write it. */
const SETTLE_MS = 5;
/** From here on downwards the server is down (keepalived.conf(5), track_file). */
const FAULT = -(2 ** 31);

/**
 * The number at the beginning of a file; 0 when there is none or no file, as in keepalived; undefined when it is out of range:
 * then the last one stays.
 */
function readNumber(path: string): number | undefined {
  const content = readNumberFile(path);
  return content.ok ? readFileNumber(content.text) : 0;
}

/** What a number means. */
export function judgeNumber(
  value: number,
  { weight, reverse }: Pick<FileCheckConfig, 'weight' | 'reverse'>,
): CheckResult {
  if (weight === 0) {
    const up = reverse ? value !== 0 : value === 0;
    return up ? { kind: 'success' } : { kind: 'failure', reason: `its number is ${value}` };
  }
  const change = value * weight * (reverse ? -1 : 1);
  if (change <= FAULT) return { kind: 'failure', reason: `its number ${value} times ${weight} is ${FAULT} or less` };
  return { kind: 'success', weight: { add: Math.min(change, 2 ** 31 - 1) } };
}

/** Watches a file; see Prober.start. */
export function startFileCheck(config: FileCheckConfig, ended: (result: CheckResult) => void): () => void {
  const { path } = config;
  let last: number | undefined;
  let watcher: FSWatcher | undefined;
  let over = false;
  let settle: NodeJS.Timeout | undefined;
  const look = (): void => {
    settle = undefined;
    if (over) return;
    const value = readNumber(path);
    if (value === undefined || value === last) return;
    last = value;
    ended(judgeNumber(value, config));
  };
  const lookSoon = (): void => {
    settle ??= setTimeout(look, SETTLE_MS);
  };
  // Watching may lose a change in a burst and ends with the folder, so the file is looked at now and then as well.
  const poll = setInterval(() => {
    watcher ??= watchFolder(path, lookSoon, () => {
      watcher = undefined;
    });
    look();
  }, POLL_MS);
  watcher = watchFolder(path, lookSoon, () => {
    watcher = undefined;
  });
  setImmediate(look);
  return () => {
    over = true;
    clearInterval(poll);
    clearTimeout(settle);
    watcher?.close();
  };
}

/** Watches the folder: a file is often replaced by renaming another one to it. */
function watchFolder(path: string, changed: () => void, lost: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_, name) => {
      if (name === null || name === basename(path)) changed();
    });
    watcher.on('error', () => {
      watcher.close();
      lost();
    });
    return watcher;
  } catch {
    return undefined;
  }
}
