// Runs every command once, shortly, so that V8 can keep the code it compiled for them (see start.cjs).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Longest a command may take to come up; after that it is ended with what it has compiled. */
const LIMIT_MS = 5_000;
/** From the configuration in force until each check has failed as often as it may, and the table was told. */
const AT_WORK_MS = 2_000;

/** What a supervisor configures in one process after another. */
const SERVICES = ['notifierd', 'ipvsd', 'healthcheckerd', 'vrrpd'];

/** Nobody answers on port 1: what a failed check sets in motion is what may come late least. Commands of nobody's interest stay out. */
const VIRTUAL_SERVERS = `virtual_server 127.0.0.1 2 {
  delay_loop 1
  lvs_sched rr
  lvs_method NAT
  protocol TCP
  real_server 127.0.0.1 1 {
    weight 1
    TCP_CHECK {
      connect_timeout 1
      retry 1
      delay_before_retry 1
    }
  }
  real_server 127.0.0.1 3 {
    HTTP_GET {
      url {
        path /
        status_code 200
      }
      connect_timeout 1
      retry 1
      delay_before_retry 1
    }
  }
}
`;

/** Fills dist/lib/*.cache for the Node.js that runs this. A command that cannot run here only starts slower later. */
export async function fillCodeCaches(commands) {
  const scratch = mkdtempSync(join(tmpdir(), 'keepwatch-build-'));
  try {
    const apart = ownNetwork();
    const config = join(scratch, 'keepwatch.conf');
    // Only where no table of this machine can be meant.
    writeFileSync(config, `global_defs {\n}\n${apart === undefined ? '' : VIRTUAL_SERVERS}`);
    const env = { ...process.env, KEEPWATCH_FILL_CODE_CACHE: '1' };
    delete env.NODE_OPTIONS;
    const others = commands.filter((name) => name !== 'keepwatchd' && !SERVICES.includes(name));
    const start = (name, args) => startOnce(apart ?? [], name, args, env);
    await Promise.all([
      suiteOnce(start, scratch, config),
      ...others.map((name) => commandOnce(start, name, join(scratch, name), scratch)),
    ]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** How to run something in a network of its own, with nothing but a loopback interface; undefined where that cannot be. */
function ownNetwork() {
  const inside = ['sh', '-c', 'ip link set lo up 2>/dev/null; exec "$@"', 'sh'];
  return [['-n'], ['-r', '-n']]
    .map((flags) => ['unshare', ...flags, '--', ...inside])
    .find(([file, ...args]) => spawnSync(file, [...args, 'true']).status === 0);
}

/** The services, and a supervisor that finds them: attached, it starts and stops none itself. */
async function suiteOnce(start, scratch, config) {
  const runDir = join(scratch, 'suite');
  mkdirSync(runDir, { mode: 0o700 });
  const directories = ['--run-dir', runDir, '--state-dir', runDir];
  const services = SERVICES.map((name) => start(name, ['-n', '-G', ...directories]));
  await until(() => SERVICES.every((name) => existsSync(join(runDir, `${name}.pid`))));
  const supervisor = start('keepwatchd', ['-n', '-G', '--attach', '-f', config, ...directories]);
  // Written when all services have the configuration.
  if (await until(() => existsSync(join(runDir, 'keepwatchd.accepted')))) await pause(AT_WORK_MS);
  await supervisor.end();
  await Promise.all(services.map((service) => service.end()));
}

async function commandOnce(start, name, runDir, scratch) {
  const child = start(name, argumentsFor(name, runDir, scratch));
  await until(() => child.ended || existsSync(join(runDir, `${name}.pid`)));
  await child.end();
}

function argumentsFor(name, runDir, scratch) {
  if (name === 'keepwatchctl') return ['status', '--run-dir', scratch];
  if (name === 'genhash') return ['--help'];
  return ['-n', '-G', '--run-dir', runDir, '--state-dir', runDir];
}

/** Waits until something is so; false when that takes too long. */
async function until(holds) {
  for (const started = Date.now(); Date.now() - started < LIMIT_MS; await pause(50)) if (holds()) return true;
  return false;
}

function startOnce(apart, name, args, env) {
  const [file, ...rest] = [...apart, process.execPath, `dist/cmd/${name}/main.js`, ...args];
  const child = spawn(file, rest, { env, stdio: 'ignore' });
  const run = { ended: false, end };
  const gone = new Promise((resolve) => {
    for (const event of ['exit', 'error']) {
      child.once(event, () => {
        run.ended = true;
        resolve();
      });
    }
  });
  async function end() {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    await gone;
    clearTimeout(timer);
  }
  return run;
}
