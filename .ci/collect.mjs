// node:test reporter that writes one JSON line per finished test, for the closing summary.
import { relative } from 'node:path';

export default async function* collect(source) {
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, file, skip, todo, nesting, details } = event.data;
    // Suites and the per-file wrapper of node:test are containers, not tests; but whoever skips a suite leaves out what is in
    // it, and a suite can fail by itself, when what it cleans up does.
    const ofItself =
      skip !== undefined || (event.type === 'test:fail' && details?.error?.failureType !== 'subtestsFailed');
    if (details?.type === 'suite' && !ofItself) continue;
    const where = file === undefined ? '' : relative(process.cwd(), file);
    const isFileWrapper = nesting === 0 && where !== '' && name.endsWith(where);
    if (isFileWrapper && event.type === 'test:pass') continue;
    const outcome =
      skip !== undefined ? 'skipped' : todo !== undefined ? 'todo' : event.type === 'test:pass' ? 'passed' : 'failed';
    yield `${JSON.stringify({ outcome, name, file: where, reason: typeof skip === 'string' ? skip : '' })}\n`;
  }
}
