/** `keepwatchctl support-bundle`: what somebody who helps needs to know, in one file, without passwords. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { cpus, release, totalmem, uptime } from 'node:os';
import { printTree } from '../../services/shared/config/printTree.js';
import { hideSecrets } from '../../services/shared/config/secrets.js';
import { GetHistoryResponse, SuiteStatus } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { problemsOf } from '../../services/shared/rpc/problems.js';
import { VERSION } from '../../services/shared/rpc/version.js';
import { loadFile } from '../keepwatchd/loadFile.js';
import { connectTo } from './connection.js';
import { EXIT_FAILED, EXIT_GOOD } from './exitCode.js';
import { Failure, type Target } from './target.js';

/** Writes the bundle to a file that must not exist yet, mode 0600; with an unreachable suite it fails as every command does. */
export async function writeSupportBundle(target: Target, file: string | undefined): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const { status } = await control.getStatus({});
    if (status === undefined) throw new Failure(EXIT_FAILED, 'the answer carries no status');
    const history = await control.getHistory({ limit: 0, subject: '', since: undefined });
    const at = new Date();
    const bundle = {
      made: at.toISOString(),
      version: VERSION,
      machine: {
        kernel: release(),
        node: process.version,
        processors: cpus().length,
        memoryBytes: totalmem(),
        uptimeSeconds: Math.round(uptime()),
      },
      problems: problemsOf(status),
      configuration: configuration(status.configFile),
      status: SuiteStatus.toJSON(status),
      history: GetHistoryResponse.toJSON(history),
    };
    const path = file ?? `keepwatch-support-${at.toISOString().slice(0, 19).replaceAll(':', '')}Z.json`;
    write(path, `${JSON.stringify(bundle, undefined, 2)}\n`);
    process.stdout.write(`${path}\n`);
    return EXIT_GOOD;
  } finally {
    channel.close();
  }
}

/** The file as it is now, with everything resolved and passwords hidden; it may be newer than what is in force. */
function configuration(file: string): object {
  const { tree, diagnostics } = loadFile({ configFile: file, configId: undefined, lenient: true });
  return {
    file,
    text: tree === undefined ? null : printTree(hideSecrets(tree)),
    // Without the source lines, which may hold a password.
    findings: diagnostics.map(({ severity, code, message, position }) => ({ severity, code, message, position })),
  };
}

function write(path: string, text: string): void {
  try {
    // Never through a link that somebody put there.
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openSync(path, flags, 0o600);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new Failure(EXIT_FAILED, `cannot write ${path}: ${(error as Error).message}`);
  }
}
