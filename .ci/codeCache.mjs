// Runs every command once, shortly, so that V8 can keep the code it compiled for them (see start.cjs).
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longest a command may take to come up; after that it is ended with what it has compiled. */
const LIMIT_MS = 5_000;

/** Fills dist/lib/*.cache for the Node.js that runs this. A command that cannot run here only starts slower later. */
export async function fillCodeCaches(commands) {
  const scratch = mkdtempSync(join(tmpdir(), 'keepwatch-build-'));
  try {
    const config = join(scratch, 'keepwatch.conf');
    writeFileSync(config, 'global_defs {\n}\n');
    const env = { ...process.env, KEEPWATCH_FILL_CODE_CACHE: '1' };
    delete env.NODE_OPTIONS;
    await Promise.all(
      commands.map((name) => runOnce(name, argumentsFor(name, scratch, config), env, join(scratch, name))),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function argumentsFor(name, scratch, config) {
  const directories = ['--run-dir', join(scratch, name), '--state-dir', join(scratch, name)];
  if (name === 'keepwatchctl') return ['status', '--run-dir', scratch];
  if (name === 'genhash') return ['--help'];
  // Attached to services that are not there, a supervisor comes up and waits: all of it is loaded.
  if (name === 'keepwatchd') return ['-n', '-G', '--attach', '-f', config, ...directories];
  return ['-n', '-G', ...directories];
}

function runOnce(name, args, env, runDir) {
  return new Promise((settle) => {
    // Written once signals are handled: keepwatchd's socket, the others' pid file.
    const sign = join(runDir, name === 'keepwatchd' ? `${name}.sock` : `${name}.pid`);
    const child = spawn(process.execPath, [`dist/cmd/${name}/main.js`, ...args], { env, stdio: 'ignore' });
    const started = Date.now();
    let asked = false;
    const timer = setInterval(() => {
      if (!asked && (existsSync(sign) || Date.now() - started > LIMIT_MS)) {
        asked = true;
        child.kill('SIGTERM');
      }
      if (Date.now() - started > 2 * LIMIT_MS) child.kill('SIGKILL');
    }, 50);
    child.once('exit', () => {
      clearInterval(timer);
      settle();
    });
    child.once('error', () => {
      clearInterval(timer);
      settle();
    });
  });
}
