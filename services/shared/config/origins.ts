/** Where expanded text came from: which parameters stood behind a place, and what included a file. */
import type { Diagnostic, TrailStep } from './diagnostic.js';
import type { SourcePosition } from './position.js';
import type { SourcePlace } from './sourceLine.js';

/** Ways of one place that are remembered: a sequence takes the same place through many. */
const WAYS = 8;
/** Steps of one way that are remembered. */
const STEPS = 16;

interface Step {
  readonly note: string;
  readonly place?: SourcePlace;
}

/** How text came to one place: outermost parameter first. */
interface Way {
  readonly steps: Step[];
  /** What is in the place after the last step, to find the way that a finding is about. */
  text: string;
}

export class Origins {
  readonly #files: readonly string[];
  readonly #ways = new Map<string, Way[]>();
  readonly #includedFrom = new Map<number, SourcePlace>();
  /** Where the lines of a parameter of several lines are used. */
  readonly #usedAt = new Map<string, Step>();

  /** `files` may still grow. */
  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /** File number `file` is read because of the line at `from`. The first time counts. */
  included(file: number, from: SourcePlace): void {
    if (!this.#includedFrom.has(file)) this.#includedFrom.set(file, from);
  }

  /**
   * At `at` a parameter was replaced by `text`. `inside`: it stood in the text of another parameter, put in at the same place.
   */
  substituted(at: SourcePlace, note: string, from: SourcePlace | undefined, text: string, inside: boolean): void {
    const key = keyOf(at);
    const ways = this.#ways.get(key) ?? [];
    this.#ways.set(key, ways);
    let way = inside ? ways.at(-1) : undefined;
    if (way === undefined) {
      way = { steps: [], text: '' };
      if (ways.length >= WAYS) ways.pop();
      ways.push(way);
    }
    if (way.steps.length < STEPS) way.steps.push(from === undefined ? { note } : { note, place: from });
    way.text = text;
  }

  /** The line of a definition at `line` is used at `at`. The first use counts. */
  usedAt(line: Pick<SourcePlace, 'file' | 'line'>, note: string, at: SourcePlace): void {
    const key = `${line.file}:${line.line}`;
    if (!this.#usedAt.has(key)) this.#usedAt.set(key, { note, place: at });
  }

  /** The findings, each with its trail where there is more to tell than its own place. */
  trace(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
    if (this.#ways.size + this.#includedFrom.size + this.#usedAt.size === 0) return diagnostics;
    const numbers = new Map(this.#files.map((file, index) => [file, index]));
    return diagnostics.map((diagnostic) => {
      const { position } = diagnostic;
      const file = position === undefined ? undefined : numbers.get(position.file);
      if (position === undefined || file === undefined) return diagnostic;
      const trail = this.#trail({ ...position, file }, diagnostic.message);
      return trail.length === 0 ? diagnostic : { ...diagnostic, trail };
    });
  }

  #trail(place: SourcePlace, message: string): TrailStep[] {
    const steps: Step[] = [];
    const used = this.#usedAt.get(`${place.file}:${place.line}`);
    if (used !== undefined) steps.push(used);
    const ways = this.#ways.get(keyOf(place)) ?? [];
    // Of several rounds the one whose text the message names.
    const way = ways.find(({ text }) => names(message, text)) ?? ways[0];
    for (const step of way?.steps ?? []) if (!steps.some((other) => sameStep(other, step))) steps.push(step);
    let file = place.file;
    for (let from = this.#includedFrom.get(file); from !== undefined && steps.length < 2 * STEPS; ) {
      steps.push({ note: 'included from here', place: from });
      file = from.file;
      from = this.#includedFrom.get(file);
    }
    return steps.map(({ note, place: at }) => (at === undefined ? { note } : { note, position: this.#position(at) }));
  }

  #position({ file, line, column }: SourcePlace): SourcePosition {
    return { file: this.#files[file] ?? '?', line, column };
  }
}

/** Whether a message has a text as a word of its own. */
function names(message: string, text: string): boolean {
  if (text === '') return false;
  for (let at = message.indexOf(text); at >= 0; at = message.indexOf(text, at + 1)) {
    if (!isWordy(message.charAt(at - 1)) && !isWordy(message.charAt(at + text.length))) return true;
  }
  return false;
}

const isWordy = (character: string): boolean => /[\w.]/.test(character);

const sameStep = (one: Step, other: Step): boolean =>
  one.note === other.note && one.place?.line === other.place?.line && one.place?.file === other.place?.file;

const keyOf = ({ file, line, column }: SourcePlace): string => `${file}:${line}:${column}`;
