/** What differs between the two sides of a run, by configuration. Pure. */
import type { Configuration } from './configuration.js';
import { type Findings, SIDES, type SideName, type Snapshot, type WireRecord } from './plan.js';

/** One difference. Lines that both sides have are left out. */
export interface Difference {
  readonly configuration: string;
  /** In which it was seen alike. */
  readonly rounds: readonly string[];
  readonly what:
    | 'table'
    | 'timeouts'
    | 'daemons'
    | 'calls'
    | 'fifo'
    | 'mails'
    | 'sender of mails'
    | 'requests'
    | 'order of requests';
  readonly keepalived: readonly string[];
  readonly keepwatch: readonly string[];
}

type Sides<T> = Readonly<Record<SideName, T>>;

const each = <T, R>(sides: Sides<T>, pick: (of: T) => R): Record<SideName, R> => ({
  keepalived: pick(sides.keepalived),
  keepwatch: pick(sides.keepwatch),
});

/** Lines of one and not of the other, each as often as it is there too often. */
function surplus(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const index = left.indexOf(line);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

/** Differences of one configuration; `mine` tells its lines in a run of several. */
export function compareFindings(
  { name, text, mailServers }: Configuration,
  findings: Findings,
  mine: (line: string) => boolean = () => true,
): Difference[] {
  const differences: Difference[] = [];
  const add = (round: string, what: Difference['what'], lines: Sides<readonly string[]>): void => {
    const keepalived = surplus(lines.keepalived, lines.keepwatch);
    const keepwatch = surplus(lines.keepwatch, lines.keepalived);
    if (keepalived.length + keepwatch.length > 0)
      differences.push({ configuration: name, rounds: [round], what, keepalived, keepwatch });
  };
  for (const { name: round, ...shown } of findings.rounds) {
    const lists = (pick: (snapshot: Snapshot) => readonly string[]): Record<SideName, string[]> =>
      each(shown, (snapshot) => pick(snapshot).filter(mine));
    add(
      round,
      'table',
      lists(({ table }) => table),
    );
    add(
      round,
      'calls',
      lists(({ calls }) => calls),
    );
    add(
      round,
      'mails',
      lists(({ mails }) => mails),
    );
    add(
      round,
      'fifo',
      each(
        lists(({ fifo }) => fifo),
        inOrder,
      ),
    );
    if (/^\s*lvs_timeouts/m.test(text))
      add(
        round,
        'timeouts',
        each(shown, ({ timeouts }) => [timeouts]),
      );
    if (/^\s*lvs_sync_daemon/m.test(text))
      add(
        round,
        'daemons',
        each(shown, ({ daemons }) => daemons),
      );
  }
  const last = findings.rounds.at(-1);
  if (last !== undefined && mailServers.length > 0) {
    add(
      'all',
      'sender of mails',
      each(last, ({ mailers }) => mailers),
    );
  }
  return merge([
    ...differences,
    ...compareWire(
      name,
      each(findings.wire, (records) => records.filter(({ server }) => mine(server))),
    ),
  ]);
}

/** What lasts over several rounds is one difference. */
function merge(differences: readonly Difference[]): Difference[] {
  const merged = new Map<string, Difference>();
  for (const one of differences) {
    const key = JSON.stringify([one.what, one.keepalived, one.keepwatch]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? one : { ...known, rounds: [...known.rounds, ...one.rounds] });
  }
  return [...merged.values()];
}

/** What is told of each real and each virtual server is one line, in its order; who of several was faster is by chance. */
function inOrder(lines: readonly string[]): string[] {
  const told = new Map<string, string[]>();
  for (const line of lines) {
    const [, about = line, state = ''] = /^(.*) (UP|DOWN)$/.exec(line) ?? [];
    told.set(about, [...(told.get(about) ?? []), state]);
  }
  return [...told].map(([about, states]) => `${about} ${states.join(' ')}`).sort();
}

const EVERY_TIME_ANOTHER = '(every time another)';

/** Requests as they are compared: without what is random by nature. */
function requestOf({ server, request, sni }: WireRecord): string {
  const text = server.startsWith('dns ') ? `id${request.slice(2)}` : request;
  return JSON.stringify(text) + (sni === undefined ? '' : ` to ${sni}`);
}

function compareWire(configuration: string, wire: Sides<readonly WireRecord[]>): Difference[] {
  const differences: Difference[] = [];
  const servers = new Set(SIDES.flatMap((side) => wire[side].map(({ server }) => server)));
  for (const server of [...servers].sort()) {
    const seen = each(wire, (records) => records.filter((record) => record.server === server));
    const requests = each(seen, (records) => distinct(records.map(requestOf)));
    const add = (round: string, what: Difference['what'], lines: Sides<readonly string[]>): void => {
      const told = each(lines, (list) => list.map((line) => `${server}: ${line}`));
      differences.push({ configuration, rounds: [round], what, ...told });
    };
    const onlyOne = {
      keepalived: surplus(requests.keepalived, requests.keepwatch),
      keepwatch: surplus(requests.keepwatch, requests.keepalived),
    };
    if (onlyOne.keepalived.length + onlyOne.keepwatch.length > 0) add('all', 'requests', onlyOne);
    const order = each(seen, (records) => runs(records.filter(({ round }) => round === 0).map(requestOf)));
    const common = Math.min(order.keepalived.length, order.keepwatch.length);
    const orders = each(order, (list) => [list.slice(0, common).join(', ')]);
    if (
      requests.keepalived.length > 1 &&
      requests.keepalived[0] !== EVERY_TIME_ANOTHER &&
      orders.keepalived[0] !== orders.keepwatch[0]
    ) {
      add('start', 'order of requests', orders);
    }
  }
  return differences;
}

function distinct(requests: readonly string[]): string[] {
  const different = [...new Set(requests)].sort();
  return different.length > 3 && different.length === requests.length ? [EVERY_TIME_ANOTHER] : different;
}

/** Repetitions taken together. */
const runs = (requests: readonly string[]): string[] =>
  requests.filter((request, index) => request !== requests[index - 1]);
