// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interpretCommon } from '../../../../services/shared/config/common.js';
import type { Diagnostic } from '../../../../services/shared/config/diagnostic.js';
import { formatStep } from '../../../../services/shared/config/formatDiagnostic.js';
import { loadConfig } from '../../../../services/shared/config/load.js';
import { plainDiagnostics, wireDiagnostics } from '../../../../services/shared/rpc/diagnostics.js';
import { interpretVrrpConfig } from '../../../../services/vrrpd/config/interpret.js';
import { ENVIRONMENT, memoryFiles } from './support.js';

/** Findings of a configuration as `message` and the notes below it. */
function findings(files: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  const { tree, diagnostics, origins } = loadConfig({ file: '/a.conf', access: memoryFiles(files), configId: 'x' });
  assert.ok(tree);
  const found: Diagnostic[] = [...diagnostics, ...interpretCommon(tree, ENVIRONMENT).diagnostics];
  found.push(...interpretVrrpConfig(tree, ENVIRONMENT).diagnostics);
  return origins
    .trace(found.filter(({ severity }) => severity === 'error'))
    .map(({ message, trail = [] }) => [message, ...trail.map(formatStep)]);
}

const instance = (...lines: string[]): string => ['vrrp_instance VI_1 {', 'interface lo', ...lines, '}', ''].join('\n');

describe('the trail of a finding', () => {
  it('goes from the use of a parameter through all that is nested in it', () => {
    const text = `$A=3\${B}\${B}\n$B=0\n${instance('virtual_router_id 1', 'priority ${A}')}`;
    assert.deepEqual(findings({ '/a.conf': text }), [
      [
        "'priority' must be 1..255, not 300",
        '/a.conf:1:4: note: ${A} is defined here',
        '/a.conf:2:4: note: ${B} is defined here',
      ],
    ]);
  });

  it('names the use of a definition of several lines, where the finding is in the definition', () => {
    const text = `$A=\\\n virtual_router_id 1 \\\n priorty 5\n${instance('$A')}`;
    assert.deepEqual(findings({ '/a.conf': text }), [
      ["unknown keyword 'priorty' in vrrp_instance", '/a.conf:6:1: note: ${A} is used here'],
    ]);
  });

  it('names the round of a sequence that the message is about', () => {
    const block = '$W=vrrp_instance W_${N} { \\\ninterface lo \\\nvirtual_router_id ${N} \\\n}\n';
    const found = findings({ '/a.conf': `${block}~SEQ(N, 254, 256) $W\n` });
    const about = found.find(([message]) => message === "'virtual_router_id' must be 1..255, not 256");
    assert.deepEqual(about?.slice(1), [
      '/a.conf:5:19: note: ${W} is used here',
      "/a.conf:5:1: note: ${N} is '256' in a round of this",
    ]);
  });

  it('leads out of included files', () => {
    const found = findings({
      '/a.conf': 'global_defs {\n}\ninclude b.conf\n',
      '/b.conf': '\ninclude c.conf\n',
      '/c.conf': instance('virtual_router_id 999'),
    });
    assert.deepEqual(found[0], [
      "'virtual_router_id' must be 1..255, not 999",
      '/b.conf:2:1: note: included from here',
      '/a.conf:3:1: note: included from here',
    ]);
  });

  it('says of what no file defines that it is predefined', () => {
    const found = findings({ '/a.conf': instance('virtual_router_id ${_INSTANCE}') });
    assert.deepEqual(found[0]?.slice(1), ['note: ${_INSTANCE} is predefined']);
  });

  it('is not there where the text stands as written, and survives the wire', () => {
    assert.deepEqual(findings({ '/a.conf': instance('virtual_router_id 999') })[0]?.slice(1), []);
    const trail = [{ note: 'a', position: { file: 'f', line: 1, column: 2 } }, { note: 'b' }];
    const plain: Diagnostic = { severity: 'error', code: 'c', message: 'm', trail };
    assert.deepEqual(plainDiagnostics(wireDiagnostics([plain])), [plain]);
  });
});
