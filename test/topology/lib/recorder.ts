/** A notify script that writes down how it was called. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** One call. */
export interface RecordedCall {
  /** When the script began, milliseconds since 1970. */
  readonly at: number;
  readonly args: readonly string[];
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The script and its record. */
export class Recorder {
  private constructor(
    readonly script: string,
    private readonly record: string,
  ) {}

  /** Writes the script; its record stands beside it unless a place is given, which must be the same path for the script. */
  static create(script: string, record = `${script}.calls`): Recorder {
    mkdirSync(dirname(script), { recursive: true });
    writeFileSync(record, '');
    chmodSync(record, 0o666);
    // One printf is one write: calls that run at the same time do not mix.
    const lines = ['#!/bin/sh', `printf '%s%s\\n' "$(date +%s.%N)" "$(printf '\\t%s' "$@")" >> ${quote(record)}`];
    writeFileSync(script, `${lines.join('\n')}\n`);
    chmodSync(script, 0o755);
    return new Recorder(script, record);
  }

  calls(): RecordedCall[] {
    return readFileSync(this.record, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [at = '', ...args] = line.split('\t');
        return { at: Number(at) * 1000, args };
      });
  }

  /** All calls, each as one line of its arguments. */
  lines(): string[] {
    return this.calls().map(({ args }) => args.join(' '));
  }
}
