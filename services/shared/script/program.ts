import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { posix } from 'node:path';
import { type PromptPaths, promptPaths } from './mounts.js';
import { walkPath } from './pathFacts.js';
import { findInsecurity } from './security.js';

/** Where a program without a slash is looked for, and the PATH scripts get. */
export const SCRIPT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A program that looks runnable, or why it is not. */
export type ProgramCheck =
  | {
      readonly ok: true;
      /** Absolute path, links not resolved: a script sees the name it was configured by. */
      readonly path: string;
      /** Why somebody other than root could replace it; absent when nobody can. */
      readonly insecurity?: string;
    }
  | {
      readonly ok: false;
      readonly reason: string;
      /** We may not look at it: whoever runs it may be allowed to. */
      readonly unseen?: true;
    };

/** As much of the first line as the kernel reads (BINPRM_BUF_SIZE of linux/binfmts.h). */
const FIRST_LINE_BYTES = 256;

const errorCode = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);

/**
 * Looks at a program before it is run, to say clearly what is wrong with it: missing, not a file, not executable, or
 * naming an interpreter that is not there. Also finds who else could replace it (see `security.ts`).
 */
export async function checkProgram(name: string): Promise<ProgramCheck> {
  if (name === '') return { ok: false, reason: 'the command is empty: name a program' };
  if (name.includes('\0')) return { ok: false, reason: 'the command contains a NUL byte' };
  if (name.includes('/')) {
    // The working directory of a script is `/`, so that is what a relative path is relative to.
    return checkPath(posix.resolve('/', name), promptPaths());
  }
  const prompt = promptPaths();
  for (const folder of SCRIPT_PATH.split(':')) {
    const found = await checkPath(posix.join(folder, name), prompt);
    if (found.ok) return found;
  }
  return { ok: false, reason: `${name}: no such program in ${SCRIPT_PATH}; give its whole path` };
}

/**
 * Why a program cannot be run; undefined: it can, or we are not allowed to know. A file system that does not answer is given so
 * many milliseconds.
 */
export async function programProblem(
  name: string,
  withinMs: number,
  check: typeof checkProgram = checkProgram,
): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<ProgramCheck>((resolve) => {
    const reason = `${name} cannot be looked at: no answer of its file system within ${withinMs} ms`;
    timer = setTimeout(() => resolve({ ok: false, reason }), withinMs);
  });
  const program = await Promise.race([check(name), silence]);
  clearTimeout(timer);
  return program.ok || program.unseen ? undefined : program.reason;
}

async function checkPath(path: string, prompt: PromptPaths): Promise<ProgramCheck> {
  const script = await inspect(path, path, prompt);
  if (!script.check.ok) return script.check;
  const interpreter = await interpreterOf(script.file, prompt);
  if (interpreter === undefined) return script.check;
  const { check } = await inspect(interpreter, `${path} wants to be run by ${interpreter}, and that`, prompt);
  if (!check.ok) return check;
  return script.check.insecurity === undefined ? { ...check, path } : script.check;
}

/** What was found out about a file, and which one it is, links followed. */
interface Inspection {
  readonly check: ProgramCheck;
  readonly file: string;
}

/** Judges one file; `subject` begins the sentence when it cannot be run. */
async function inspect(path: string, subject: string, prompt: PromptPaths): Promise<Inspection> {
  const refused = (reason: string, more: { readonly unseen?: true } = {}): Inspection => ({
    check: { ok: false, reason: `${subject} ${reason}`, ...more },
    file: path,
  });
  try {
    const { facts, target } = await walkPath(path, prompt);
    if (target.kind === 'directory') return refused('is a directory: name a program');
    if (target.kind !== 'file') return refused('is not a regular file: name a program');
    if ((target.mode & 0o111) === 0) {
      const mode = target.mode.toString(8).padStart(4, '0');
      return refused(`is not executable (mode ${mode}): chmod +x ${target.path}`);
    }
    const insecurity = findInsecurity(facts);
    const risk = insecurity === undefined ? {} : { insecurity: insecurity.message };
    return { check: { ok: true, path, ...risk }, file: target.path };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return refused('does not exist: create it, or correct the configuration');
    return refused(`cannot be looked at: ${code}`, code === 'EACCES' ? { unseen: true } : {});
  }
}

/** The interpreter a script names in its first line (execve(2)); undefined when it names none or cannot be read. */
async function interpreterOf(file: string, prompt: PromptPaths): Promise<string | undefined> {
  try {
    const start = Buffer.alloc(FIRST_LINE_BYTES);
    const bytesRead = prompt(file) ? readStartNow(file, start) : await readStart(file, start);
    const line = start.subarray(0, bytesRead).toString('latin1');
    if (!line.startsWith('#!')) return undefined;
    const interpreter = /^#![ \t]*([^ \t\r\n\0]+)/.exec(line)?.[1];
    return interpreter?.startsWith('/') ? interpreter : undefined;
  } catch {
    // Unreadable for us is no reason to refuse: the kernel decides when it is run.
    return undefined;
  }
}

function readStartNow(file: string, start: Buffer): number {
  const fd = openSync(file, 'r');
  try {
    return readSync(fd, start, 0, start.length, 0);
  } finally {
    closeSync(fd);
  }
}

async function readStart(file: string, start: Buffer): Promise<number> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    return (await handle.read(start, 0, start.length, 0)).bytesRead;
  } finally {
    // Nobody waits for that.
    void handle?.close().catch(() => undefined);
  }
}
