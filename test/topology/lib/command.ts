import { execFile } from 'node:child_process';

/** How a command ended, with all it wrote. */
export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit status; a command that a signal ended has status 128. */
export function tryRun(argv: readonly string[], timeoutMs = 15_000): Promise<CommandResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('no command given');
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: timeoutMs, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error && typeof error.code === 'string') reject(new Error(`${argv.join(' ')}: ${error.message}`));
      else resolve({ status: error ? Number(error.code ?? 128) : 0, stdout, stderr });
    });
  });
}

/** Runs a command that has to succeed and gives its standard output. */
export async function run(argv: readonly string[], timeoutMs?: number): Promise<string> {
  const { status, stdout, stderr } = await tryRun(argv, timeoutMs);
  if (status !== 0) throw new Error(`${argv.join(' ')}: exit status ${status}: ${stderr || stdout}`);
  return stdout;
}
