/** Reads fixtures: JSON Lines in which a line with `case` begins a case, and the lines after it are its steps. */
import { readdirSync, readFileSync } from 'node:fs';

/** The line that begins a case. */
export interface CaseHead {
  readonly case: string;
  /** The statement it checks. */
  readonly rfc: string;
}

/** A case with its steps. */
export type Case<Head extends CaseHead, Step> = Head & { readonly steps: Step[] };

/** All cases of the fixtures in a folder, by file name. */
export function readFixtures<Head extends CaseHead, Step extends object>(
  folder: URL,
): ReadonlyMap<string, readonly Case<Head, Step>[]> {
  const names = readdirSync(folder).filter((file) => file.endsWith('.jsonl'));
  return new Map(names.map((name) => [name, readCases<Head, Step>(new URL(name, folder))]));
}

function readCases<Head extends CaseHead, Step extends object>(file: URL): Case<Head, Step>[] {
  const cases: Case<Head, Step>[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const parsed = JSON.parse(line) as Head | Step;
    if ('case' in parsed) cases.push({ ...parsed, steps: [] });
    else cases.at(-1)?.steps.push(parsed);
  }
  return cases;
}
