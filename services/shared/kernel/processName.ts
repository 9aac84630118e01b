/** What ps and top show as the command of this process; its arguments stay as they are. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Of the thread that the process began with (proc(5)). */
const FILE = '/proc/self/comm';

export const readProcessName = (): string => readFileSync(FILE, 'utf8').trimEnd();

/** The kernel keeps the first 15 bytes. Throws the file system's error. */
export const setProcessName = (name: string): void => writeFileSync(FILE, name);
