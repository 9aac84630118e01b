import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError, Status } from 'nice-grpc-common';
import { ConfigTree, Severity } from '../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { SERVICE_NAMES, type ServiceName } from '../../../services/shared/rpc/service.js';
import { Configuration, type LoadedParts } from '../../../services/supervisor/configuration.js';
import type { ConfigParts } from '../../../services/supervisor/parts.js';
import { applyTransaction, type Lifecycle } from '../../../services/supervisor/transaction.js';

type Step = 'validate' | 'plan' | 'configure';

const partsNamed = (name: string): ConfigParts =>
  new Map(SERVICE_NAMES.map((service) => [service, ConfigTree.fromPartial({ files: [name] })]));
const refusal = (message: string) => ({
  severity: Severity.SEVERITY_ERROR,
  code: 'x',
  message,
  position: undefined,
  hint: '',
});

interface FakeRequest {
  readonly tree?: { readonly files?: string[] };
  readonly treeId?: string;
  readonly generation?: bigint;
}

/** Services that do what they are told, but for one step of one of them. `forgetful`: they keep no tree, as those of an earlier version. */
function services(
  fault?: { readonly name: ServiceName; readonly step: Step; readonly how: 'refuse' | 'throw' },
  forgetful = false,
) {
  const calls: string[] = [];
  const trees: string[] = [];
  const inForce = new Map<ServiceName, { file: string; generation: bigint }>();
  const participants = new Map<ServiceName, Lifecycle>(
    SERVICE_NAMES.map((name) => {
      const faulty = (step: Step, file: string): boolean => {
        calls.push(`${step} ${name}`);
        if (file === '') throw new ClientError('', Status.INVALID_ARGUMENT, 'the request carries no tree');
        if (fault?.name !== name || fault.step !== step || file !== 'new') return false;
        if (fault.how === 'throw') throw new Error('gone');
        return true;
      };
      let kept: { readonly id: string; readonly file: string } | undefined;
      const fileOf = ({ tree, treeId = '' }: FakeRequest): string => {
        if (tree !== undefined) trees.push(name);
        return tree?.files?.[0] ?? (treeId === kept?.id ? kept.file : '');
      };
      const lifecycle = {
        validate: async (request: FakeRequest) => {
          const file = fileOf(request);
          if (!forgetful) kept = { id: request.treeId ?? '', file };
          return { diagnostics: faulty('validate', file) ? [refusal(`${name} no`)] : [] };
        },
        plan: async (request: FakeRequest) => ({
          diagnostics: faulty('plan', fileOf(request)) ? [refusal(`${name} no`)] : [],
          changes: [{ kind: 3 as const, subject: name, details: [] }],
        }),
        configure: async (request: FakeRequest) => {
          const file = fileOf(request);
          if (faulty('configure', file)) return { accepted: false, diagnostics: [refusal(`${name} no`)], changes: [] };
          inForce.set(name, { file, generation: request.generation ?? 0n });
          return { accepted: true, diagnostics: [], changes: [], origin: undefined };
        },
      };
      return [name, lifecycle as unknown as Lifecycle];
    }),
  );
  return { participants, calls, trees, inForce };
}

test('asks all before it changes any, and changes vrrpd last', async () => {
  const { participants, calls, inForce } = services();
  const outcome = await applyTransaction({ participants, parts: partsNamed('new'), generation: 7n });
  assert.deepEqual([outcome.accepted, outcome.generation], [true, 7n]);
  assert.deepEqual(
    outcome.changes.map(({ subject }) => subject),
    [...SERVICE_NAMES],
  );
  const asked = 2 * SERVICE_NAMES.length;
  assert.deepEqual(calls.slice(asked), [
    'configure notifierd',
    'configure ipvsd',
    'configure healthcheckerd',
    'configure bfdd',
    'configure vrrpd',
  ]);
  assert.ok(calls.slice(0, asked).every((call) => !call.startsWith('configure')));
  assert.ok([...inForce.values()].every(({ file, generation }) => file === 'new' && generation === 7n));
});

test('each service is sent its tree once; one that keeps none gets it with each call', async () => {
  const { participants, trees } = services();
  await applyTransaction({ participants, parts: partsNamed('new'), generation: 7n });
  assert.deepEqual(trees.sort(), [...SERVICE_NAMES].sort());
  const earlier = services(undefined, true);
  const outcome = await applyTransaction({
    participants: earlier.participants,
    parts: partsNamed('new'),
    generation: 7n,
  });
  assert.equal(outcome.accepted, true);
  assert.equal(earlier.trees.length, 3 * SERVICE_NAMES.length);
  assert.ok([...earlier.inForce.values()].every(({ file }) => file === 'new'));
});

for (const step of ['validate', 'plan', 'configure'] as const) {
  for (const name of SERVICE_NAMES) {
    for (const how of ['refuse', 'throw'] as const) {
      test(`${name}: ${step} ${how}s: no service is left with the new configuration, one generation everywhere`, async () => {
        const { participants, calls, inForce } = services({ name, step, how });
        const outcome = await applyTransaction({
          participants,
          parts: partsNamed('new'),
          generation: 7n,
          previous: partsNamed('old'),
        });
        assert.equal(outcome.accepted, false);
        assert.match(outcome.diagnostics.map(({ message }) => message).join(), new RegExp(name));
        if (step === 'configure') {
          assert.equal(outcome.generation, 8n);
          for (const service of SERVICE_NAMES)
            assert.deepEqual(inForce.get(service), { file: 'old', generation: 8n }, service);
        } else {
          assert.equal(outcome.generation, 6n);
          assert.ok(!calls.some((call) => call.startsWith('configure')), 'nobody was configured');
        }
      });
    }
  }
}

test('every service tells its errors, not only the first', async () => {
  const { participants } = services();
  for (const lifecycle of participants.values()) {
    (lifecycle as { validate: unknown }).validate = async () => ({ diagnostics: [refusal('no')] });
  }
  const outcome = await applyTransaction({ participants, parts: partsNamed('new'), generation: 1n });
  assert.equal(outcome.diagnostics.length, SERVICE_NAMES.length);
});

test('reloads asked for during a reload share one that reads the file afterwards', async () => {
  const { participants, inForce } = services();
  let file = 'a';
  let loads = 0;
  const configuration = new Configuration({
    load: (): LoadedParts => {
      loads++;
      return { parts: partsNamed(file), diagnostics: [] };
    },
    gather: async () => ({ services: participants, newestGeneration: 0n }),
    present: () => ({ services: participants, missing: [] }),
    onCommitted: async () => {},
    wall: () => new Date(0),
  });
  const first = configuration.reload();
  await new Promise((resolve) => setImmediate(resolve));
  file = 'b';
  const others = [configuration.reload(), configuration.reload(), configuration.reload()];
  file = 'c';
  assert.equal((await first).generation, 1n);
  assert.deepEqual(
    (await Promise.all(others)).map(({ generation }) => generation),
    [2n, 2n, 2n],
  );
  assert.equal(loads, 2);
  assert.equal(inForce.get('vrrpd')?.file, 'c');
});

test('a file that cannot be understood asks nobody, and is shown until a reload is accepted', async () => {
  const { participants, calls } = services();
  let loaded: LoadedParts = { diagnostics: [{ severity: 'error', code: 'x', message: 'broken' }] };
  const configuration = new Configuration({
    load: () => loaded,
    gather: async () => ({ services: participants, newestGeneration: 4n }),
    present: () => ({ services: participants, missing: [] }),
    onCommitted: async () => {},
    wall: () => new Date(0),
  });
  assert.equal((await configuration.reload()).accepted, false);
  assert.deepEqual(calls, []);
  assert.equal(configuration.refused[0]?.message, 'broken');
  loaded = { parts: partsNamed('a'), diagnostics: [{ severity: 'warning', code: 'w', message: 'careful' }] };
  const outcome = await configuration.reload();
  assert.deepEqual([outcome.accepted, outcome.generation], [true, 5n], 'newer than what any service has');
  assert.deepEqual(
    outcome.diagnostics.map(({ message }) => message),
    ['careful'],
  );
  assert.deepEqual(configuration.refused, []);
});

test('a plan asks everyone, changes nothing, and says who could not be asked', async () => {
  const { participants, calls } = services();
  const present = new Map(participants);
  present.delete('ipvsd');
  let loaded: LoadedParts = { parts: partsNamed('new'), diagnostics: [] };
  const configuration = new Configuration({
    load: () => loaded,
    gather: () => assert.fail('a plan starts nothing'),
    present: () => ({ services: present, missing: ['ipvsd'] }),
    onCommitted: () => assert.fail('nothing is put in force'),
    wall: () => new Date(0),
  });
  const plan = await configuration.plan();
  assert.deepEqual([plan.acceptable, plan.generation, plan.changes.length], [true, 0n, SERVICE_NAMES.length - 1]);
  assert.deepEqual(
    plan.diagnostics.map(({ code, severity }) => [code, severity]),
    [['not-planned', Severity.SEVERITY_WARNING]],
  );
  assert.ok(!calls.some((call) => call.startsWith('configure')));

  loaded = { diagnostics: [{ severity: 'error', code: 'x', message: 'broken' }] };
  assert.equal((await configuration.plan()).acceptable, false);
  assert.equal((await configuration.plan({ parts: partsNamed('old'), diagnostics: [] })).acceptable, true);
  assert.deepEqual(configuration.refused, [], 'a refused plan is no refused reload');
});
