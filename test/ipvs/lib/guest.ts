/** Runs one command as root in a throw-away guest with a Debian kernel, on the files of this machine (read-only). */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Image } from './image.js';

export interface GuestResult {
  /** Exit status of the command; undefined when it never ended. */
  readonly status: number | undefined;
  /** What it wrote to stdout and stderr. */
  readonly output: string;
  /** Contents of the files asked for, by name; those that were written. */
  readonly files: Readonly<Record<string, string>>;
  /** Last lines of the guest's console, for when it did not get that far. */
  readonly console: string;
}

/** Files that only this guest sees, all in `/.guest`. */
export interface GuestFiles {
  /** Put there before, by name. */
  readonly given?: Readonly<Record<string, string>>;
  /** Read afterwards. */
  readonly wanted?: readonly string[];
  /** Told what the command writes while it runs, line by line; `read` gives a file as it is by then. */
  readonly heard?: (line: string, read: (name: string) => string) => void;
}

const MEMORY_MB = 2048;
const CONSOLE_LINES = 20;
/** How often what the guest writes is looked at while it runs. */
const LISTEN_MS = 1_000;

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs `command` in the current directory of the caller. Emulated throughout: a guest boots in some 15 s. */
export async function runInGuest(
  image: Image,
  command: readonly string[],
  timeoutMs: number,
  memoryMb = MEMORY_MB,
  { given = {}, wanted = [], heard }: GuestFiles = {},
): Promise<GuestResult> {
  const control = mkdtempSync(join(tmpdir(), 'keepwatch-guest-'));
  const read = (name: string): string => {
    const path = join(control, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  let told = 0;
  const listen = (): void => {
    const text = read('output').slice(told);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    told += whole.length;
    for (const line of whole.split('\n').filter(Boolean)) heard?.(line, read);
  };
  const listening = heard && setInterval(listen, LISTEN_MS);
  try {
    copyFileSync(join(import.meta.dirname, 'stage2.sh'), join(control, 'stage2.sh'));
    writeFileSync(join(control, 'modules'), `${image.modules}\n`);
    writeFileSync(join(control, 'command'), `cd ${quote(process.cwd())} && exec ${command.map(quote).join(' ')}\n`);
    for (const [name, content] of Object.entries(given)) writeFileSync(join(control, name), content);
    await boot(image, control, timeoutMs, memoryMb);
    listen();
    const status = read('status').trim();
    return {
      status: status === '' ? undefined : Number(status),
      output: read('output'),
      files: Object.fromEntries(
        wanted.flatMap((name) => (existsSync(join(control, name)) ? [[name, read(name)]] : [])),
      ),
      console: read('console').split('\n').slice(-CONSOLE_LINES).join('\n'),
    };
  } finally {
    clearInterval(listening);
    rmSync(control, { recursive: true, force: true });
  }
}

function boot(image: Image, control: string, timeoutMs: number, memoryMb: number): Promise<void> {
  const share = (tag: string, path: string, options: string): string[] => [
    '-fsdev',
    `local,id=${tag},path=${path},security_model=none,multidevs=remap${options}`,
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ];
  // On a busy host the emulated timer may miss the moment in which the kernel looks whether it works.
  const append =
    'console=ttyS0 quiet loglevel=4 panic=-1 reboot=t nokaslr mitigations=off random.trust_cpu=on tsc=reliable ' +
    'nowatchdog no_timer_check audit=0 cryptomgr.notests';
  const machine = ['-M', 'q35,hpet=off,usb=off,vmport=off,smbus=off', '-smp', '2', '-m', String(memoryMb)];
  // Hardware virtualization is not asked for: it is not there on every machine, and where nested it may hang.
  const emulation = ['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max,-avx,-avx2,-la57'];
  const quiet = ['-nodefaults', '-no-user-config', '-display', 'none', '-nic', 'none', '-no-reboot'];
  const console = ['-chardev', `file,id=console,path=${join(control, 'console')}`, '-serial', 'chardev:console'];
  const randomness = ['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0'];
  const kernel = ['-kernel', image.kernel, '-initrd', image.initramfs, '-append', append];
  const shares = [...share('root', '/', ',readonly=on'), ...share('control', control, '')];
  const qemu = spawn(
    'qemu-system-x86_64',
    [...machine, ...emulation, ...quiet, ...console, ...randomness, ...kernel, ...shares],
    { stdio: 'ignore' },
  );
  const timer = setTimeout(() => qemu.kill('SIGKILL'), timeoutMs);
  return new Promise((resolve, reject) => {
    qemu.on('error', reject);
    qemu.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
