import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../time/clock.js';
import { elapsed, type Micros, millis, toMillis } from '../time/duration.js';
import type { ScriptIdentity } from './identity.js';
import { buildLaunch, type Entrance, entered, findSetpriv, LAUNCHER_NAME, warmWords } from './launch.js';
import { isPassing, type ScriptOutcome, type ScriptRun } from './outcome.js';
import { type OwnRights, ownRights } from './ownRights.js';
import { groupAlive, signalGroup } from './processGroup.js';
import { OutputTail } from './tail.js';
import type { WarmLaunchers } from './warmLauncher.js';

/** How much of a script's output is kept. */
export const OUTPUT_TAIL_BYTES = 4096;
/** Time between SIGTERM and SIGKILL. */
export const KILL_GRACE: Micros = millis(2000);
/** How often a group that got SIGTERM is looked at. */
const GROUP_POLL_MS = 25;

/** One run of a script. */
export interface ScriptRequest {
  /** The program, as an absolute path (see `checkProgram`), and its arguments. Never seen by a shell. */
  readonly argv: readonly string[];
  readonly identity: ScriptIdentity;
  /** After it the whole process group is ended; absent = no limit. */
  readonly timeout?: Micros;
  /** Time between SIGTERM and SIGKILL; default {@link KILL_GRACE}. */
  readonly killGrace?: Micros;
  /**
   * Where stdout and stderr go: kept in memory as a tail; into an open file; or nowhere. A script that writes to a
   * memory tail gets SIGPIPE when the daemon dies; one that writes to a file does not notice.
   */
  readonly output:
    | { readonly to: 'tail' }
    | { readonly to: 'file'; readonly fd: number; readonly readTail: () => string }
    | { readonly to: 'nowhere' };
  /** Starts the script only after `beforeStart` returned, and has the launcher write `started` to `receiptFd` first. */
  readonly gate?: { readonly receiptFd: number; readonly beforeStart: (pid: number) => void };
  /** The script gets SIGTERM when the daemon dies (needs setpriv). */
  readonly dieWithParent?: boolean;
  /** The network namespace it runs in; absent = ours. */
  readonly entrance?: Entrance;
}

/** A script that was started. */
export interface RunningScript {
  /** Its process id, which is also its process group; undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Never rejects. */
  readonly ended: Promise<ScriptRun>;
  /** Ends the process group: SIGTERM, after the grace SIGKILL. The outcome becomes `stopped`. */
  stop(): void;
}

/** Runs scripts. An interface, so that tests and the simulator need no processes. */
export interface ScriptRunner {
  run(request: ScriptRequest): RunningScript;
}

/** Runs scripts as child processes of this one. */
export class ProcessScriptRunner implements ScriptRunner {
  readonly #clock: Clock;
  readonly #setpriv: string | undefined;
  readonly #self: OwnRights = ownRights();
  readonly #warm: WarmLaunchers | undefined;

  /** `warm`: launchers that wait already, for scripts with a gate whose receipt and output go to one file. */
  constructor(clock: Clock, setpriv: string | undefined = findSetpriv(), warm?: WarmLaunchers) {
    this.#clock = clock;
    this.#setpriv = setpriv;
    this.#warm = warm;
  }

  /** False when scripts of other users run without their supplementary groups, because there is no setpriv(1). */
  get setsGroups(): boolean {
    return this.#setpriv !== undefined;
  }

  run(request: ScriptRequest): RunningScript {
    const { identity, gate } = request;
    if (request.argv.some((word) => word.includes('\0')))
      return notStarted({ kind: 'cannot-start', reason: 'an argument contains a NUL byte' });
    const { uid, changesUser, ambient } = this.#self;
    if (!changesUser && identity.uid !== uid) {
      const reason = `cannot run as ${identity.user}: the daemon runs as uid ${uid}, without CAP_SETUID and CAP_SETGID`;
      return notStarted({ kind: 'cannot-start', reason });
    }
    if (ambient && this.#setpriv === undefined) {
      const reason = 'it would inherit the capabilities of the daemon: install setpriv(1) (Debian: util-linux)';
      return notStarted({ kind: 'cannot-start', reason });
    }
    const credentials = {
      identity,
      self: this.#self,
      dieWithParent: request.dieWithParent ?? false,
      setpriv: this.#setpriv,
    };
    if (gate !== undefined && request.output.to === 'file' && request.output.fd === gate.receiptFd) {
      const words = warmWords(request.argv, credentials);
      const waiting = words === undefined ? undefined : this.#warm?.take(words, identity, gate.receiptFd);
      if (waiting !== undefined) return new ChildScript(waiting, request, this.#clock);
    }
    const built = buildLaunch(request.argv, { ...credentials, gated: gate !== undefined });
    const launch = request.entrance === undefined ? built : entered(built, request.entrance);
    const output = request.output.to === 'tail' ? 'pipe' : request.output.to === 'file' ? request.output.fd : 'ignore';
    let child: ChildProcess;
    try {
      child = spawn(launch.file, [...launch.args], {
        cwd: '/',
        env: launch.env,
        detached: true,
        stdio: gate === undefined ? ['ignore', output, output] : ['pipe', output, output, gate.receiptFd],
        ...(launch.uid === undefined ? {} : { uid: launch.uid }),
        ...(launch.gid === undefined ? {} : { gid: launch.gid }),
      });
    } catch (error) {
      return notStarted(spawnFailure(error));
    }
    return new ChildScript(child, request, this.#clock);
  }
}

const spawnFailure = (error: unknown): ScriptOutcome => ({
  kind: 'cannot-start',
  reason: `cannot start a process: ${error instanceof Error ? error.message : String(error)}`,
  ...(isPassing(error) ? { passing: true } : {}),
});

const notStarted = (outcome: ScriptOutcome): RunningScript => ({
  pid: undefined,
  ended: Promise.resolve({ outcome, duration: millis(0), outputTail: '' }),
  stop() {},
});

class ChildScript implements RunningScript {
  readonly pid: number | undefined;
  readonly ended: Promise<ScriptRun>;
  readonly #request: ScriptRequest;
  readonly #clock: Clock;
  readonly #tail = new OutputTail(OUTPUT_TAIL_BYTES);
  #ending: ScriptOutcome | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #kill: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, request: ScriptRequest, clock: Clock) {
    this.pid = child.pid;
    this.#request = request;
    this.#clock = clock;
    this.ended = this.#follow(child);
  }

  stop(): void {
    this.#end({ kind: 'stopped' });
  }

  async #follow(child: ChildProcess): Promise<ScriptRun> {
    const startedAt = this.#clock.now();
    const { timeout, gate } = this.#request;
    const exit = new Promise<ScriptOutcome>((resolve) => {
      child.once('error', (error) => resolve(spawnFailure(error)));
      child.once('exit', (code, signal) =>
        resolve(signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal }),
      );
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#tail.push(chunk));
      stream?.on('error', () => undefined);
    }
    if (gate !== undefined && child.pid !== undefined) {
      // A launcher that died already closes the gate: its exit says so.
      child.stdin?.on('error', () => undefined);
      try {
        gate.beforeStart(child.pid);
        child.stdin?.end('go\n');
      } catch (error) {
        this.#ending = { kind: 'cannot-start', reason: error instanceof Error ? error.message : String(error) };
        child.stdin?.destroy();
      }
    }
    if (timeout !== undefined) {
      this.#timeout = setTimeout(() => this.#end({ kind: 'timed-out', limit: timeout }), toMillis(timeout));
    }
    const natural = await exit;
    clearTimeout(this.#timeout);
    // What the script left behind may hold the pipes open for ever: take what is there and let go.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#ending !== undefined) await this.#groupGone();
    clearTimeout(this.#kill);
    child.stdout?.destroy();
    child.stderr?.destroy();
    const outputTail = this.#request.output.to === 'file' ? this.#request.output.readTail() : this.#tail.text();
    return {
      outcome: this.#ending ?? launcherFailure(natural, outputTail) ?? natural,
      duration: elapsed(startedAt, this.#clock.now()),
      outputTail,
    };
  }

  #end(outcome: ScriptOutcome): void {
    const { pid } = this;
    if (this.#ending !== undefined || pid === undefined) return;
    this.#ending = outcome;
    signalGroup(pid, 'SIGTERM');
    const grace = toMillis(this.#request.killGrace ?? KILL_GRACE);
    this.#kill = setTimeout(() => {
      this.#kill = undefined;
      signalGroup(pid, 'SIGKILL');
    }, grace);
  }

  /** The leader is gone; its children have until the grace ends to follow. */
  async #groupGone(): Promise<void> {
    while (this.pid !== undefined && this.#kill !== undefined && groupAlive(this.pid)) {
      await new Promise((resolve) => setTimeout(resolve, GROUP_POLL_MS));
    }
  }
}

/** Tells an exec that failed in the launcher from an exit status of the script itself. */
export function launcherFailure(outcome: ScriptOutcome, output: string): ScriptOutcome | undefined {
  if (outcome.kind !== 'exited' || (outcome.code !== 126 && outcome.code !== 127)) return undefined;
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith(`${LAUNCHER_NAME}:`)) return undefined;
  return { kind: 'cannot-start', reason: last.replace(/^[^:]*: (?:line )?\d+: (?:exec: )?/, '') };
}
