/** A stretch of an expanded line that came from one place. */
export interface Segment {
  /** Offset in the expanded text at which this stretch begins. */
  readonly start: number;
  readonly file: number;
  readonly line: number;
  readonly column: number;
  /** The stretch was substituted: all of it stands at `column`, where the parameter is used. */
  readonly substituted: boolean;
}

/** One line of configuration on its way to the lexer, after includes, conditions and parameters. */
export interface SourceLine {
  readonly text: string;
  /** Index into the list of files. */
  readonly file: number;
  /** Counts from 1. */
  readonly line: number;
  /** Where its parts came from, ascending by `start`; absent when the text is exactly the file's line. */
  readonly segments?: readonly Segment[];
  /** Comments are already gone: `#` and `!` are ordinary characters. */
  readonly commentsRemoved?: true;
}

/** A place in the list of files. */
export interface SourcePlace {
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

/** The stretch of an expanded line that the character at `offset` belongs to. */
function segmentAt({ segments = [] }: SourceLine, offset: number): Segment | undefined {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((segments[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return segments[low];
}

/** Whether the character at `offset` was put in for a parameter. */
export const isSubstituted = (line: SourceLine, offset: number): boolean =>
  segmentAt(line, offset)?.substituted === true;

/** Tells where the character at `offset` of an expanded line stood in its file. */
export function placeOf(line: SourceLine, offset: number): SourcePlace {
  const segment = segmentAt(line, offset);
  if (segment === undefined) return { file: line.file, line: line.line, column: offset + 1 };
  const column = segment.substituted ? segment.column : segment.column + Math.max(0, offset - segment.start);
  return { file: segment.file, line: segment.line, column };
}
