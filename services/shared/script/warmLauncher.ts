/**
 * Launchers started beforehand: shells that wait for what to become. To fork a process of Node's size and to start a
 * shell takes milliseconds, which a notification does not have to wait for.
 *
 * A launcher reads lines: the file for receipt and output, HOME, USER, the number of words, the words; then it waits for
 * the word that opens the gate (see `launch.ts`). Words are read as they are and never part of the shell's text.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ScriptIdentity } from './identity.js';
import { LAUNCHER_NAME, PREPARE, scriptEnvironment } from './launch.js';

const WAIT = [
  'IFS= read -r out && IFS= read -r HOME && IFS= read -r USER && read -r count || exit 125',
  'LOGNAME=$USER; export HOME USER LOGNAME',
  'while [ "$count" -gt 0 ]; do IFS= read -r word || exit 125; set -- "$@" "$word"; count=$((count - 1)); done',
  'read -r word || exit 125',
  `exec >>"$out" 2>&1; echo started; ${PREPARE}; exec "$@" </dev/null`,
].join('; ');

/** Launchers that wait at a time: an instance often has a script for the state and one for all. */
const WAITING = 2;
/** Time until a used launcher is replaced: whatever is going on just now comes first. */
const REFILL_MS = 100;

/** Keeps launchers ready. */
export class WarmLaunchers {
  readonly #waiting: ChildProcess[] = [];
  #refill: NodeJS.Timeout | undefined;
  #closed = false;

  /** Starts the first ones. */
  open(): void {
    this.#fill();
  }

  /**
   * A launcher that is told what to become and waits at its gate, the standard input; undefined when none is ready, or a
   * word cannot be told in a line. `fd`: where receipt and output go, open in this process.
   */
  take(argv: readonly string[], identity: ScriptIdentity, fd: number): ChildProcess | undefined {
    const lines = [`/proc/${process.pid}/fd/${fd}`, identity.home, identity.user, String(argv.length), ...argv];
    if (lines.some((line) => line.includes('\n'))) return undefined;
    const child = this.#waiting.shift();
    if (child === undefined) return undefined;
    child.removeAllListeners();
    child.ref();
    child.stdin?.write(`${lines.join('\n')}\n`);
    this.#refill ??= setTimeout(() => {
      this.#refill = undefined;
      this.#fill();
    }, REFILL_MS).unref();
    return child;
  }

  /** Ends those that wait. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#refill);
    for (const child of this.#waiting.splice(0)) child.stdin?.destroy();
  }

  #fill(): void {
    while (!this.#closed && this.#waiting.length < WAITING) {
      const child = start();
      if (child?.pid === undefined) return;
      const gone = (): void => {
        const place = this.#waiting.indexOf(child);
        if (place >= 0) this.#waiting.splice(place, 1);
      };
      child.once('error', gone).once('exit', gone);
      child.unref();
      this.#waiting.push(child);
    }
  }
}

function start(): ChildProcess | undefined {
  try {
    const {
      HOME: _home,
      USER: _user,
      LOGNAME: _name,
      ...env
    } = scriptEnvironment({ user: '', uid: 0, gid: 0, home: '' });
    const child = spawn('/bin/sh', ['-c', WAIT, LAUNCHER_NAME], {
      cwd: '/',
      env,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // A process that could not be made says so later, and nobody else may be listening.
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    // The pipe alone must not keep a daemon alive that wants to end.
    (child.stdin as { unref?: () => void } | null)?.unref?.();
    return child;
  } catch {
    // No process can be started now: whoever runs a script finds that out and says so.
    return undefined;
  }
}
