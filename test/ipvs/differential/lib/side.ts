/** Runs in the guest: one director with a world of its own behind `eth0`, and the daemon on it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LabEvent, Plan, SideName, Snapshot } from './plan.js';
import type { WorldReport, WorldRequest } from './world.js';

/** No command takes so long; one that hangs shall not hang the lab. */
const COMMAND_LIMIT_MS = 60_000;

const run = (program: string, ...words: string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: COMMAND_LIMIT_MS });

/** What the daemon is started with; scripts inherit it. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C',
  MARK: 'inherited',
};

// Each daemon sees its own files under the same path, so that both can have the same configuration.
const INSIDE = 'mount --bind "$0" /run/here && cd /run/here && unset OLDPWD && exec "$@"';

const COMMAND: Readonly<Record<SideName, readonly string[]>> = {
  keepalived: [
    'keepalived',
    '-n',
    '-l',
    '-p',
    '/run/here/main.pid',
    '-r',
    '/run/here/vrrp.pid',
    '-c',
    '/run/here/checkers.pid',
  ],
  keepwatch: [
    process.execPath,
    resolve('dist/cmd/keepwatchd/main.js'),
    '-n',
    '-l',
    '--run-dir',
    '/run/here/run',
    '--state-dir',
    '/run/here/state',
  ],
};

/** Director and world of one of the two. */
export class Side {
  readonly #inside: string;
  readonly #outside: string;
  readonly #folder: string;
  #world: ChildProcess | undefined;
  #daemon: ChildProcess | undefined;
  #fifo = -1;
  #fifoRest = '';
  #fifoLines: string[] = [];
  #callsSeen = 0;
  #mails: string[] = [];
  readonly #mailers = new Set<string>();
  readonly #records: WorldReport['records'][number][] = [];

  constructor(
    readonly name: SideName,
    private readonly plan: Plan,
  ) {
    this.#inside = `${plan.name}-${name}`;
    this.#outside = `${plan.name}-${name}-world`;
    this.#folder = `/run/lab/${this.#inside}`;
  }

  get #network(): string {
    return `--net=/run/netns/${this.#inside}`;
  }

  /** Namespaces, addresses, backends and files. */
  async build(): Promise<void> {
    const { addresses, servers, main, files, before, deadAtStart } = this.plan;
    for (const namespace of [this.#inside, this.#outside]) run('ip', 'netns', 'add', namespace);
    run(
      'ip',
      'link',
      'add',
      'eth0',
      'netns',
      this.#inside,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      this.#outside,
    );
    for (const [namespace, host] of [
      [this.#inside, 1],
      [this.#outside, 254],
    ] as const) {
      const lines = [
        'link set lo up',
        `address add 10.255.0.${host}/24 dev eth0`,
        `address add fd00:255::${host}/64 dev eth0 nodad`,
        'link set eth0 up',
      ];
      if (namespace === this.#inside) {
        lines.push('route add default via 10.255.0.254', 'route add default via fd00:255::254');
      } else {
        for (const address of addresses) {
          lines.push(
            address.includes(':') ? `address add ${address}/128 dev lo nodad` : `address add ${address}/32 dev lo`,
          );
        }
      }
      execFileSync('ip', ['-netns', namespace, '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
    }
    // keepalived watches the folder of a tracked file, so it has to be there.
    for (const folder of ['state', 'status']) mkdirSync(join(this.#folder, folder), { recursive: true });
    this.#write('main.conf', main);
    for (const [file, text] of Object.entries(files)) this.#write(file, text);
    this.#write('calls', '');
    run('mkfifo', join(this.#folder, 'fifo'));
    // Read and write: it stays open while the daemon comes and goes.
    this.#fifo = openSync(join(this.#folder, 'fifo'), constants.O_RDWR | constants.O_NONBLOCK);
    for (const words of before) run('nsenter', this.#network, ...words);
    this.#world = spawn(
      'nsenter',
      [`--net=/run/netns/${this.#outside}`, process.execPath, join(dirname(process.argv[1] ?? ''), 'world.cjs')],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    await this.#ask({ kind: 'open', servers });
    for (const { address, port } of deadAtStart) await this.#ask({ kind: 'set', address, port, state: 'down' });
  }

  start(): void {
    const log = openSync(join(this.#folder, 'log'), 'a');
    const [program = '', ...words] = COMMAND[this.name];
    const inside = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      INSIDE,
      this.#folder,
      program,
      ...words,
      ...(this.plan.checkersOnly ? ['-C'] : []),
      '-f',
      '/run/here/main.conf',
    ];
    this.#daemon = spawn('nsenter', [this.#network, ...inside], {
      stdio: ['ignore', log, log],
      env: ENVIRONMENT,
    });
    closeSync(log);
  }

  /** Why the daemon is not running; undefined when it is. */
  ended(): string | undefined {
    const daemon = this.#daemon;
    if (daemon === undefined || (daemon.exitCode === null && daemon.signalCode === null)) return undefined;
    return `${this.name} ended with ${daemon.signalCode ?? daemon.exitCode}:\n${this.log()}`;
  }

  async happen(event: LabEvent): Promise<void> {
    switch (event.kind) {
      case 'write':
        this.#write(event.file, event.content);
        return;
      case 'ip':
        run('ip', '-netns', this.#inside, ...event.words);
        return;
      default: {
        const state = event.kind === 'die' ? 'down' : event.kind === 'return' ? 'up' : 'sick';
        await this.#ask({ kind: 'set', address: event.address, port: event.port, state });
      }
    }
  }

  reload(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) this.#write(file, text);
    this.#daemon?.kill('SIGHUP');
  }

  async beginRound(round: number): Promise<void> {
    await this.#ask({ kind: 'round', round });
  }

  /** The kernel's table at little cost, only good for telling whether it moved, without the counts of connections. */
  glance(): string[] {
    const path = `/proc/${this.#daemon?.pid}/net/ip_vs`;
    if (!existsSync(path)) return [];
    let service = '';
    const lines = readFileSync(path, 'utf8').split('\n').slice(3).filter(Boolean);
    return lines
      .map((line) => {
        const destination = line.startsWith('  ->');
        if (!destination) service = line;
        return destination ? `${service} ${line.split(/\s+/).slice(0, 5).join(' ')}` : line;
      })
      .sort();
  }

  /** How much scripts and FIFO have been told so far. */
  told(): number {
    this.#readFifo();
    return this.#fifoLines.length + statSync(join(this.#folder, 'calls')).size;
  }

  /** The kernel's table: sorted, because its own order depends on a pointer hash. */
  table(): string[] {
    const saved = run('nsenter', this.#network, 'ipvsadm-save', '-n');
    return saved.split('\n').filter(Boolean).sort();
  }

  daemons(): string[] {
    return this.#list('--daemon').sort();
  }

  #list(option: string): string[] {
    return run('nsenter', this.#network, 'ipvsadm', '-L', '-n', option).trim().split('\n').filter(Boolean);
  }

  async snapshot(): Promise<Snapshot> {
    const calls = readFileSync(join(this.#folder, 'calls'), 'utf8').split('\n').filter(Boolean);
    await this.#collect();
    this.#readFifo();
    const snapshot = {
      table: this.table(),
      timeouts: this.#list('--timeout').join(' '),
      daemons: this.daemons(),
      calls: calls.slice(this.#callsSeen).sort(),
      fifo: this.#fifoLines,
      mails: this.#mails.sort(),
      mailers: [...this.#mailers].sort(),
    };
    this.#callsSeen = calls.length;
    this.#fifoLines = [];
    this.#mails = [];
    return snapshot;
  }

  /** Ends the daemon, milliseconds it took. */
  async stop(limitMs: number): Promise<number> {
    const started = performance.now();
    this.#daemon?.kill('SIGTERM');
    while (this.ended() === undefined) {
      if (performance.now() - started > limitMs) throw new Error(`${this.name} does not stop:\n${this.log()}`);
      await pause(20);
    }
    return performance.now() - started;
  }

  async close(): Promise<void> {
    if (this.ended() === undefined) this.#daemon?.kill('SIGKILL');
    this.#world?.disconnect();
    if (this.#fifo >= 0) closeSync(this.#fifo);
  }

  log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }

  get records(): readonly WorldReport['records'][number][] {
    return this.#records;
  }

  #write(file: string, content: string): void {
    const path = join(this.#folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 });
  }

  #readFifo(): void {
    const buffer = Buffer.alloc(65536);
    let text = this.#fifoRest;
    try {
      for (;;) text += buffer.toString('utf8', 0, readSync(this.#fifo, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    const lines = text.split('\n');
    this.#fifoRest = lines.pop() ?? '';
    this.#fifoLines.push(...lines);
  }

  async #collect(): Promise<void> {
    const report = await this.#ask({ kind: 'collect' });
    if (report === undefined) return;
    this.#records.push(...report.records);
    for (const { envelope, data } of report.mails) {
      const [head = '', ...body] = data.split('\n\n');
      const lines = head.split('\n');
      const isGreeting = (line: string): boolean => /^(HELO|EHLO) /i.test(line);
      for (const line of [...envelope.filter(isGreeting), ...lines.filter((one) => /^X-Mailer:/i.test(one))]) {
        this.#mailers.add(line);
      }
      // Dates, and identifiers that only one of them gives, are no part of the comparison.
      const headers = lines.filter((line) => /^(From|To|Subject):/i.test(line));
      const addresses = envelope.filter((line) => !isGreeting(line));
      this.#mails.push([...addresses, ...headers.sort(), body.join(' ').trim()].join(' | '));
    }
  }

  #ask(request: WorldRequest): Promise<WorldReport | undefined> {
    const world = this.#world;
    if (world === undefined) throw new Error('there is no world');
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error(`the world of ${this.name} is gone`));
      world.once('exit', gone);
      world.once('message', (answer: { report?: WorldReport; error?: string }) => {
        world.off('exit', gone);
        if (answer.error === undefined) resolve(answer.report);
        else reject(new Error(answer.error));
      });
      world.send(request);
    });
  }
}
