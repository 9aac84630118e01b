/** What checkers take from outside of virtual servers: the script user, the `SSL` block, the `track_file` blocks. */
import type { ScriptDefaults } from '../../../shared/config/globals.js';
import { KeywordTable } from '../../../shared/config/keyword.js';
import { type Block, readBlock } from '../../../shared/config/readBlock.js';
import { Reporter } from '../../../shared/config/reporter.js';
import {
  FILE_INIT,
  FILE_PATH,
  FILE_WEIGHT,
  readFileInit,
  TRACK_FILE_DEFINITION,
} from '../../../shared/config/trackFile.js';
import type { ConfigTree } from '../../../shared/config/tree.js';
import type { FileCheckConfig, RegexConfig, TlsFiles } from '../checkerModel.js';
import * as K from '../keywords.js';
import type { Endpoint } from './endpoint.js';
import type { TimingSettings } from './timing.js';

export function readTlsFiles(block: Block): TlsFiles {
  const ssl = block.last(K.SSL)?.block;
  const ca = ssl?.last(K.SSL_CA)?.values[0];
  const certificate = ssl?.last(K.SSL_CERTIFICATE)?.values[0];
  const key = ssl?.last(K.SSL_KEY)?.values[0];
  const password = ssl?.last(K.SSL_PASSWORD)?.values[0];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(password === undefined ? {} : { password }),
  };
}

/** A `track_file` block, as far as FILE_CHECK needs it. */
export interface TrackFile {
  readonly path: string;
  readonly weight: number;
  readonly reverse: boolean;
  readonly init?: FileCheckConfig['init'];
}

const TABLE = new KeywordTable('the configuration', [TRACK_FILE_DEFINITION]);

/** The files by name. What is wrong with the blocks themselves vrrpd says, which owns them. */
export function readTrackFiles(tree: ConfigTree): ReadonlyMap<string, TrackFile> {
  const statements = tree.statements.filter(({ words: [first] }) => first !== undefined && TABLE.find(first.text));
  const silent = new Reporter(tree.files, true);
  const block = readBlock(statements, TABLE, silent);
  const files = new Map<string, TrackFile>();
  for (const { values, block: inside } of block.all(TRACK_FILE_DEFINITION)) {
    const path = inside.last(FILE_PATH)?.values[0];
    if (path === undefined) continue;
    const [weight, direction] = inside.last(FILE_WEIGHT)?.values ?? [1];
    const found = inside.last(FILE_INIT);
    const init = found === undefined ? {} : { init: readFileInit(found, silent) };
    files.set(values[0], { path, weight, reverse: direction === 'reverse', ...init });
  }
  return files;
}

/** What all checkers of a configuration share. */
export interface CheckerSurroundings {
  readonly scripts: ScriptDefaults;
  readonly tls: TlsFiles;
  readonly trackFiles: ReadonlyMap<string, TrackFile>;
  readonly patternProblem?: PatternProblem;
}

/** Asks PCRE2 about an expression: its words, '' for a right one, undefined when it cannot be asked. */
export type PatternProblem = (regex: RegexConfig) => string | undefined;

/** What a checker takes from its real server and from above it. */
export interface CheckerDefaults {
  readonly surroundings: CheckerSurroundings;
  readonly server: Endpoint;
  /** 0 when the virtual server has none. */
  readonly virtualPort: number;
  readonly timing: TimingSettings;
  readonly virtualhost: string | undefined;
}
