/** Asks the installed keepalived about many files at once, in namespaces that are gone afterwards. */
import { spawn, spawnSync } from 'node:child_process';

/** What configurations of the corpus may refer to: `@box` lines and `${_ENV CORPUS_PRIORITY}`. */
export const CONFIG_ID = 'box';
export const ENVIRONMENT: Readonly<Record<string, string>> = { CORPUS_PRIORITY: '42' };

/** keepalived's answer about one file. */
export interface Answer {
  readonly verdict: 'accepts' | 'refuses' | 'crashes' | 'hangs';
  /** What it wrote, without the lines that say nothing about the file. */
  readonly said: string;
}

/** The interfaces the corpus knows, and a /run of its own for what keepalived writes while it reads. */
const SETUP = `
  mount -t tmpfs none /run
  ip link set lo up
  ip link add kw0 type veth peer name kw1
  ip link set kw0 up; ip link set kw1 up
  ip address add 192.0.2.9/24 dev kw0
  ip address add 2001:db8::9/64 dev kw0 nodad
  mkdir /run/answers`;

/** `$0` is the number of the file, `$1` the file. What hangs burns processor time, which a busy machine does not stretch. */
const TEST =
  'ulimit -t 3; timeout -s KILL 60 keepalived -t -i "$ID" -f "$1" >/run/answers/$0 2>&1 </dev/null; echo "status $?" >>/run/answers/$0';

/** Starts it with all it would do but VRRP only, until it has written down what it understood. */
const DUMP = `
  keepalived -n -l -d -P -i "$ID" -f "$1" -p /run/$0.pid -r /run/$0.vrrp.pid >>/run/answers/$0 2>&1 </dev/null &
  pid=$!
  for try in $(seq 100); do
    sleep 0.05
    if grep -q -- '< Interfaces >' /run/answers/$0; then break; fi
  done
  kill -KILL $(cat /run/$0.vrrp.pid) $pid 2>/dev/null
  wait $pid 2>/dev/null
  echo "status 0" >>/run/answers/$0`;

/** Why keepalived cannot be asked here; undefined when it can. */
export function whyNoKeepalived(): string | undefined {
  if (spawnSync('keepalived', ['-v']).status !== 0) return 'keepalived is not installed';
  if (spawnSync('unshare', ['-n', '-m', '-p', '-f', '--mount-proc', 'true']).status !== 0)
    return 'no right to make namespaces';
  return undefined;
}

/** `keepalived -t` on each file. */
export const judge = (files: readonly string[]): Promise<ReadonlyMap<string, Answer>> => ask(files, TEST, 2);

/** What keepalived writes with `--dump-conf` when it starts with each file. */
export const dump = (files: readonly string[]): Promise<ReadonlyMap<string, Answer>> => ask(files, DUMP, 4);

async function ask(files: readonly string[], command: string, atOnce: number): Promise<ReadonlyMap<string, Answer>> {
  // Every answer is preceded by a line that no program writes.
  const script = `set -e; ${SETUP}
    export ID=${CONFIG_ID}
    set +e
    n=0; for file; do printf '%s\\0%s\\0' $n "$file"; n=$((n + 1)); done | xargs -0 -n 2 -P ${atOnce} sh -c ${quote(command)}
    for number in $(seq 0 $(($# - 1))); do echo "@@@ $number"; cat /run/answers/$number; done
    exit 0`;
  const output = await run([
    'unshare',
    '-n',
    '-m',
    '-p',
    '-f',
    '--kill-child',
    '--mount-proc',
    'sh',
    '-c',
    script,
    'sh',
    ...files,
  ]);
  const answers = new Map<string, Answer>();
  for (const part of output.split(/^@@@ /m).slice(1)) {
    const [number, ...lines] = part.split('\n');
    const file = files[Number(number)];
    const status = /^status (\d+)$/m.exec(part)?.[1];
    if (file === undefined || status === undefined) throw new Error(`keepalived left no answer: ${part}`);
    answers.set(file, { verdict: verdictOf(Number(status)), said: lines.filter(isTelling).join('\n') });
  }
  if (answers.size !== files.length) throw new Error(`${answers.size} answers about ${files.length} files:\n${output}`);
  return answers;
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function verdictOf(status: number): Answer['verdict'] {
  if (status === 0) return 'accepts';
  if (status === 137) return 'hangs';
  return status > 128 ? 'crashes' : 'refuses';
}

const isTelling = (line: string): boolean =>
  line !== '' &&
  !line.startsWith('status ') &&
  !line.includes('max_auto_priority should result') &&
  !line.includes("'keepalived_script' does not exist");

function run([program = '', ...args]: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...ENVIRONMENT }, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString());
      else reject(new Error(`${program} ended with ${code}: ${Buffer.concat(errors).toString()}`));
    });
  });
}
