/** `net_namespace`, `net_namespace_ipvs` and `instance`: where a suite runs, and what tells it from others. Pure. */
import { type Argument, optional } from './argument.js';
import { KeywordTable, keyword } from './keyword.js';
import type { SourcePosition } from './position.js';
import { type Block, readBlock } from './readBlock.js';
import { Reporter } from './reporter.js';
import type { ConfigTree } from './tree.js';

/** Longest name of a file (NAME_MAX of linux/limits.h); both names are parts of file names. */
const LONGEST_NAME = 255;

/** A word that is the name of a file in some directory, and so no path. */
function fileName(name: string): Argument<string> {
  return {
    shape: { name, type: 'word', optional: false, repeat: false },
    absent: '',
    read: (text) => {
      const fits = !/[/\0]/.test(text) && text !== '.' && text !== '..' && text !== '' && text.length <= LONGEST_NAME;
      if (fits) return { ok: true, value: text };
      const message = `takes a name, not '${text}'`;
      return {
        ok: false,
        code: 'bad-value',
        message,
        hint: 'it is part of file names: no slash, at most 255 characters',
      };
    },
  };
}

export const NET_NAMESPACE = keyword(
  'net_namespace',
  [fileName('name')],
  'Network namespace of all services and their scripts, as ip netns add makes it; cannot change at a reload.',
  { default: 'the one keepwatchd is started in' },
);

export const NET_NAMESPACE_IPVS = keyword(
  'net_namespace_ipvs',
  [optional(fileName('name'))],
  'Network namespace of the IPVS table; without a name the one keepwatchd is started in; cannot change at a reload.',
  { default: 'net_namespace', since: '2.1.3' },
);

export const INSTANCE = keyword(
  'instance',
  [fileName('name')],
  'Name of this suite, part of its directories and of its names in syslog; cannot change at a reload.',
);

const PLACEMENT_TABLE = new KeywordTable('the configuration', [NET_NAMESPACE, NET_NAMESPACE_IPVS, INSTANCE]);

/** A name and where it is written; no position: on the command line. */
export interface PlacedName {
  readonly name: string;
  readonly position?: SourcePosition;
}

/** Where a suite runs. What is absent is as it would be without the keyword. */
export interface Placement {
  readonly netNamespace?: PlacedName;
  /** Name empty: the namespace that keepwatchd was started in. */
  readonly ipvsNamespace?: PlacedName;
  readonly instance?: PlacedName;
}

/**
 * What a configuration says of its placement, in silence: what is wrong in it is reported by `interpretCommon`.
 * `namespace`: from the command line, where it counts more than `net_namespace`.
 */
export function placementOf(tree: ConfigTree, namespace?: string): Placement {
  const statements = tree.statements.filter(
    ({ words: [first] }) => first !== undefined && !first.quoted && PLACEMENT_TABLE.find(first.text) !== undefined,
  );
  const report = new Reporter(tree.files, tree.lenient);
  const block = readBlock(statements, PLACEMENT_TABLE, report);
  const named = (spec: Parameters<Block['last']>[0]): PlacedName | undefined => {
    const found = block.last(spec);
    if (found === undefined) return undefined;
    const [name] = found.values;
    return { name: typeof name === 'string' ? name : '', position: report.position(found.keyword) };
  };
  const netNamespace = namespace === undefined ? named(NET_NAMESPACE) : { name: namespace };
  const ipvsNamespace = named(NET_NAMESPACE_IPVS);
  const instance = named(INSTANCE);
  return {
    ...(netNamespace === undefined ? {} : { netNamespace }),
    ...(ipvsNamespace === undefined ? {} : { ipvsNamespace }),
    ...(instance === undefined ? {} : { instance }),
  };
}

/** What tells a suite from others on this machine: its namespace, its instance name, both, or nothing (empty). */
export const suiteName = ({ netNamespace, instance }: Placement): string =>
  [netNamespace?.name, instance?.name].filter((name) => name !== undefined).join('_');
