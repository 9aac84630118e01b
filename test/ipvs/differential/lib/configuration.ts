/** One configuration of the lab: what is in its file, and what its comments say about how it is to be run. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { interpretHealthConfig } from '../../../../services/healthcheckerd/config/interpret.js';
import type { HealthConfig } from '../../../../services/healthcheckerd/config/model.js';
import { serviceTargets } from '../../../../services/healthcheckerd/desiredTable.js';
import { splitTree } from '../../../../services/shared/config/splitTree.js';
import { formatIpAddress } from '../../../../services/shared/net/address.js';
import { load } from '../../../corpus/lib/ours.js';
import type { LabEvent, ServerPlan } from './plan.js';

/** One configuration of the lab. */
export interface Configuration {
  /** `01-round-robin.conf`. */
  readonly name: string;
  readonly text: string;
  /** What it is at the reload, where it changes. */
  readonly reloaded?: string;
  /** What it means, at first and after the reload. */
  readonly models: readonly HealthConfig[];
  /** Words of its statements outside of all blocks. */
  readonly keywords: readonly string[];
  /** Lines `! @N: …`; without any its backends die and return as usual. */
  readonly script: ReadonlyMap<number, readonly LabEvent[]>;
  readonly deadAtStart: readonly { readonly address: string; readonly port: number }[];
  /** `! @run NAME`: with those of this name, because of what it does to the whole machine. */
  readonly run?: string;
  /** `! @full`: takes much of the machine, left out of the everyday test. */
  readonly costly: boolean;
  /** `! @before PROGRAM …`: runs on both sides before the daemons start. */
  readonly before: readonly (readonly string[])[];
  /** `! @mail ADDRESS:PORT`: a mail server. */
  readonly mailServers: readonly ServerPlan[];
}

/** The number of the round in which both daemons reload. */
export const RELOAD_ROUND = 4;
export const ROUNDS = 6;

/** Gives meaning to a file. */
function interpret(file: string): { model: HealthConfig; keywords: string[] } {
  const { tree, diagnostics } = load(file);
  const model = tree && interpretHealthConfig(splitTree(tree).healthcheckerd, { hostname: 'lab' }).model;
  if (tree === undefined || model === undefined)
    throw new Error(`${file}: ${diagnostics.map(({ message }) => message).join('; ')}`);
  return { model, keywords: tree.statements.map(({ words }) => words[0]?.text ?? '') };
}

/** The files of all configurations of a folder, by name. */
export const configurationFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.conf'))
    .sort()
    .map((file) => join(folder, file));

/** One configuration; `NAME.reload` is what takes the place of `NAME.conf` at the reload. Throws in words. */
export function readConfiguration(file: string): Configuration {
  const other = file.replace(/conf$/, 'reload');
  const reloaded = existsSync(other) ? other : undefined;
  const text = readFileSync(file, 'utf8');
  const { model, keywords } = interpret(file);
  const script = new Map<number, LabEvent[]>();
  const deadAtStart: Configuration['deadAtStart'][number][] = [];
  const before: string[][] = [];
  const mailServers: ServerPlan[] = [];
  let run: string | undefined;
  let costly = false;
  for (const [, line = ''] of text.matchAll(/^\s*! @(.*)$/gm)) {
    const at = `${file}: ! @${line}`;
    if (line === 'full') costly = true;
    else if (line.startsWith('run ')) run = line.slice('run '.length);
    else if (line.startsWith('before ')) before.push(line.split(' ').slice(1));
    else if (line.startsWith('mail ')) mailServers.push({ kind: 'smtp', ...endpoint(line.split(' ')[1] ?? '') });
    else if (line.startsWith('dead ')) deadAtStart.push(endpoint(line.split(' ')[1] ?? ''));
    else {
      const [, number = '', what = ''] = /^(\d+): (.*)$/.exec(line) ?? [];
      if (number === '' || Number(number) < 1 || Number(number) > ROUNDS) throw new Error(`${at}: not understood`);
      script.set(Number(number), [...(script.get(Number(number)) ?? []), event(what, at)]);
    }
  }
  return {
    name: basename(file),
    text,
    models: reloaded === undefined ? [model] : [model, interpret(reloaded).model],
    keywords,
    script,
    deadAtStart,
    before,
    mailServers,
    costly,
    ...(run === undefined ? {} : { run }),
    ...(reloaded === undefined ? {} : { reloaded: readFileSync(reloaded, 'utf8') }),
  };
}

/** `10.9.1.1:80`, `[fd09::1]:80`, or an address alone. */
function endpoint(text: string): { address: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*|.*:.*:.*?))(?::(\d+))?$/.exec(text) ?? [];
  return { address: bracketed ?? plain ?? text, port: Number(port ?? 0) };
}

function event(what: string, at: string): LabEvent {
  const [verb = '', ...rest] = what.split(' ');
  switch (verb) {
    case 'die':
    case 'return':
    case 'sicken':
      return { kind: verb, ...endpoint(rest[0] ?? '') };
    case 'write':
      return { kind: 'write', file: rest[0] ?? '', content: `${rest.slice(1).join(' ')}\n` };
    case 'ip':
      return { kind: 'ip', words: rest };
    default:
      throw new Error(`${at}: '${verb}' is no event`);
  }
}

/** What a configuration calls its own: lines that name it are about this configuration. */
export interface Names {
  readonly addresses: ReadonlySet<string>;
  readonly marks: ReadonlySet<number>;
  readonly groups: ReadonlySet<string>;
}

/** The names of a configuration. */
export function namesOf({ models, mailServers }: Configuration): Names {
  const addresses = new Set(mailServers.map(({ address }) => address));
  const marks = new Set<number>();
  const groups = new Set<string>();
  for (const { virtualServers, groups: defined } of models) {
    const byName = new Map(defined.map((group) => [group.name, group]));
    for (const virtual of virtualServers) {
      if (virtual.target.kind === 'group') groups.add(virtual.target.name);
      for (const { address, fwmark } of serviceTargets(virtual, byName, undefined).keys) {
        if (fwmark === 0) addresses.add(address);
        else marks.add(fwmark);
      }
      if (virtual.sorryServer !== undefined) addresses.add(formatIpAddress(virtual.sorryServer.address));
      for (const { address, checkers } of virtual.realServers) {
        addresses.add(formatIpAddress(address));
        for (const checker of checkers) {
          if ('endpoint' in checker) addresses.add(formatIpAddress(checker.endpoint.address));
        }
      }
    }
  }
  return { addresses, marks, groups };
}

/** Which lines of a run of several are about this one. Calls of scripts begin with its number. */
export function linesOf(configuration: Configuration): (line: string) => boolean {
  const { addresses, marks, groups } = namesOf(configuration);
  const number = Number.parseInt(configuration.name, 10);
  return (line) => {
    const call = /\/tell(?:-all)?\]\[(\d+)\]/.exec(line);
    if (call !== null) return Number(call[1]) === number;
    const named = [...line.matchAll(/\[([^\]]+)\]/g), ...line.matchAll(/(\d+\.\d+\.\d+\.\d+)/g)];
    if (named.some(([, name = '']) => addresses.has(name) || groups.has(name))) return true;
    const mark = /(?:-f|FWM) (\d+)\b/.exec(line);
    return mark !== null && marks.has(Number(mark[1]));
  };
}

/** What has no effect on virtual servers of other configurations. */
const HARMLESS = new Set(['virtual_server', 'virtual_server_group', 'track_file', 'vrrp_track_file']);
const SHARED = 'all';

const overlaps = <T>(left: ReadonlySet<T>, right: ReadonlySet<T>): boolean => [...left].some((one) => right.has(one));

/** The name of the run of one configuration by itself. */
export const alone = ({ name }: Configuration): string => name.replace(/\W/g, '-');

/** Which configurations run together: those that say so, and those that cannot get in each other's way. */
export function groupRuns(configurations: readonly Configuration[]): ReadonlyMap<string, readonly Configuration[]> {
  const runs = new Map<string, Configuration[]>();
  const join = (run: string, one: Configuration): unknown => runs.set(run, [...(runs.get(run) ?? []), one]);
  const taken = { addresses: new Set<string>(), marks: new Set<number>(), groups: new Set<string>() };
  for (const one of configurations) {
    const { addresses, marks, groups } = namesOf(one);
    const inTheWay =
      overlaps(addresses, taken.addresses) || overlaps(marks, taken.marks) || overlaps(groups, taken.groups);
    if (one.run !== undefined) join(one.run, one);
    else if (inTheWay || one.keywords.some((word) => !HARMLESS.has(word))) join(alone(one), one);
    else join(SHARED, one);
    if ((one.run ?? SHARED) !== SHARED || !runs.get(SHARED)?.includes(one)) continue;
    for (const address of addresses) taken.addresses.add(address);
    for (const mark of marks) taken.marks.add(mark);
    for (const group of groups) taken.groups.add(group);
  }
  return runs;
}
