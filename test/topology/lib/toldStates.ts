/** What vrrpd did, by its log, beside what a notify script was told: complete, in order, each once. */

export type Told = ReadonlyMap<string, readonly string[]>;

/** One transition in vrrpd's log. */
export interface Done {
  readonly state: string;
  /** The last word of a process that was killed: it may have died before it told. */
  readonly perhaps: boolean;
}

/** What vrrpd says in its log that it did, per lane. */
export function done(log: string): ReadonlyMap<string, readonly Done[]> {
  const lines = [
    ...log.matchAll(/\bvrrpd\[(\d+)\]: (?:VRRP_Group\((\w+)\)|\((\w+)\)) Entering (MASTER|BACKUP|FAULT|STOP) STATE/g),
  ];
  const lastOf = new Map(lines.map(([, pid], index) => [pid, index]));
  const states = new Map<string, Done[]>();
  for (const [index, [, pid, group, member, state = '']] of lines.entries()) {
    const lane = group === undefined ? `INSTANCE ${member}` : `GROUP ${group}`;
    const known = states.get(lane) ?? [];
    states.set(lane, known);
    known.push({ state, perhaps: lastOf.get(pid) === index && state !== 'STOP' });
  }
  return states;
}

/** Whether these states tell what was done. A successor that only stands where the dead one stood tells nothing. */
export function tells(said: readonly string[], did: readonly Done[]): boolean {
  let positions = new Set([0]);
  for (const { state, perhaps } of did) {
    const next = new Set<number>(perhaps ? positions : []);
    for (const position of positions) {
      if (said[position] === state) next.add(position + 1);
      if (said[position - 1] === state) next.add(position);
    }
    positions = next;
  }
  return positions.has(said.length);
}

/** What the script was told, per lane. */
export function told(record: string): Told {
  const states = new Map<string, string[]>();
  for (const line of record.split('\n').slice(0, -1)) {
    const [kind, name, state = '?'] = line.split(' ');
    const lane = `${kind} ${name}`;
    const known = states.get(lane) ?? [];
    states.set(lane, known);
    known.push(state);
  }
  return states;
}

/** Transitions of all lanes. */
export const count = (states: ReadonlyMap<string, readonly unknown[]>): number =>
  [...states.values()].reduce((sum, list) => sum + list.length, 0);
