import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  applied,
  claim,
  describeOperation,
  type Ownership,
  reconcile,
  tableOf,
} from '../../../services/ipvsd/reconcile.js';
import { destinationName, FORWARDING, type Service, serviceName } from '../../../services/ipvsd/table.js';
import { destination, service } from './support.js';

const words = (desired: readonly Service[], kernel: readonly Service[], owned?: Ownership): string[] => {
  const ours = claim(tableOf(desired), tableOf(kernel), owned ?? new Map());
  return reconcile(tableOf(desired), tableOf(kernel), ours).map(describeOperation);
};

test('only what differs is touched, in place, and new destinations come before old ones go', () => {
  const before = [service('10.8.0.1', [destination('10.9.1.1'), destination('10.9.1.2'), destination('10.9.1.3', 3)])];
  const owned = claim(tableOf(before), new Map(), new Map());
  const after = [
    service('10.8.0.1', [destination('10.9.1.1', 5), destination('10.9.1.3', 3), destination('10.9.1.4')]),
  ];
  assert.deepEqual(words(after, before, owned), [
    'set 10.9.1.1:80 of tcp 10.8.0.1:80 to weight 5',
    'add 10.9.1.4:80 weight 1 to tcp 10.8.0.1:80',
    'remove 10.9.1.2:80 from tcp 10.8.0.1:80',
  ]);
  assert.deepEqual(words(before, before, owned), []);
});

test('a scheduler or persistence changes in place, and no destination is touched for it', () => {
  const servers = [destination('10.9.1.1')];
  const changed = service('10.8.0.1', servers, { scheduler: 'rr', persistenceTimeout: 50 });
  assert.deepEqual(words([changed], [service('10.8.0.1', servers)]), ['change service tcp 10.8.0.1:80 (rr)']);
});

test('a granularity without persistence is no difference, nor is a local node', () => {
  assert.deepEqual(words([service('10.8.0.1')], [service('10.8.0.1', [], { persistencePrefix: 0 })]), []);
  const local = destination('127.0.0.1', 1, { forwarding: FORWARDING.localnode });
  assert.deepEqual(words([service('10.8.0.1', [destination('127.0.0.1')])], [service('10.8.0.1', [local])]), []);
});

test('what others put into the kernel stays, even beside ours', () => {
  const foreign = service('10.8.9.9', [destination('10.9.9.9')]);
  const adopted = service('10.8.0.1', [destination('10.9.9.8')]);
  assert.deepEqual(words([service('10.8.0.1', [destination('10.9.1.1')])], [foreign, adopted]), [
    'add 10.9.1.1:80 weight 1 to tcp 10.8.0.1:80',
  ]);
});

test('services that go take their destinations along; adopted ones only lose ours', () => {
  const created = service('10.8.0.1', [destination('10.9.1.1')]);
  const foreign = destination('10.9.9.9');
  const adopted = service('10.8.0.2', [destination('10.9.1.1')]);
  const owned = claim(tableOf([created, adopted]), tableOf([service('10.8.0.2', [foreign])]), new Map());
  const kernel = [created, service('10.8.0.2', [foreign, destination('10.9.1.1')])];
  assert.deepEqual(words([], kernel, owned), [
    'remove service tcp 10.8.0.1:80',
    'remove 10.9.1.1:80 from tcp 10.8.0.2:80',
  ]);
});

const servers = fc.uniqueArray(
  fc
    .record({ host: fc.integer({ min: 1, max: 5 }), weight: fc.nat(3) })
    .map(({ host, weight }) => destination(`10.9.1.${host}`, weight)),
  { selector: destinationName },
);
const tables = fc.uniqueArray(
  fc
    .record({ host: fc.integer({ min: 1, max: 4 }), servers, scheduler: fc.constantFrom('rr', 'wlc') })
    .map((one) => service(`10.8.0.${one.host}`, one.servers, { scheduler: one.scheduler })),
  { selector: ({ key }) => serviceName(key) },
);

test('from any table to any other: what is in both is neither deleted nor made anew, and what is the same is not touched', () => {
  fc.assert(
    fc.property(tables, tables, (before, after) => {
      const owned = claim(tableOf(before), new Map(), new Map());
      const kernel = tableOf(before);
      const desired = tableOf(after);
      const operations = reconcile(desired, kernel, claim(desired, kernel, owned));
      for (const operation of operations) {
        const name = serviceName(operation.key);
        const [had, has] = [kernel.get(name), desired.get(name)];
        const word = describeOperation(operation);
        if (operation.kind === 'delete-service') assert.equal(has, undefined, word);
        if (operation.kind === 'new-service') assert.equal(had, undefined, word);
        if (operation.kind === 'set-service') assert.notDeepEqual(had?.settings, has?.settings, word);
        if (!('destination' in operation)) continue;
        const its = destinationName(operation.destination);
        const find = (one: Service | undefined) => one?.destinations.find((each) => destinationName(each) === its);
        const [destinationHad, destinationHas] = [find(had), find(has)];
        if (operation.kind === 'delete-destination') assert.equal(destinationHas, undefined, word);
        else assert.ok(destinationHas !== undefined, word);
        if (operation.kind === 'new-destination') assert.equal(destinationHad, undefined, word);
        assert.notDeepEqual(destinationHad, destinationHas, word);
      }
      const now = new Map(kernel);
      applied(now, operations);
      assert.deepEqual([...now.keys()].sort(), [...desired.keys()].sort());
    }),
  );
});

test('applied, the operations make the kernel agree, touch nothing foreign, and a second time there is nothing to do', () => {
  fc.assert(
    fc.property(tables, fc.array(tables, { minLength: 1, maxLength: 5 }), (foreign, history) => {
      const kernel = new Map(tableOf(foreign));
      let owned: Ownership = new Map();
      const everDesired = new Set(
        history.flatMap((table) =>
          table.flatMap(({ key, destinations }) => [
            serviceName(key),
            ...destinations.map((one) => `${serviceName(key)} ${destinationName(one)}`),
          ]),
        ),
      );
      for (const next of [...history, []]) {
        const desired = tableOf(next);
        owned = claim(desired, kernel, owned);
        applied(kernel, reconcile(desired, kernel, owned));
        owned = claim(desired, kernel, owned);
        assert.deepEqual(reconcile(desired, kernel, owned), []);
        for (const [name, wanted] of desired) {
          const now = kernel.get(name) ?? assert.fail(`${name} is missing`);
          assert.equal(now.settings.scheduler, wanted.settings.scheduler);
          for (const server of wanted.destinations) {
            assert.ok(
              now.destinations.some(
                (other) => destinationName(other) === destinationName(server) && other.weight === server.weight,
              ),
            );
          }
        }
        for (const { key, destinations } of foreign) {
          const name = serviceName(key);
          const now = kernel.get(name) ?? assert.fail(`the service ${name} of others is gone`);
          for (const server of destinations) {
            if (everDesired.has(`${name} ${destinationName(server)}`)) continue;
            assert.ok(now.destinations.some((other) => destinationName(other) === destinationName(server)));
          }
        }
      }
      // In the end only what others made is left.
      assert.deepEqual([...kernel.keys()].sort(), foreign.map(({ key }) => serviceName(key)).sort());
    }),
  );
});
