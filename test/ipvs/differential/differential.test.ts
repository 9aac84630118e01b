/**
 * Virtual servers under keepalived 2.2.7 and under Keepwatch, side by side in one guest: the same configuration, the same
 * backends, the same events. After each, table, timeouts, sync daemons, scripts, FIFO lines and mails are compared, and what
 * backends saw of the checks. What differs is explained in configurations/differences.json, and the list has to be true to the line.
 * `npm run differential -- --write test/ipvs/differential/configurations` runs all of them and writes it anew.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { configurationFiles, readConfiguration } from './lib/configuration.js';
import { compare, missingForDifferential, readList } from './lib/differential.js';

const FOLDER = join(import.meta.dirname, 'configurations');
const LIST = join(FOLDER, 'differences.json');

test('the kernel is told the same as by keepalived, but for what is listed', {
  skip: missingForDifferential() ?? false,
}, async (context) => {
  // The costly ones have their turn with `npm run differential`, which takes several times as long.
  const all = configurationFiles(FOLDER).map(readConfiguration);
  const configurations = all.filter(({ costly }) => !costly);
  assert.ok(configurations.length >= 40, `only ${configurations.length} configurations`);
  const listed = readList(LIST).filter(({ configuration }) =>
    configurations.some(({ name }) => name === configuration),
  );
  const { differences, output } = await compare(configurations, listed);
  for (const line of output.split('\n').filter((text) => / took \d+ ms$| ran twice$/.test(text)))
    context.diagnostic(line);
  assert.ok(![...differences.values()].includes(undefined), output);
  for (const { name } of configurations) {
    await context.test(name, () => {
      const explained = listed.filter(({ configuration }) => configuration === name);
      for (const { reason, rounds, what } of explained) assert.ok(reason !== '', `${what}, ${rounds}: not explained`);
      assert.deepEqual(
        differences.get(name),
        explained.map(({ reason: _, ...difference }) => difference),
      );
    });
  }
  for (const { configuration } of readList(LIST)) {
    assert.ok(
      all.some(({ name }) => name === configuration),
      `${configuration} is listed and not there`,
    );
  }
});
