import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAXIMUM_FINDINGS } from '../../../../services/shared/config/limits.js';
import { Reporter } from '../../../../services/shared/config/reporter.js';

test('of very many findings the first are kept, the rest is counted, errors and warnings apart', () => {
  const report = new Reporter(['/a.conf']);
  for (let line = 1; line <= MAXIMUM_FINDINGS + 3; line++) {
    report.warning({ file: 0, line, column: 1 }, 'odd', `warning ${line}`);
  }
  assert.equal(report.hasErrors, false);
  report.error({ file: 0, line: 1, column: 1 }, 'bad', 'the only error');
  assert.equal(report.hasErrors, true);
  const found = report.diagnostics;
  assert.equal(found.length, MAXIMUM_FINDINGS + 2);
  assert.ok(
    found.some(({ message }) => message === 'the only error'),
    'no flood of warnings hides an error',
  );
  assert.deepEqual(found.at(-1), {
    severity: 'warning',
    code: 'too-many-findings',
    message: '3 more warnings are not shown',
    hint: 'mend the first ones',
  });
  for (let line = 1; line <= MAXIMUM_FINDINGS; line++) report.errorAt({ file: 'x', line, column: 1 }, 'bad', 'again');
  assert.equal(report.diagnostics.at(-2)?.message, '1 more error is not shown');
});
