import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { OwnershipFile } from '../../../services/ipvsd/ownershipRecord.js';
import { claim, tableOf } from '../../../services/ipvsd/reconcile.js';
import { destination, service } from './support.js';

function path(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'keepwatch-owned-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'owned.json');
}

const owned = claim(
  tableOf([
    service('10.8.0.1', [destination('10.9.1.1'), destination('fd00::1')]),
    service('fd00:8::1'),
    { ...service('10.8.0.1'), key: { kind: 'fwmark', family: 6, fwmark: 42 } },
  ]),
  tableOf([service('fd00:8::1')]),
  new Map(),
);

test('ownership comes back as it was written, from a file only we can read', (context) => {
  const file = path(context);
  new OwnershipFile(file, 'boot-1', assert.fail).save(owned);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const loaded = new OwnershipFile(file, 'boot-1', assert.fail).load();
  const keys = (ownership: typeof owned) =>
    [...ownership].map(([name, { created, destinations }]) => [name, created, [...destinations.keys()]]);
  assert.deepEqual(keys(loaded), keys(owned));
});

test('there is no record where nothing is owned: whoever starts the suite need not clean up', (context) => {
  const file = path(context);
  const record = new OwnershipFile(file, 'boot-1', assert.fail);
  record.save(owned);
  record.save(new Map());
  assert.ok(!existsSync(file));
  record.save(new Map());
  assert.equal(record.load().size, 0);
});

test('a record of another boot counts for nothing: the kernel’s table is gone as well', (context) => {
  const file = path(context);
  new OwnershipFile(file, 'boot-1', assert.fail).save(owned);
  assert.equal(new OwnershipFile(file, 'boot-2', assert.fail).load().size, 0);
});

test('no record is fine, a damaged one is complained about', (context) => {
  const file = path(context);
  assert.equal(new OwnershipFile(file, 'boot-1', assert.fail).load().size, 0);
  writeFileSync(file, '{"format":1,"boot":"boot-1","services":[{}]}');
  const complaints: string[] = [];
  assert.equal(new OwnershipFile(file, 'boot-1', (problem) => complaints.push(problem)).load().size, 0);
  assert.match(complaints[0] ?? '', /owned\.json is unusable .*ipvsadm/);
});
