import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareOids, type Oid } from '../../../services/snmp/agentx/oid.js';
import { integer, type Varbind } from '../../../services/snmp/agentx/value.js';
import { MibView } from '../../../services/snmp/mibView.js';

const IDS = { session: 1, transaction: 1, packet: 1 };
const objects: Varbind[] = [
  [1, 1, 0],
  [1, 2, 1],
  [1, 2, 2],
  [1, 3, 0],
  [2, 1, 0],
].map((oid, index) => ({ oid, value: integer(index) }));
const view = new MibView([...objects].reverse());
const next = (start: Oid, end?: Oid, include = false) =>
  view.answer({ ...IDS, kind: 'getNext', ranges: [{ start, include, end }] })[0];

test('an object, and what is none', () => {
  const get = (oid: Oid) =>
    view.answer({ ...IDS, kind: 'get', ranges: [{ start: oid, include: false, end: undefined }] })[0]?.value;
  assert.deepEqual(get([1, 2, 2]), integer(2));
  assert.deepEqual(get([1, 2, 3]), { type: 'noSuchInstance' });
  assert.deepEqual(get([1, 7, 3]), { type: 'noSuchObject' });
});

test('the next one, inside the range only', () => {
  assert.deepEqual(next([1, 2, 1]), objects[2]);
  assert.deepEqual(next([1, 2, 1], undefined, true), objects[1]);
  assert.deepEqual(next([1, 2]), objects[1]);
  assert.deepEqual(next([1, 3, 0], [2]), { oid: [1, 3, 0], value: { type: 'endOfMibView' } });
  assert.deepEqual(next([1, 3, 0], [2, 1, 1]), objects[4]);
  assert.deepEqual(next([2, 1, 0]), { oid: [2, 1, 0], value: { type: 'endOfMibView' } });
});

test('many at once: those that are asked for once, then the others in turns, until all are at their end', () => {
  const ranges = [[1], [1, 2], [2]].map((start) => ({ start, include: false, end: undefined }));
  const answers = view.answer({ ...IDS, kind: 'getBulk', nonRepeaters: 1, maxRepetitions: 3, ranges });
  assert.deepEqual(
    answers.map(({ oid, value }) => `${oid.join('.')} ${value.type}`),
    [
      '1.1.0 integer',
      '1.2.1 integer',
      '2.1.0 integer',
      '1.2.2 integer',
      '2.1.0 endOfMibView',
      '1.3.0 integer',
      '2.1.0 endOfMibView',
    ],
  );
  const end = [{ start: [2, 1, 0], include: false, end: undefined }];
  assert.equal(view.answer({ ...IDS, kind: 'getBulk', nonRepeaters: 0, maxRepetitions: 50, ranges: end }).length, 1);
});

test('a walk meets every object once and in order, whatever there is', () => {
  const oid = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.uniqueArray(oid, { selector: String, maxLength: 30 }), (oids) => {
      const all = new MibView(oids.map((one) => ({ oid: one, value: integer(0) })));
      const met: Oid[] = [];
      for (let at: Oid = []; ; ) {
        const [found] = all.answer({
          ...IDS,
          kind: 'getNext',
          ranges: [{ start: at, include: met.length === 0, end: undefined }],
        });
        if (found === undefined || found.value.type === 'endOfMibView') break;
        met.push(found.oid);
        at = found.oid;
      }
      assert.deepEqual(met, [...oids].sort(compareOids));
    }),
  );
});
