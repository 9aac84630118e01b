/** The generated files of docs/ are those that the tables give now, and their readers can read them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { generatedFiles } from '../../../.ci/reference/files.js';
import { interpretHealthConfig } from '../../../services/healthcheckerd/config/interpret.js';
import { interpretIpvsConfig } from '../../../services/ipvsd/config/interpret.js';
import { interpretNotifyConfig } from '../../../services/notifierd/config/interpret.js';
import { splitTree } from '../../../services/shared/config/splitTree.js';
import { formatIpAddress, type IpAddress } from '../../../services/shared/net/address.js';
import { interpretVrrpConfig } from '../../../services/vrrpd/config/interpret.js';
import { ENVIRONMENT, treeOf } from '../shared/config/support.js';

const FILES = generatedFiles();

const missing = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;

describe('generated documentation', () => {
  for (const [path, content] of FILES) {
    it(`${path} is current`, () => {
      assert.ok(readFileSync(path, 'utf8') === content, `${path} is stale: npm run generate`);
    });
  }

  it('the man page is free of roff warnings', { skip: missing('groff') }, () => {
    const { stderr, status } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z', 'docs/man/keepwatch.conf.5'], {
      encoding: 'utf8',
    });
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
  });

  for (const name of ['keepwatchd', 'keepwatchctl']) {
    it(`bash completes ${name}`, { skip: missing('bash') }, () => {
      const script = `. docs/completion/${name}.bash; COMP_WORDS=(${name} --ru); COMP_CWORD=1; _${name}; echo "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
      assert.deepEqual({ stdout, stderr }, { stdout: '--run-dir\n', stderr: '' });
    });
    for (const shell of ['zsh', 'fish'] as const) {
      const file = shell === 'zsh' ? `docs/completion/_${name}` : `docs/completion/${name}.fish`;
      it(`${shell} can read ${file}`, { skip: missing(shell) }, () => {
        const { stderr, status } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
        assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
      });
    }
  }

  it('bash completes the options of a command', { skip: missing('bash') }, () => {
    const script = `. docs/completion/keepwatchctl.bash; COMP_WORDS=(keepwatchctl watch --ev); COMP_CWORD=2; _keepwatchctl; echo "\${COMPREPLY[@]}"`;
    assert.equal(spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout, '--events\n');
  });

  it('the JSON Schema describes what a configuration means', () => {
    const schema = JSON.parse(FILES.get('docs/config.schema.json') ?? '') as Schema;
    const tree = treeOf(CONFIG);
    const parts = splitTree(tree);
    const typed = plain({
      vrrpd: interpretVrrpConfig(parts.vrrpd, ENVIRONMENT).model,
      healthcheckerd: interpretHealthConfig(parts.healthcheckerd, ENVIRONMENT).model,
      ipvsd: interpretIpvsConfig(parts.ipvsd, ENVIRONMENT).model,
      notifierd: interpretNotifyConfig(parts.notifierd, ENVIRONMENT).model,
    });
    assert.deepEqual(problems(typed, schema, schema, ''), []);
    const wrong = { ...(typed as object), vrrpd: { instances: [{ vrid: 'x' }] } };
    assert.ok(problems(wrong, schema, schema, '').length > 5);
  });
});

const CONFIG = `
global_defs {
  notification_email {
    ops@example.org
  }
  smtp_server 192.0.2.25
  lvs_sync_daemon eth0 V
  notify_fifo /run/fifo
}
vrrp_instance V {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 100
  authentication {
    auth_type PASS
    auth_pass secret
  }
  virtual_ipaddress {
    192.0.2.1/24 brd + label eth0:1
    192.0.2.2 peer 192.0.2.3/32 no_track
  }
  track_interface {
    eth1 weight -10
  }
  notify "/bin/true a b"
}
virtual_server_group G {
  192.0.2.1-9 80
  fwmark 5 inet
}
virtual_server group G {
  lvs_sched rr
  lvs_method TUN type gue port 5555
  protocol TCP
  persistence_timeout 30
  sorry_server 192.0.2.9 80
  real_server 192.0.2.4 80 {
    TCP_CHECK {
      connect_timeout 3
      bindto 192.0.2.7
    }
  }
}
`;

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** JSON of a typed value, as `keepwatchctl config show` prints it. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('family' in value && 'bytes' in value) return formatIpAddress(value as IpAddress);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

/** What of a value does not fit, for the words of JSON Schema that ours uses. */
function problems(value: unknown, schema: Schema, root: Schema, path: string): readonly string[] {
  if (schema.$ref !== undefined) {
    const found = root.$defs?.[schema.$ref.replace('#/$defs/', '')];
    return found === undefined ? [`${path}: ${schema.$ref} is not there`] : problems(value, found, root, path);
  }
  if (schema.const !== undefined) return value === schema.const ? [] : [`${path} is not ${String(schema.const)}`];
  if (schema.enum !== undefined) return schema.enum.includes(value) ? [] : [`${path} is none of ${schema.enum.join()}`];
  const fits = schema.anyOf?.some((one) => problems(value, one, root, path).length === 0) ?? true;
  if (!fits) return [`${path} fits none of its alternatives`];
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return [`${path} is no array`];
    return value.flatMap((item, index) => problems(item, schema.items ?? {}, root, `${path}[${index}]`));
  }
  if (schema.type !== 'object') {
    const type = schema.type === 'integer' ? 'number' : schema.type;
    return type === undefined || typeof value === type ? [] : [`${path} is no ${type}`];
  }
  if (typeof value !== 'object' || value === null) return [`${path} is no object`];
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  const inside = Object.entries(value).flatMap(([name, field]) => {
    const property = schema.properties?.[name];
    return property === undefined
      ? [`${path}.${name} is not in the schema`]
      : problems(field, property, root, `${path}.${name}`);
  });
  return [...missing.map((name) => `${path}.${name} is missing`), ...inside];
}
