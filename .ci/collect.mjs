// node:test reporter that writes one JSON line per finished test, for the closing summary.
import { relative } from 'node:path';

export default async function* collect(source) {
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, file, skip, todo, nesting, details } = event.data;
    // Suites and the per-file wrapper of node:test are containers, not tests.
    if (details?.type === 'suite') continue;
    const where = file === undefined ? '' : relative(process.cwd(), file);
    const isFileWrapper = nesting === 0 && where !== '' && name.endsWith(where);
    if (isFileWrapper && event.type === 'test:pass') continue;
    const outcome =
      skip !== undefined ? 'skipped' : todo !== undefined ? 'todo' : event.type === 'test:pass' ? 'passed' : 'failed';
    yield `${JSON.stringify({ outcome, name, file: where, reason: typeof skip === 'string' ? skip : '' })}\n`;
  }
}
