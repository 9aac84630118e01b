/** A kernel with IPVS and an initramfs for it, made once from Debian's own packages and kept in the user's cache. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

/** What a guest is booted from. */
export interface Image {
  readonly kernel: string;
  readonly initramfs: string;
  /** Directory of the kernel's modules on the host, seen by the guest under the same path. */
  readonly modules: string;
}

/** Drivers the guest needs before it has a root file system; the rest is loaded by modprobe from the host's files. */
const BOOT_MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

const LIB = import.meta.dirname;
const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keepwatch-vm');

const run = (command: string, args: readonly string[], cwd?: string): string =>
  execFileSync(command, args, { encoding: 'utf8', cwd, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });

/** Programs the lane needs, with the Debian package each comes from. */
const PROGRAMS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['busybox', 'busybox-static'],
  ['modprobe', 'kmod'],
  ['ipvsadm', 'ipvsadm'],
  ['dpkg-deb', 'dpkg'],
  ['apt-get', 'apt'],
];

/** Why guests cannot run here; undefined when they can. */
export function missingForGuests(): string | undefined {
  if (process.arch !== 'x64') return `the guests are x86-64, this machine is ${process.arch}`;
  const path = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  const missing = PROGRAMS.filter(([program]) => !path.some((folder) => existsSync(join(folder, program))));
  return missing.length === 0 ? undefined : `needs Debian packages: ${missing.map(([, name]) => name).join(' ')}`;
}

/** Makes the image, or finds it in the cache. Throws when the kernel package cannot be had. */
export function ensureImage(): Image {
  const cache = cacheFolder();
  mkdirSync(cache, { recursive: true });
  const tree = join(cache, 'kernel');
  if (!existsSync(join(tree, '.complete'))) fetchKernel(cache, tree);
  const name = readdirSync(join(tree, 'boot')).find((file) => file.startsWith('vmlinuz-'));
  if (name === undefined) throw new Error(`${tree} holds no kernel: remove it`);
  const version = name.slice('vmlinuz-'.length);
  const unpacked = join(tree, 'boot', `vmlinux-${version}`);
  return {
    kernel: existsSync(unpacked) ? unpacked : join(tree, 'boot', name),
    initramfs: ensureInitramfs(cache, tree, version),
    modules: join(tree, 'lib/modules', version),
  };
}

function fetchKernel(cache: string, tree: string): void {
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    const find = (): string | undefined =>
      /Depends: (linux-image-[0-9]\S*)/.exec(run('apt-cache', ['depends', 'linux-image-amd64']))?.[1];
    let debianPackage = find();
    if (debianPackage === undefined) {
      run('apt-get', ['update', '-qq']);
      debianPackage = find();
    }
    if (debianPackage === undefined) throw new Error('apt knows no linux-image-amd64');
    try {
      run('apt-get', ['download', '-qq', debianPackage], work);
    } catch {
      // The package lists may be older than the archive.
      run('apt-get', ['update', '-qq']);
      run('apt-get', ['download', '-qq', debianPackage], work);
    }
    const archive = readdirSync(work).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get download ${debianPackage} brought nothing`);
    const content = join(work, 'content');
    run('dpkg-deb', ['-x', join(work, archive), content]);
    const kernel = readdirSync(join(content, 'boot')).find((file) => file.startsWith('vmlinuz-')) ?? '';
    const version = kernel.slice('vmlinuz-'.length);
    run('/sbin/depmod', ['-b', content, version]);
    unpackKernel(join(content, 'boot', kernel), join(content, 'boot', `vmlinux-${version}`));
    writeFileSync(join(content, '.complete'), '');
    rmSync(tree, { recursive: true, force: true });
    renameSync(content, tree);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const XZ_MAGIC = Buffer.from('fd377a585a00', 'hex');
const ELF_MAGIC = Buffer.from('7f454c46', 'hex');

/** Takes the ELF kernel out of a bzImage: the guest's own decompression takes many seconds under emulation. */
function unpackKernel(source: string, target: string): void {
  const image = readFileSync(source);
  for (let at = image.indexOf(XZ_MAGIC); at >= 0; at = image.indexOf(XZ_MAGIC, at + 1)) {
    try {
      // What follows the compressed kernel makes xz complain; what it wrote until then counts.
      execFileSync('sh', ['-c', 'xz -dc --single-stream 2>/dev/null > "$1" || true', 'sh', target], {
        input: image.subarray(at),
        stdio: ['pipe', 'ignore', 'ignore'],
      });
    } catch {
      // EPIPE: xz stopped reading at the end of its stream.
    }
    if (existsSync(target) && readFileSync(target).subarray(0, 4).equals(ELF_MAGIC)) return;
  }
  rmSync(target, { force: true });
}

function ensureInitramfs(cache: string, tree: string, version: string): string {
  const init = readFileSync(join(LIB, 'init.sh'));
  const key = createHash('sha256').update(init).update(version).update(BOOT_MODULES.join()).digest('hex').slice(0, 16);
  const target = join(cache, `initramfs-${key}`);
  if (existsSync(target)) return target;
  const work = mkdtempSync(join(cache, 'initramfs-'));
  try {
    for (const folder of ['bin', 'proc', 'sys', 'dev', 'modules', 'lower', 'upper']) mkdirSync(join(work, folder));
    const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? '/bin/busybox';
    copyFileSync(busybox, join(work, 'bin/busybox'));
    writeFileSync(join(work, 'init'), init, { mode: 0o755 });
    const files = BOOT_MODULES.flatMap((module) => dependencies(tree, version, module));
    const names = [...new Set(files)].map((file) => {
      copyFileSync(file, join(work, 'modules', basename(file)));
      return basename(file);
    });
    writeFileSync(join(work, 'modules.list'), names.map((name) => `${name}\n`).join(''));
    run('sh', ['-c', 'find . | busybox cpio -o -H newc > "$1" 2>/dev/null', 'sh', `${target}.new`], work);
    renameSync(`${target}.new`, target);
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A module and what it needs, in the order of loading; none when it is built in. */
function dependencies(tree: string, version: string, module: string): string[] {
  const listed = run('/sbin/modprobe', ['-d', tree, '-S', version, '--show-depends', module]);
  return [...listed.matchAll(/^insmod (\S+)/gm)].flatMap(([, file]) => (file === undefined ? [] : [file]));
}
