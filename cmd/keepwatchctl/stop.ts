/** `keepwatchctl stop`: all of the suite, with or without a supervisor. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isUnavailable } from '../../services/shared/rpc/errors.js';
import { type ProcessName, pidPath, sparePidPath } from '../../services/shared/rpc/paths.js';
import { processExists, readPidFile, removeIfThere } from '../../services/shared/rpc/pidFile.js';
import { connectTo, failureOf } from './connection.js';
import { EXIT_FAILED, EXIT_GOOD, EXIT_UNREACHABLE } from './exitCode.js';
import { Failure, type Target } from './target.js';

/** The suite's own limits add up to less. */
const STOP_LIMIT_MS = 45_000;
/**
 * Who loses its addresses first, who tells people last; before all those who would start or replace them: the supervisor,
 * and the spare.
 */
const ORDER: readonly { readonly name: ProcessName; readonly spare?: true }[] = [
  { name: 'keepwatchd' },
  { name: 'vrrpd', spare: true },
  { name: 'vrrpd' },
  { name: 'healthcheckerd' },
  // After those who follow its sessions: the end of one is no news for them now.
  { name: 'bfdd' },
  { name: 'ipvsd' },
  { name: 'notifierd' },
];
const RECORDS = ['keepwatchd.accepted', 'keepwatchd.trial', 'keepwatchd.upgrade', 'trackd.permits'];

/** Stops the suite and returns when all its processes are gone. */
export async function stop(target: Target): Promise<number> {
  const { runDir, address } = target;
  const before = address === undefined ? running(runDir) : [];
  try {
    await askSupervisor(target);
  } catch (error) {
    if (!isUnavailable(error) || address !== undefined) throw failureOf(error, target);
    if (before.length === 0) throw new Failure(EXIT_UNREACHABLE, `nothing runs in ${runDir}`);
    for (const { name, pid } of before) await end(name, pid);
    await untilGone(before);
    // What the dead supervisor left; nobody needs it now.
    for (const file of ['keepwatchd.pid', 'keepwatchd.sock', 'trackd.sock', ...RECORDS])
      removeIfThere(join(runDir, file));
  }
  await untilGone(before);
  return EXIT_GOOD;
}

async function askSupervisor(target: Target): Promise<void> {
  const { channel, control } = connectTo(target);
  try {
    await control.stopSuite({}, { deadlineMs: STOP_LIMIT_MS });
  } finally {
    channel.close();
  }
}

interface Running {
  readonly name: ProcessName;
  readonly pid: number;
}

/** The processes of the suite, by their pid files. A pid file of a dead process whose number another one has by now is skipped. */
function running(runDir: string): Running[] {
  return ORDER.flatMap(({ name, spare }) => {
    const pid = readPidFile(spare === true ? sparePidPath(runDir, name) : pidPath(runDir, name));
    return pid !== undefined && processExists(pid) && isOurs(pid, name, runDir) ? [{ name, pid }] : [];
  });
}

function isOurs(pid: number, name: ProcessName, runDir: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const named = words.some((word) => word.includes(name));
    // keepwatchd runs with its default directory when none is on its command line.
    return named && (name === 'keepwatchd' || words.includes(runDir) || words.includes(join(runDir, name)));
  } catch {
    return false;
  }
}

async function end(name: ProcessName, pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 10_000;
  while (isAlive(pid) && Date.now() < deadline) await sleep(20);
  if (!isAlive(pid)) return;
  process.stderr.write(`keepwatchctl: ${name} (pid ${pid}) does not stop: killed\n`);
  process.kill(pid, 'SIGKILL');
}

async function untilGone(before: readonly Running[]): Promise<void> {
  const deadline = Date.now() + STOP_LIMIT_MS;
  const left = (): readonly Running[] => before.filter(({ pid }) => isAlive(pid));
  while (left().length > 0) {
    if (Date.now() > deadline) {
      const names = left().map(({ name, pid }) => `${name} (pid ${pid})`);
      throw new Failure(EXIT_FAILED, `still running: ${names.join(', ')}`);
    }
    await sleep(20);
  }
}

/** Exists and is not just waiting for its parent to notice its end. */
function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}
