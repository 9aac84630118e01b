/** Metric families and their text: the Prometheus text exposition format 0.0.4. Pure. */

/** Content-Type of the text. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What a value can be: numbers as they are, facts as 1 and 0. */
export type SampleValue = number | bigint | boolean;

/** One value with its labels, in the order in which they are written. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: SampleValue;
  /** Parts of a histogram have names of their own: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

/** All samples of one name. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** A family with one sample for each thing. */
export const familyOf = <T>(
  type: MetricFamily['type'],
  name: string,
  help: string,
  things: readonly T[],
  sampleOf: (thing: T) => Sample | readonly Sample[] | undefined,
): MetricFamily => ({ name, type, help, samples: things.flatMap((thing) => sampleOf(thing) ?? []) });

/** A family with one sample without labels, or with none while the value is not known. */
export const singleValue = (
  type: MetricFamily['type'],
  name: string,
  help: string,
  value: SampleValue | undefined,
): MetricFamily => ({ name, type, help, samples: value === undefined ? [] : [{ labels: {}, value }] });

/**
 * The family as lines, each with its newline; nothing for a family without samples. Of samples with the same labels the
 * first counts: a scraper refuses a whole page that has one twice.
 */
export function* familyLines({ name, type, help, samples }: MetricFamily): Generator<string, void> {
  const seen = new Set<string>();
  for (const { labels, value, suffix = '' } of samples) {
    const text = `${suffix}${labelText(labels)}`;
    if (seen.has(text)) continue;
    if (seen.size === 0) yield `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    seen.add(text);
    yield `${name}${text} ${valueText(value)}\n`;
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Backslash, line feed and double quote are escaped in label values; half surrogates, which UTF-8 cannot say, replaced. */
export const escapeLabel = (value: string): string =>
  wellFormed(value).replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

/** Backslash and line feed are escaped in help texts. */
export const escapeHelp = (text: string): string => wellFormed(text).replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');

function valueText(value: SampleValue): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

/** Counts by classes of time, as a histogram in seconds: its buckets are cumulative. The last class has the bound 0: none. */
export function histogramSamples(
  labels: Readonly<Record<string, string>>,
  classes: readonly { readonly upToUs: bigint; readonly count: bigint }[],
  totalUs: bigint,
  count: bigint,
): Sample[] {
  let below = 0n;
  const buckets = classes.map(({ upToUs, count: own }) => {
    below += own;
    const le = upToUs === 0n ? '+Inf' : String(Number(upToUs) / 1_000_000);
    return { suffix: '_bucket', labels: { ...labels, le }, value: below };
  });
  return [
    ...buckets,
    { suffix: '_sum', labels, value: Number(totalUs) / 1_000_000 },
    { suffix: '_count', labels, value: count },
  ];
}
