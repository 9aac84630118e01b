import { placeOf, type Segment, type SourceLine, type SourcePlace } from '../sourceLine.js';

/** Part of a line; with `at`, all of it counts as standing there. */
export interface Piece {
  readonly line: SourceLine;
  readonly start: number;
  readonly end: number;
  readonly at?: SourcePlace;
}

/** The part of a line from `start` on. */
export const tail = (line: SourceLine, start: number, end = line.text.length): Piece => ({ line, start, end });

/** Puts pieces together to one line that still knows where each of them came from. Comments are gone from it. */
export function joinPieces(pieces: readonly Piece[]): SourceLine {
  const segments: Segment[] = [];
  let text = '';
  for (const piece of pieces) {
    if (piece.end <= piece.start) continue;
    addSegments(piece, text.length, segments);
    text += piece.line.text.slice(piece.start, piece.end);
  }
  const first = pieces[0]?.line;
  return { text, file: first?.file ?? 0, line: first?.line ?? 0, segments, commentsRemoved: true };
}

function addSegments({ line, start, end, at }: Piece, offset: number, segments: Segment[]): void {
  if (at !== undefined) {
    addSegment({ start: offset, ...at, substituted: true }, segments);
    return;
  }
  const own = line.segments;
  if (own === undefined) {
    segments.push({ start: offset, file: line.file, line: line.line, column: start + 1, substituted: false });
    return;
  }
  for (const [index, segment] of own.entries()) {
    const from = Math.max(segment.start, start);
    const to = Math.min(own[index + 1]?.start ?? line.text.length, end);
    if (from >= to) continue;
    const place = placeOf(line, from);
    addSegment({ start: offset + from - start, ...place, substituted: segment.substituted }, segments);
  }
}

/** Stretches of one substitution are one segment, so that parameters in parameters do not pile them up. */
function addSegment(segment: Segment, segments: Segment[]): void {
  const last = segments.at(-1);
  const same =
    last?.substituted === true &&
    segment.substituted &&
    last.column === segment.column &&
    last.line === segment.line &&
    last.file === segment.file;
  if (!same) segments.push(segment);
}
