/** `keepwatchctl upgrade`: asks for it and waits until every process is replaced. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isUnavailable } from '../../services/shared/rpc/errors.js';
import type { Diagnostic } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';
import type { SuiteStatus, UpgradeStatus } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { VERSION } from '../../services/shared/rpc/version.js';
import { type ControlClient, connectTo } from './connection.js';
import { printDiagnostics } from './diagnosticText.js';
import { EXIT_FAILED, EXIT_GOOD, EXIT_REFUSED } from './exitCode.js';
import { Failure, type Target } from './target.js';

/** The installed version is tried first. */
const ASK_DEADLINE_MS = 180_000;
/** How long the supervisor may be away while it replaces itself, and one service may take. */
const PROGRESS_LIMIT_MS = 60_000;
const POLL_MS = 100;

/** The processes that are not of the installed version, which is that of this command. Silent ones tell no version. */
export const outdated = (
  { version, services }: Pick<SuiteStatus, 'version' | 'services'>,
  installed: string = VERSION,
): string[] =>
  [{ name: 'keepwatchd', version }, ...services]
    .filter((one) => one.version !== '' && one.version !== installed)
    .map(({ name }) => name);

/** Replaces every process of the suite by the installed version; with `ifChanged` only when one of them is of another. */
export async function upgrade(target: Target, ifChanged: boolean): Promise<number> {
  const { channel, control } = connectTo(target);
  let incarnation: string;
  try {
    const { status } = await control.getStatus({});
    incarnation = status?.origin?.incarnation ?? '';
    if (ifChanged && status !== undefined && outdated(status).length === 0) {
      process.stdout.write(`every process is version ${VERSION} already\n`);
      return EXIT_GOOD;
    }
    const diagnostics = await ask(control);
    if (diagnostics.length > 0) {
      printDiagnostics(diagnostics, target);
      return EXIT_REFUSED;
    }
  } finally {
    channel.close();
  }
  return await follow(target, incarnation);
}

/** Why it does not begin; nothing when it does. */
async function ask(control: ControlClient): Promise<Diagnostic[]> {
  try {
    return (await control.upgrade({}, { deadlineMs: ASK_DEADLINE_MS })).diagnostics;
  } catch (error) {
    // On a busy machine the supervisor may have made room for its successor before its answer was out.
    if (isUnavailable(error)) return [];
    throw error;
  }
}

/** Waits for the supervisor of another incarnation, and tells what it replaces. */
async function follow(target: Target, before: string): Promise<number> {
  let told = 0;
  let deadline = Date.now() + PROGRESS_LIMIT_MS;
  for (;;) {
    const progress = await look(target, before);
    const replaced = progress?.replaced ?? [];
    if (progress !== undefined && told === 0) process.stdout.write('keepwatchd: replaced\n');
    for (const name of replaced.slice(Math.max(0, told - 1))) process.stdout.write(`${name}: replaced\n`);
    const now = progress === undefined ? 0 : replaced.length + 1;
    if (now > told) deadline = Date.now() + PROGRESS_LIMIT_MS;
    told = now;
    if (progress?.running === false) {
      if (progress.error === '') return EXIT_GOOD;
      throw new Failure(EXIT_FAILED, `${progress.error}; what was not replaced runs on as it was`);
    }
    if (Date.now() > deadline)
      throw new Failure(EXIT_FAILED, 'the upgrade does not go on; see keepwatchctl status and the log');
    await sleep(POLL_MS);
  }
}

/** How far the new supervisor is; undefined while there is none. */
async function look(target: Target, before: string): Promise<UpgradeStatus | undefined> {
  const { channel, control } = connectTo(target);
  try {
    const { status } = await control.getStatus({}, { deadlineMs: 2_000 });
    return status?.origin?.incarnation === before ? failed(status.upgrade) : status?.upgrade;
  } catch {
    return undefined;
  } finally {
    channel.close();
  }
}

/** The old supervisor has nothing to tell but that it could not be replaced. */
const failed = (status: UpgradeStatus | undefined): UpgradeStatus | undefined =>
  status !== undefined && status.error !== '' ? status : undefined;
