/**
 * Users of services, and the directories that belong to them: `<run-dir>/vrrpd` and `<state-dir>/vrrpd` for the user
 * `keepwatch-vrrpd`. Whether a service has one is decided when nothing of the suite runs, and then holds until it has ended:
 * a successor has to find what its predecessor left. Loads fast: no native code in here.
 */
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ModuleName } from '../shared/rpc/moduleMain.js';
import type { ServiceName } from '../shared/rpc/service.js';

/** The services that can be somebody else than root; the others start scripts of root. */
export const CONFINED_SERVICES: readonly ServiceName[] = ['vrrpd', 'healthcheckerd', 'ipvsd', 'bfdd'];

export interface ServiceUser {
  readonly uid: number;
  readonly gid: number;
}

/** Name of the user of a service or an optional process. */
export const userNameOf = (name: ServiceName | ModuleName): string => `keepwatch-${name}`;

/** The user of a service in the text of passwd(5); undefined when there is none, or it is root. Pure. */
export function serviceUserIn(passwd: string, name: ServiceName | ModuleName): ServiceUser | undefined {
  for (const line of passwd.split('\n')) {
    const [user, , uid = '', gid = ''] = line.split(':');
    if (user !== userNameOf(name) || !/^[1-9]\d*$/.test(uid) || !/^[1-9]\d*$/.test(gid)) continue;
    return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** The users of services on this machine. */
export function serviceUsers(passwdFile = '/etc/passwd'): ReadonlyMap<ServiceName, ServiceUser> {
  const passwd = readFileSync(passwdFile, 'utf8');
  return new Map(
    CONFINED_SERVICES.flatMap((name) => {
      const user = serviceUserIn(passwd, name);
      return user === undefined ? [] : [[name, user] as const];
    }),
  );
}

/** The first directory above `path` that only its owner or group may pass; undefined: everybody can get to `path`. */
export function closedAbove(path: string): string | undefined {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    if ((statSync(directory).mode & 0o001) === 0) return directory;
    if (directory === '/') return undefined;
  }
}

/** Names by which the rest of the suite finds a service: they point into its directory. Only vrrpd has a spare. */
const namesOf = (name: ServiceName): string[] =>
  [name, ...(name === 'vrrpd' ? [`${name}.spare`] : [])].flatMap((file) => [`${file}.sock`, `${file}.pid`]);

export interface Places {
  readonly runDir: string;
  readonly stateDir: string;
}

const homes = ({ runDir, stateDir }: Places, name: ServiceName): Places => ({
  runDir: join(runDir, name),
  stateDir: join(stateDir, name),
});

/** Gives a service directories of its own, or takes them away (no user). Only while nothing of the suite runs. */
export function prepareHome(places: Places, name: ServiceName, user: ServiceUser | undefined): void {
  const home = homes(places, name);
  const had = homeOf(places, name) !== undefined;
  if (user === undefined && !had) return;
  for (const file of namesOf(name)) rmSync(join(places.runDir, file), { force: true });
  if (user === undefined) {
    for (const directory of [home.runDir, home.stateDir]) rmSync(directory, { recursive: true, force: true });
    return;
  }
  for (const directory of [home.runDir, home.stateDir]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chownSync(directory, user.uid, user.gid);
  }
  // Services pass through; what stands beside their directories has modes of its own.
  for (const directory of [places.runDir, places.stateDir]) chmodSync(directory, statSync(directory).mode | 0o011);
  for (const file of namesOf(name)) symlinkSync(join(name, file), join(places.runDir, file));
  // What it left when it ran as root: who was master, what it changed on this machine.
  if (!had) {
    for (const file of readdirSync(places.runDir)) {
      const path = join(places.runDir, file);
      if (file.startsWith(`${name}.`) && lstatSync(path).isFile()) renameSync(path, join(home.runDir, file));
    }
  }
  giveFiles({ ...home, user });
  const door = join(home.runDir, 'trackd.sock');
  rmSync(door, { force: true });
  if (name === 'vrrpd') symlinkSync('../trackd.sock', door);
}

/** Where a service keeps its files, and whose they are; undefined: beside those of the supervisor, as root. */
export function homeOf(places: Places, name: ServiceName): (Places & { readonly user: ServiceUser }) | undefined {
  const home = homes(places, name);
  const stats = lstatSync(home.runDir, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true || stats.uid === 0) return undefined;
  return { ...home, user: { uid: stats.uid, gid: stats.gid } };
}

/** Gives a service what a predecessor left that ran as root. */
export function giveFiles({ runDir, stateDir, user }: Places & { readonly user: ServiceUser }): void {
  for (const directory of [runDir, stateDir]) {
    for (const file of readdirSync(directory)) {
      const path = join(directory, file);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      // A second name may be one of a file elsewhere, which is not to be given away.
      if (stats?.uid === 0 && stats.isFile() && stats.nlink === 1) lchownSync(path, user.uid, user.gid);
    }
  }
}
