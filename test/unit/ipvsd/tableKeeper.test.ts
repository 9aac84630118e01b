import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Controls } from '../../../services/ipvsd/controls.js';
import { FakeIpvs } from '../../../services/ipvsd/fakeIpvs.js';
import { IpvsUnavailable } from '../../../services/ipvsd/kernel.js';
import { type Service, serviceName } from '../../../services/ipvsd/table.js';
import { TableKeeper } from '../../../services/ipvsd/tableKeeper.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { destination, MemoryRecord, service } from './support.js';

const whole = (...services: Service[]) => ({ services, complete: true, removed: [] });

function keeper(context: TestContext, kernel: FakeIpvs, record = new MemoryRecord()): TableKeeper {
  const controls = new Controls(silentLogger());
  const table = new TableKeeper({
    open: async () => kernel,
    record,
    controls,
    logger: silentLogger(),
    onChange: () => {},
  });
  context.after(() => table.stop({ keepKernelState: true }));
  return table;
}

test('changes are applied as differences: whole tables, parts, and removals', async (context) => {
  const kernel = new FakeIpvs();
  const table = keeper(context, kernel);
  const first = await table.apply(whole(service('10.8.0.1', [destination('10.9.1.1')]), service('10.8.0.2')));
  assert.deepEqual(first, { operations: 3, errors: [] });
  kernel.log.length = 0;
  await table.apply({ services: [service('10.8.0.1', [destination('10.9.1.1', 0)])], complete: false, removed: [] });
  await table.apply({ services: [], complete: false, removed: [service('10.8.0.2').key] });
  assert.deepEqual(kernel.log, ['set 10.9.1.1:80 of tcp 10.8.0.1:80 to weight 0', 'remove service tcp 10.8.0.2:80']);
  assert.equal(table.status.operations, 5);
});

test('a table that changed behind our back is read again, and the difference applied', async (context) => {
  const kernel = new FakeIpvs();
  const table = keeper(context, kernel);
  await table.apply(whole(service('10.8.0.1', [destination('10.9.1.1')])));
  kernel.table.clear();
  const outcome = await table.apply(whole(service('10.8.0.1', [destination('10.9.1.1', 2)])));
  assert.deepEqual(outcome.errors, []);
  assert.deepEqual([...kernel.table.values()], [service('10.8.0.1', [destination('10.9.1.1', 2)])]);
});

test('one that somebody else just made (EEXIST) is adopted and stays when we go', async (context) => {
  const kernel = new FakeIpvs();
  const table = keeper(context, kernel);
  await table.apply(whole(service('10.8.0.9')));
  kernel.table.set('tcp 10.8.0.1:80', service('10.8.0.1', [destination('10.9.9.9')]));
  await table.apply(whole(service('10.8.0.9'), service('10.8.0.1', [destination('10.9.1.1')])));
  await table.stop({ keepKernelState: false });
  assert.deepEqual([...kernel.table.values()], [service('10.8.0.1', [destination('10.9.9.9')])]);
  assert.ok(kernel.closed);
});

test('a refused operation is told with what to do, once; the rest is applied', async (context) => {
  const kernel = new FakeIpvs();
  kernel.refuse = ({ key, kind }) =>
    serviceName(key) === 'tcp 10.8.0.1:80' ? (kind === 'new-service' ? 'ENOENT' : 'ESRCH') : undefined;
  const table = keeper(context, kernel);
  const outcome = await table.apply(
    whole(service('10.8.0.1', [destination('10.9.1.1')], { scheduler: 'odd' }), service('10.8.0.2')),
  );
  assert.deepEqual(outcome.errors, [
    'cannot add service tcp 10.8.0.1:80 (odd): ENOENT; the kernel knows no such scheduler or persistence engine; ' +
      'load the module ip_vs_odd',
  ]);
  assert.equal(outcome.operations, 1);
  assert.equal(table.status.converged, false);
});

test('without IPVS it says so, keeps what is wanted, and applies it when IPVS appears', async (context) => {
  const kernel = new FakeIpvs();
  let there = false;
  const attempts: boolean[] = [];
  const notes: string[] = [];
  const table = new TableKeeper({
    open: async ({ loadModule }) => {
      attempts.push(loadModule);
      if (!there) throw new IpvsUnavailable('this kernel has no IPVS');
      return kernel;
    },
    record: new MemoryRecord(),
    logger: silentLogger(),
    controls: new Controls(silentLogger()),
    onChange: (note) => notes.push(note),
    retryMs: 10,
  });
  context.after(() => table.stop({ keepKernelState: true }));
  await table.begin({ flush: false });
  assert.equal(table.needed, false);
  const outcome = await table.apply(whole(service('10.8.0.1')));
  assert.deepEqual(outcome, { operations: 0, errors: ['IPVS is not available: this kernel has no IPVS'] });
  assert.deepEqual([table.status.available, table.status.unavailableReason], [false, 'this kernel has no IPVS']);
  assert.deepEqual(attempts.slice(0, 2), [false, true], 'the module is only loaded once something is wanted');
  there = true;
  const deadline = Date.now() + 5000;
  while (!table.status.available && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([...kernel.table.keys()], ['tcp 10.8.0.1:80']);
  assert.ok(notes.length >= 2);
});

test('a successor with the record finishes what its predecessor left', async (context) => {
  const kernel = new FakeIpvs();
  const record = new MemoryRecord();
  const crashed = keeper(context, kernel, record);
  await crashed.apply(whole(service('10.8.0.1', [destination('10.9.1.1')]), service('10.8.0.2')));
  const successor = keeper(context, kernel, record);
  await successor.apply(whole(service('10.8.0.2')));
  assert.deepEqual([...kernel.table.keys()], ['tcp 10.8.0.2:80']);
  assert.deepEqual([...record.owned.keys()], ['tcp 10.8.0.2:80']);
});

test('a successor leaves what it finds until it is told the whole table: a crash costs no connection', async (context) => {
  const kernel = new FakeIpvs();
  const record = new MemoryRecord();
  const [one, two] = [service('10.8.0.1', [destination('10.9.1.1'), destination('10.9.1.2')]), service('10.8.0.2')];
  await keeper(context, kernel, record).apply(whole(one, two));
  kernel.log.length = 0;
  const successor = keeper(context, kernel, record);
  await successor.begin({ flush: false });
  await successor.controlsChanged();
  assert.deepEqual(kernel.log, []);
  await successor.apply({ services: [service('10.8.0.1', [destination('10.9.1.1')])], complete: false, removed: [] });
  assert.deepEqual(kernel.log, ['remove 10.9.1.2:80 from tcp 10.8.0.1:80']);
  await successor.apply(whole(service('10.8.0.1', [destination('10.9.1.1')])));
  assert.deepEqual(kernel.log.slice(1), ['remove service tcp 10.8.0.2:80']);
});

test('ownership is recorded before the kernel is changed, and not again when nothing is new', async (context) => {
  const kernel = new FakeIpvs();
  const record = new MemoryRecord();
  const order: string[] = [];
  kernel.refuse = () => {
    order.push([...record.owned.keys()].join());
    return undefined;
  };
  const table = keeper(context, kernel, record);
  await table.apply(whole(service('10.8.0.1')));
  assert.deepEqual(order, ['tcp 10.8.0.1:80']);
  const { saves } = record;
  await table.apply(whole(service('10.8.0.1', [], { scheduler: 'rr' })));
  assert.equal(record.saves, saves);
});

test('a kernel that stops answering is opened anew', async (context) => {
  const broken = new FakeIpvs();
  const good = new FakeIpvs();
  broken.list = () => Promise.reject(new Error('no answer within 5 s'));
  const kernels = [broken, good];
  const table = new TableKeeper({
    open: async () => kernels.shift() ?? good,
    record: new MemoryRecord(),
    logger: silentLogger(),
    controls: new Controls(silentLogger()),
    onChange: () => {},
  });
  context.after(() => table.stop({ keepKernelState: true }));
  const failed = await table.apply(whole(service('10.8.0.1')));
  assert.deepEqual(failed.errors, ['no answer within 5 s']);
  assert.ok(broken.closed);
  assert.deepEqual(await table.apply(whole(service('10.8.0.1'))), { operations: 1, errors: [] });
});

test('one changed weight among ten thousand servers costs little: the rest is not even looked at', async (context) => {
  const kernel = new FakeIpvs();
  const record = new MemoryRecord();
  const table = keeper(context, kernel, record);
  const services = Array.from({ length: 200 }, (_, index) =>
    service(
      `10.8.${index}.1`,
      Array.from({ length: 50 }, (_, host) => destination(`10.9.${index}.${host + 1}`)),
    ),
  );
  await table.apply(whole(...services));
  const [first] = services;
  assert.ok(first);
  const { saves } = record;
  const started = performance.now();
  for (let weight = 2; weight <= 51; weight++) {
    const [changed, ...others] = first.destinations;
    assert.ok(changed);
    const next: Service = { ...first, destinations: [{ ...changed, weight }, ...others] };
    assert.deepEqual(await table.apply({ services: [next], complete: false, removed: [] }), {
      operations: 1,
      errors: [],
    });
  }
  assert.equal(record.saves, saves);
  const each = (performance.now() - started) / 50;
  assert.ok(each < 20, `${each} ms each`);
});

test('lvs_flush: what others left goes with the first whole table, what is wanted is not touched', async (context) => {
  const kernel = new FakeIpvs([
    service('10.8.0.1', [destination('10.9.1.1'), destination('10.9.9.9')]),
    service('10.8.7.7', [destination('10.9.9.9')]),
  ]);
  const table = keeper(context, kernel);
  await table.begin({ flush: true });
  assert.deepEqual(kernel.log, []);
  await table.apply(whole(service('10.8.0.1', [destination('10.9.1.1')])));
  assert.deepEqual(kernel.log, ['remove 10.9.9.9:80 from tcp 10.8.0.1:80', 'remove service tcp 10.8.7.7:80']);
  kernel.table.set('tcp 10.8.7.8:80', service('10.8.7.8'));
  await table.apply(whole(service('10.8.0.1', [destination('10.9.1.1')])));
  assert.ok(kernel.table.has('tcp 10.8.7.8:80'), 'only at the start');
});

test('lvs_flush: a restarted ipvsd does not flush again', async (context) => {
  const record = new MemoryRecord();
  const kernel = new FakeIpvs();
  const first = keeper(context, kernel, record);
  await first.begin({ flush: true });
  await first.apply(whole(service('10.8.0.1')));
  await first.stop({ keepKernelState: true });
  kernel.table.set('tcp 10.8.7.7:80', service('10.8.7.7'));
  const second = keeper(context, kernel, record);
  await second.begin({ flush: true });
  await second.apply(whole(service('10.8.0.1')));
  assert.ok(kernel.table.has('tcp 10.8.7.7:80'));
});

test('lvs_flush_on_stop empties the whole table in one call', async (context) => {
  const kernel = new FakeIpvs([service('10.8.7.7')]);
  const table = keeper(context, kernel);
  await table.apply(whole(service('10.8.0.1', [destination('10.9.1.1')])));
  kernel.log.length = 0;
  await table.stop({ keepKernelState: false, flush: true });
  assert.deepEqual(kernel.log, ['flush']);
  assert.equal(kernel.table.size, 0);
});

test('while a large table fills, others have the loop: a sign of life, for one', async (context) => {
  const kernel = new FakeIpvs();
  const table = keeper(context, kernel);
  const many = Array.from({ length: 40 }, (_, number) =>
    service(
      `10.8.1.${number}`,
      Array.from({ length: 100 }, (_, index) => destination(`10.9.${number}.${index}`)),
    ),
  );
  let beats = 0;
  const beat = (): void => {
    beats++;
    pulse = setImmediate(beat);
  };
  let pulse = setImmediate(beat);
  const outcome = await table.apply(whole(...many));
  clearImmediate(pulse);
  assert.deepEqual(outcome, { operations: 4_040, errors: [] });
  assert.ok(beats >= 20, `${beats} turns of others`);
});

test('what is ours is written down once for a whole table, not for each portion of it', async (context) => {
  const record = new MemoryRecord();
  const table = keeper(context, new FakeIpvs(), record);
  const many = Array.from({ length: 10 }, (_, number) =>
    service(
      `10.8.1.${number}`,
      Array.from({ length: 100 }, (_, index) => destination(`10.9.${number}.${index}`)),
    ),
  );
  await table.apply(whole(...many));
  assert.deepEqual([record.saves, record.owned.size], [1, 10]);
});

test('a whole table in parts: the last one names the others, and only then the rest goes', async (context) => {
  const kernel = new FakeIpvs();
  const table = keeper(context, kernel);
  await table.apply(whole(service('10.8.0.1'), service('10.8.0.2'), service('10.8.0.3')));
  kernel.log.length = 0;
  await table.apply({ services: [service('10.8.0.4')], complete: false, removed: [] });
  assert.deepEqual(kernel.log, ['add service tcp 10.8.0.4:80 (wlc)']);
  kernel.log.length = 0;
  const others = [service('10.8.0.1').key, service('10.8.0.4').key];
  await table.apply({ services: [service('10.8.0.5')], complete: true, removed: [], others });
  assert.deepEqual(kernel.log, [
    'add service tcp 10.8.0.5:80 (wlc)',
    'remove service tcp 10.8.0.2:80',
    'remove service tcp 10.8.0.3:80',
  ]);
});
