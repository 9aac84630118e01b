/** Going into the background: the command returns once the suite is ready, or with the reason why it is not. */
import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';

/** Variable that tells the background process where to report. */
const READY_VARIABLE = 'KEEPWATCH_READY_FD';
const READY_FD = 3;

/** What the background process reports, once. */
interface Report {
  readonly code: number;
  readonly text: string;
}

/** Starts this command again in a session of its own and waits for its report. Returns the exit code. */
export async function daemonize(options: { readonly keepStderr: boolean }): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', options.keepStderr ? 'inherit' : 'ignore', 'pipe'],
    env: { ...process.env, [READY_VARIABLE]: String(READY_FD) },
  });
  const ended = new Promise<Report>((resolve) => {
    child.once('error', (error) => resolve({ code: 2, text: `keepwatchd: ${error.message}\n` }));
    child.once('exit', (code, signal) =>
      resolve({ code: code ?? 1, text: signal === null ? '' : `keepwatchd: killed by ${signal}\n` }),
    );
  });
  const pipe = child.stdio[READY_FD] as NodeJS.ReadableStream;
  let received = '';
  pipe.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  const reported = new Promise<Report | undefined>((resolve) => {
    pipe.once('end', () => resolve(received === '' ? undefined : (JSON.parse(received) as Report)));
  });
  const { code, text } = (await reported) ?? (await ended);
  child.unref();
  process.stderr.write(text);
  return code;
}

/** Where this process reports: to the command that started it in the background, or nowhere. */
export function backgroundReport(): ((report: Report) => void) | undefined {
  const fd = Number(process.env[READY_VARIABLE]);
  if (!Number.isInteger(fd) || fd < 3) return undefined;
  delete process.env[READY_VARIABLE];
  let reported = false;
  return (report) => {
    if (reported) return;
    reported = true;
    try {
      writeSync(fd, JSON.stringify(report));
      closeSync(fd);
    } catch {
      // Whoever started us is gone: nobody waits for the report.
    }
  };
}
