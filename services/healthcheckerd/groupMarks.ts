/** Firewall marks of virtual server groups (`nftables_ipvs`): one for each virtual server, and the same as long as it exists. */
import type { HealthConfig, VirtualServerConfig, VirtualServerGroupConfig } from './config/model.js';
import type { ResumeRecord } from './resumeRecord.js';

/** A virtual server with its name, in the order of the file. */
interface NamedServer {
  readonly name: string;
  readonly config: Pick<VirtualServerConfig, 'target'>;
}

export class GroupMarks {
  readonly #resume: ResumeRecord;
  #marks: ReadonlyMap<string, number> = new Map();

  constructor(resume: ResumeRecord) {
    this.#resume = resume;
  }

  /** The mark of a virtual server; undefined when it needs none. */
  of(name: string): number | undefined {
    return this.#marks.get(name);
  }

  /**
   * Gives marks to those that need one. Whoever has one, perhaps from before a crash of this process, keeps it: with another
   * mark every connection would be lost. Marks that the configuration itself uses are left alone.
   */
  give(config: Pick<HealthConfig, 'global' | 'groups'>, servers: readonly NamedServer[]): void {
    const { firstGroupMark } = config.global;
    const before = this.#marks;
    const next = new Map<string, number>();
    if (firstGroupMark !== undefined) {
      const groups = new Map(config.groups.map((group) => [group.name, group]));
      const used = configuredMarks(config.groups, servers);
      const wanting = servers.filter(({ config: { target } }) => needsMark(target, groups)).map(({ name }) => name);
      const kept = new Map(
        wanting.flatMap((name) => {
          const mark = before.get(name) ?? this.#resume.mark(name);
          return mark === undefined || mark < firstGroupMark || used.has(mark) ? [] : [[name, mark] as const];
        }),
      );
      for (const mark of kept.values()) used.add(mark);
      let free = firstGroupMark;
      for (const name of wanting) {
        while (used.has(free)) free++;
        next.set(name, kept.get(name) ?? free);
        if (!kept.has(name)) used.add(free);
      }
    }
    for (const name of before.keys()) if (!next.has(name)) this.#resume.forgetMark(name);
    for (const [name, mark] of next) if (before.get(name) !== mark) this.#resume.saveMark(name, mark);
    this.#marks = next;
  }
}

const needsMark = (
  target: VirtualServerConfig['target'],
  groups: ReadonlyMap<string, VirtualServerGroupConfig>,
): boolean =>
  target.kind === 'group' && groups.get(target.name)?.members.some(({ kind }) => kind === 'addresses') === true;

function configuredMarks(groups: HealthConfig['groups'], servers: readonly NamedServer[]): Set<number> {
  const marks = groups.flatMap(({ members }) =>
    members.flatMap((member) => (member.kind === 'fwmark' ? [member.fwmark] : [])),
  );
  for (const { config } of servers) if (config.target.kind === 'fwmark') marks.push(config.target.fwmark);
  return new Set(marks);
}
