/** The list of all that keepalived and we see differently. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** A file whose verdict is another. */
export interface Difference {
  readonly file: string;
  readonly keepalived: 'accepts' | 'refuses' | 'crashes' | 'hangs';
  /** The first thing it says. */
  readonly says: string;
  readonly keepwatch: 'accepts' | 'warns' | 'refuses';
  /** Our message that decided. */
  readonly message: string;
}

/** A value that is another. */
export interface ValueDifference {
  readonly file: string;
  /** `instance V`, `group G`. */
  readonly subject: string;
  readonly value: string;
  readonly keepalived: string;
  readonly keepwatch: string;
}

interface Explained {
  readonly reason: string;
}

interface Listed {
  readonly verdicts: readonly (Difference & Explained)[];
  readonly values: readonly (ValueDifference & Explained)[];
  /** Samples of keepalived that are refused, with all errors. */
  readonly samples: readonly (Explained & { readonly file: string; readonly errors: readonly string[] })[];
}

const FILE = 'test/corpus/differences.json';

export const UPDATE = process.env.KEEPWATCH_UPDATE_CORPUS === '1';

export const listed: Listed = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Listed)
  : { verdicts: [], values: [], samples: [] };

/** Writes the list anew; reasons are kept. */
export function saveDifferences(verdicts: readonly Difference[], values: readonly ValueDifference[]): void {
  const next: Listed = {
    verdicts: verdicts.map((one) => ({
      ...one,
      reason: listed.verdicts.find(({ file }) => file === one.file)?.reason ?? '',
    })),
    values: values.map((one) => ({ ...one, reason: listed.values.find((other) => isSame(one, other))?.reason ?? '' })),
    samples: listed.samples,
  };
  writeFileSync(FILE, `${JSON.stringify(next, null, 2)}\n`);
}

const isSame = (one: ValueDifference, other: ValueDifference): boolean =>
  one.file === other.file && one.subject === other.subject && one.value === other.value;
