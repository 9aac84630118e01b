import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOid } from '../../../services/snmp/agentx/oid.js';
import { integer, type SnmpValue, text } from '../../../services/snmp/agentx/value.js';
import { servedObjects } from '../../../services/snmp/mib/objects.js';
import { writeOf } from '../../../services/snmp/writes.js';
import { served } from './fixture.js';

const K = '1.3.6.1.4.1.9586.100.5';
const objects = servedObjects(served());
const write = (oid: string, value: SnmpValue) => writeOf({ oid: parseOid(oid), value }, objects);

test('a base priority and a weight are orders', () => {
  assert.deepEqual(write(`${K}.2.3.1.7.2`, integer(17)), {
    action: { $case: 'setPriority', value: { instance: 'VI_2', priority: 17 } },
  });
  assert.deepEqual(write(`${K}.3.4.1.7.1.2`, integer(0)), {
    action: {
      $case: 'setWeight',
      value: { virtualServer: '[10.8.0.1]:tcp:80', realServer: '[10.9.1.2]:tcp:80', weight: 0 },
    },
  });
});

test('anything else is refused, each with its reason', () => {
  const cases: readonly (readonly [string, SnmpValue, string])[] = [
    [`${K}.2.3.1.7.2`, integer(255), 'wrongValue'],
    [`${K}.2.3.1.7.2`, integer(0), 'wrongValue'],
    [`${K}.2.3.1.7.2`, text('17'), 'wrongType'],
    [`${K}.2.3.1.7.3`, integer(17), 'noCreation'],
    [`${K}.2.3.1.7`, integer(17), 'noCreation'],
    [`${K}.2.3.1.7.1.1`, integer(17), 'noCreation'],
    [`${K}.2.3.1.13.1`, integer(2), 'notWritable'],
    [`${K}.3.4.1.7.1.1`, integer(-1), 'wrongValue'],
    [`${K}.3.4.1.7.1.7`, integer(1), 'noCreation'],
    // The sorry server.
    [`${K}.3.4.1.7.1.3`, integer(1), 'notWritable'],
    ['1.3.6.1.2.1.68.1.3.1.5.2.51', integer(1), 'notWritable'],
  ];
  for (const [oid, value, error] of cases) assert.deepEqual(write(oid, value), { error }, oid);
});
