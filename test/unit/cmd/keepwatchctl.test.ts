import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { build } from 'esbuild';
import { changeText, moveText } from '../../../cmd/keepwatchctl/changeText.js';
import { plainConfig, typedText } from '../../../cmd/keepwatchctl/typedConfig.js';
import { interpretTyped } from '../../../cmd/keepwatchd/interpreters.js';
import { loadConfig } from '../../../services/shared/config/load.js';
import { printTree } from '../../../services/shared/config/printTree.js';
import { hideSecrets } from '../../../services/shared/config/secrets.js';
import type { ConfigTree } from '../../../services/shared/config/tree.js';

const CONFIG = `global_defs { 
router_id r1
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  advert_int 2
  authentication {
    auth_type PASS
    auth_pass s3cret
  }
  notify_master "/bin/x 'a b'"
  virtual_ipaddress {
    192.0.2.1/24
  }
}
`;

function load(text: string, lenient = false): ConfigTree {
  const access = { read: () => ({ ok: true, bytes: new TextEncoder().encode(text) }) as const, list: () => undefined };
  return loadConfig({ file: 'a', access, configId: '', lenient }).tree ?? assert.fail('no tree');
}

test('the typed configuration reads well: units, lists, no places, and no password unless it is asked for', () => {
  const { typed } = interpretTyped(load(CONFIG));
  const text = typedText(typed, false);
  assert.match(text, /^vrrpd:\n {2}global:\n {4}routerId: r1\n/);
  assert.match(text, /\n {4}- name: VI_1\n {6}interface: eth0\n/);
  assert.match(text, /\n {6}advertInterval: 2 s\n/);
  assert.match(text, /\n {10}argv: \/bin\/x "a b"\n/);
  assert.match(text, /\n {8}password: \*+\n/);
  assert.doesNotMatch(text, /s3cret|position/);
  assert.match(typedText(typed, true), /password: s3cret\n/);
});

test('as JSON addresses are text, durations microseconds, and places stay', () => {
  const { typed } = interpretTyped(load(CONFIG));
  const [instance] = JSON.parse(JSON.stringify(plainConfig(typed, false))).vrrpd.instances;
  assert.equal(instance.advertInterval, 2_000_000);
  assert.equal(instance.vips[0].address, '192.0.2.1');
  assert.equal(instance.auth.password, '********');
  assert.deepEqual(instance.position, { file: 'a', line: 4, column: 1 });
});

test('passwords are hidden in the tree too, misspelt ones as well', () => {
  const shown = printTree(
    hideSecrets(load('a {\nauth_pass one\nautp_pass "two x"\npassword three\npriority 100\n}\n')),
  );
  assert.equal(
    shown,
    'a {\n    auth_pass ********\n    autp_pass "********"\n    password ********\n    priority 100\n}\n',
  );
});

test('lenient: what is left out is a warning; what stands for nothing else stays an error', () => {
  const wrong = `}\nnonsense x\n${CONFIG.replace('advert_int 2', 'advert_int 2x\nfoo\npriority 999\ndebug {\n}')}`;
  const { typed, diagnostics } = interpretTyped(load(wrong, true));
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  const codes = diagnostics.map(({ code }) => code);
  for (const code of ['unknown-keyword', 'not-a-number', 'out-of-range', 'unexpected-block']) {
    assert.ok(codes.includes(code), code);
  }
  assert.equal(typed.vrrpd?.instances[0]?.priority, 100);
  assert.equal(typed.vrrpd?.instances[0]?.advertInterval, 1_000_000);

  const without = interpretTyped(load(CONFIG.replace('virtual_router_id 51', 'virtual_router_id 300'), true));
  assert.equal(without.typed.vrrpd, undefined);
  assert.ok(without.diagnostics.some(({ code, severity }) => code === 'missing-keyword' && severity === 'error'));
});

test('strict: each of them is an error', () => {
  for (const change of ['advert_int 2x', 'foo', 'priority 999', 'debug {\n}', 'priority']) {
    const { diagnostics } = interpretTyped(load(CONFIG.replace('advert_int 2', change)));
    assert.ok(
      diagnostics.some(({ severity }) => severity === 'error'),
      change,
    );
  }
});

test('changes and moves as lines', () => {
  assert.equal(
    changeText({ kind: 4, subject: 'vrrp_instance a', details: ['x', 'y'] }),
    '  replace vrrp_instance a: x, y',
  );
  assert.equal(moveText({ subject: 'a', from: 'MASTER', to: '', reason: 'removed' }), '  a MASTER -> (none): removed');
});

test('commands that ask no suite load no gRPC', async () => {
  const { metafile } = await build({
    entryPoints: ['cmd/keepwatchctl/main.ts'],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
  });
  const reached = (from: readonly string[]): Set<string> => {
    const seen = new Set<string>();
    const open = [...from];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      for (const { path, kind } of metafile.inputs[file]?.imports ?? []) if (kind !== 'dynamic-import') open.push(path);
    }
    return seen;
  };
  const grpc = (files: Set<string>): string[] =>
    [...files].filter((file) => /node_modules\/(@grpc|nice-grpc)/.test(file));
  const offline = ['configShow', 'fmt', 'keywords', 'planFiles'].map((name) => `cmd/keepwatchctl/${name}.ts`);
  const files = reached(['cmd/keepwatchctl/main.ts', 'cmd/keepwatchd/configTest.ts', ...offline]);
  for (const file of offline) assert.ok(metafile.inputs[file] !== undefined, file);
  assert.deepEqual(grpc(files), []);
  assert.notEqual(grpc(reached(['cmd/keepwatchctl/status.ts'])).length, 0);
});

test('every command for configurations stands in docs/running.md', () => {
  const docs = readFileSync('docs/running.md', 'utf8');
  for (const command of ['plan', 'check', 'config show', 'fmt', 'keywords']) {
    assert.ok(docs.includes(`\`keepwatchctl ${command}`), command);
  }
});
