import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interpretHealthConfig } from '../../../services/healthcheckerd/config/interpret.js';
import type { HealthConfig } from '../../../services/healthcheckerd/config/model.js';
import { serviceTargets } from '../../../services/healthcheckerd/desiredTable.js';
import { GroupMarks } from '../../../services/healthcheckerd/groupMarks.js';
import { nameVirtualServers } from '../../../services/healthcheckerd/names.js';
import { NO_RESUME } from '../../../services/healthcheckerd/resumeRecord.js';
import { formatDiagnostic } from '../../../services/shared/config/formatDiagnostic.js';
import { IpvsProtocol } from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import { ENVIRONMENT, load } from '../shared/config/support.js';

const SERVER = 'real_server 10.9.1.1 80 {\n}\n';

function config(text: string): HealthConfig {
  const { tree } = load(text);
  assert.ok(tree);
  const { model, diagnostics } = interpretHealthConfig(tree, ENVIRONMENT);
  return model ?? assert.fail(diagnostics.map(formatDiagnostic).join('\n'));
}

const group = (name: string, ...members: string[]): string =>
  `virtual_server_group ${name} {\n${members.join('\n')}\n}\n`;
const server = (name: string, more = ''): string =>
  `virtual_server group ${name} {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${more}${SERVER}}\n`;
const globals = (text: string): string => `global_defs {\n${text}\n}\n`;

/** A memory of marks, as a file that outlives the process. */
function memory(marks: Record<string, number> = {}) {
  const saved = new Map(Object.entries(marks));
  const record = {
    ...NO_RESUME,
    mark: (name: string) => saved.get(name),
    saveMark: (name: string, mark: number) => void saved.set(name, mark),
    forgetMark: (name: string) => void saved.delete(name),
  };
  return { saved, record };
}

const given = (marks: GroupMarks, text: string): (number | undefined)[] => {
  const model = config(text);
  const named = nameVirtualServers(model.virtualServers);
  marks.give(model, named);
  return named.map(({ name }) => marks.of(name));
};

const A = group('A', '10.8.0.1 80');
const B = group('B', '10.8.0.2-9 80');
const C = group('C', 'fwmark 1000');

test('each virtual server of a group with addresses gets a mark nobody else uses', () => {
  const marks = new GroupMarks(NO_RESUME);
  const servers = server('A') + server('B') + server('C');
  assert.deepEqual(given(marks, A + B + C + servers), [undefined, undefined, undefined]);
  assert.deepEqual(given(marks, globals('nftables_ipvs') + A + B + C + servers), [1001, 1002, undefined]);
  const start = globals('nftables_ipvs x\nnftables_ipvs_start_fwmark 7');
  assert.deepEqual(given(new GroupMarks(NO_RESUME), start + A + server('A') + server('A', 'protocol UDP\n')), [7, 8]);
});

test('a mark stays as long as its virtual server does, over reloads and a crash', () => {
  const { saved, record } = memory();
  const on = globals('nftables_ipvs') + A + B;
  assert.deepEqual(given(new GroupMarks(record), on + server('B')), [1000]);
  const successor = new GroupMarks(record);
  assert.deepEqual(given(successor, on + server('A') + server('B')), [1001, 1000]);
  assert.deepEqual(given(successor, on + server('A')), [1001]);
  assert.deepEqual([...saved], [['[A]:0', 1001]]);
  assert.deepEqual(given(successor, on + server('B') + server('A')), [1000, 1001]);
});

test('with a mark a group is one service for each family, and says what has to be marked', () => {
  const model = config(A + B + group('D', '10.8.0.2-9 80', '10.8.1.1', 'fwmark 5') + server('D', 'ha_suspend\n'));
  const groups = new Map(model.groups.map((one) => [one.name, one]));
  const virtual = model.virtualServers[0] ?? assert.fail();
  const plain = serviceTargets(virtual, groups, undefined);
  assert.equal(plain.keys.length, 10);
  assert.equal(plain.marked.size, 0);
  const { keys, marked, addresses } = serviceTargets(virtual, groups, 1000);
  assert.deepEqual(
    keys.map(({ family, fwmark, port }) => [family, fwmark, port]),
    [
      [4, 1000, 0],
      [4, 5, 0],
    ],
  );
  assert.deepEqual(
    [...marked.values()],
    [
      [
        { first: '10.8.0.2', last: '10.8.0.9', protocol: IpvsProtocol.IPVS_PROTOCOL_TCP, port: 80 },
        { first: '10.8.1.1', last: '10.8.1.1', protocol: IpvsProtocol.IPVS_PROTOCOL_TCP, port: 0 },
      ],
    ],
  );
  assert.equal(addresses.length, 9, 'ha_suspend looks at the addresses, not at the mark');
});
