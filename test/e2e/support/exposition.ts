/**
 * Judges the Prometheus text exposition format 0.0.4 line by line, written from its description and not from our writer:
 * grammar, escapes, one HELP and TYPE before the samples of a name, names together, no sample twice.
 */

/** One sample, its labels without escapes. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const VALUE = /^(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]Inf|NaN)$/;

/** Reads a page. Throws with the line that is wrong. */
export function parseExposition(text: string): ParsedSample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no line feed');
  const samples: ParsedSample[] = [];
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const seen = new Set<string>();
  let current = '';
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    const wrong = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`);
    };
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (NAME.exec(name)?.[0] !== name) wrong('no metric name');
      if (kind === 'HELP') {
        if (helps.has(name)) wrong('a second HELP');
        if (/\\(?![\\n])/.test(rest.replaceAll('\\\\', ''))) wrong('an escape that is none');
        helps.add(name);
      } else {
        if (types.has(name)) wrong('a second TYPE');
        if (!helps.has(name)) wrong('TYPE without HELP');
        if (rest !== 'counter' && rest !== 'gauge' && rest !== 'histogram') wrong('a type we do not have');
        if ((rest === 'counter') !== name.endsWith('_total')) wrong('counters, and only they, end with _total');
        types.set(name, rest);
        current = name;
      }
      continue;
    }
    if (line.startsWith('#') || line === '') wrong('neither HELP, TYPE nor a sample');
    const sample = parseSample(line, wrong);
    const family = types.get(current) === 'histogram' ? sample.name.replace(/_(?:bucket|sum|count)$/, '') : sample.name;
    if (family !== current) wrong('a sample outside its family');
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(key)) wrong('a sample twice');
    seen.add(key);
    samples.push(sample);
  }
  for (const [name, type] of types) {
    if (type === 'histogram') judgeHistogram(name, samples);
    else if (!samples.some((sample) => sample.name === name)) throw new Error(`${name} has no sample`);
  }
  return samples;
}

/** Buckets grow with their bound, the last one has none and holds as many as were counted. */
function judgeHistogram(name: string, samples: readonly ParsedSample[]): void {
  const counts = samples.filter((sample) => sample.name === `${name}_count`);
  if (counts.length === 0) throw new Error(`${name} has no count`);
  for (const { labels, value } of counts) {
    const own = JSON.stringify(Object.entries(labels).sort());
    const buckets = samples.filter((sample) => {
      const { le, ...rest } = sample.labels;
      return (
        sample.name === `${name}_bucket` && le !== undefined && JSON.stringify(Object.entries(rest).sort()) === own
      );
    });
    const bounds = buckets.map((sample) => (sample.labels.le === '+Inf' ? Infinity : Number(sample.labels.le)));
    const rises = (list: readonly number[]): boolean =>
      list.every((one, at) => at === 0 || one >= (list[at - 1] ?? one));
    if (bounds.at(-1) !== Infinity || !rises(bounds)) throw new Error(`${name}${own}: bounds ${bounds}`);
    if (!rises(buckets.map((sample) => sample.value)) || buckets.at(-1)?.value !== value)
      throw new Error(`${name}${own}: buckets do not add up to ${value}`);
  }
}

function parseSample(line: string, wrong: (why: string) => never): ParsedSample {
  const name = NAME.exec(line)?.[0] ?? wrong('no metric name');
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const label = LABEL.exec(rest)?.[0] ?? wrong('no label name');
      if (label in labels) wrong('a label twice');
      rest = rest.slice(label.length);
      if (!rest.startsWith('="')) wrong('a label without a quoted value');
      rest = rest.slice(2);
      let value = '';
      while (!rest.startsWith('"')) {
        if (rest === '') wrong('a label value without its end');
        const escaped = rest.startsWith('\\');
        const char = rest[escaped ? 1 : 0] ?? wrong('an escape without a character');
        if (escaped && !['\\', '"', 'n'].includes(char)) wrong('an escape that is none');
        value += escaped && char === 'n' ? '\n' : char;
        rest = rest.slice(escaped ? 2 : 1);
      }
      labels[label] = value;
      rest = rest.slice(1);
      if (rest.startsWith(',')) rest = rest.slice(1);
      else if (!rest.startsWith('}')) wrong('neither a comma nor the end of the labels');
    }
    rest = rest.slice(1);
  }
  if (!rest.startsWith(' ')) wrong('no space before the value');
  const value = rest.slice(1);
  if (!VALUE.test(value)) wrong('no number');
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

/** The value of the one sample with that name and at least these labels; undefined when there is none. */
export function sampleValue(
  samples: readonly ParsedSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`${name} with ${JSON.stringify(labels)} is there ${found.length} times`);
  return found[0]?.value;
}
