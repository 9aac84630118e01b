/** Who may call what, and how often: the tables behind the API's door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlServiceDefinition } from '../../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { instant, millis, seconds } from '../../../../services/shared/time/duration.js';
import { certificateNames, whoIs } from '../../../../services/supervisor/api/certificateNames.js';
import { type Caller, Gate, type Refusal, type Visit } from '../../../../services/supervisor/api/gate.js';
import { methodOf, ruleFor } from '../../../../services/supervisor/api/methods.js';
import { includesRole, ROLES, type Role } from '../../../../services/supervisor/api/role.js';
import { parseRoleFile, RULES_WITHOUT_FILE, roleOf } from '../../../../services/supervisor/api/roleFile.js';
import { type Bucket, isFull, take } from '../../../../services/supervisor/api/tokenBucket.js';

const ruleOf = (method: string) => ruleFor({ service: ControlServiceDefinition.fullName, method });

test('every method of ControlService has a role; whoever may only look changes nothing', () => {
  const methods = Object.values(ControlServiceDefinition.methods).map(({ name }) => name);
  assert.deepEqual(
    methods.filter((name) => ruleOf(name) === undefined),
    [],
    'add these to services/supervisor/api/methods.ts',
  );
  for (const name of methods) {
    const looks = /^(Get|Watch)/.test(name);
    assert.equal(ruleOf(name)?.role === 'viewer', looks, name);
    // PlanReload alone is neither: it changes nothing, and keeps the services busy.
    assert.equal(ruleOf(name)?.audited === undefined, looks || name === 'PlanReload', name);
  }
  const admins = ['ApplyConfig', 'Reload', 'StopSuite', 'Upgrade'];
  assert.deepEqual(methods.filter((name) => ruleOf(name)?.role === 'admin').sort(), admins);
});

test('what has no rule is for nobody: unknown methods, and names of JavaScript', () => {
  for (const path of [
    '/keepwatch.v1.ControlService/Nothing',
    '/keepwatch.v1.ControlService/constructor',
    '/toString/x',
    '/',
    '',
  ])
    assert.equal(ruleFor(methodOf(path)), undefined, path);
  assert.equal(ruleFor(methodOf('/grpc.health.v1.Health/Check'))?.role, 'viewer');
});

test('a role includes those before it', () => {
  const table = ROLES.map((has) => ROLES.filter((needed) => includesRole(has, needed)).join(' '));
  assert.deepEqual(table, ['none', 'none viewer', 'none viewer operator', 'none viewer operator admin']);
});

test('a bucket: burst at once, then the rate; nothing for time that did not pass or went back', () => {
  const limits = { burst: 3, perSecond: 2 };
  const table: [atMs: number, taken: boolean][] = [
    [0, true],
    [0, true],
    [0, true],
    [0, false],
    [499, false],
    [500, true],
    [500, false],
    [400, false],
    [1_000, true],
    [60_000, true],
    [60_000, true],
    [60_000, true],
    [60_000, false],
  ];
  let bucket: Bucket | undefined;
  for (const [index, [atMs, expected]] of table.entries()) {
    const outcome = take(bucket, limits, instant(millis(atMs)));
    assert.equal(outcome.taken, expected, `row ${index}: ${atMs} ms`);
    bucket = outcome.bucket;
  }
  assert.ok(bucket !== undefined && !isFull(bucket, limits, instant(seconds(60))));
  assert.ok(isFull(bucket, limits, instant(seconds(62))));
});

test('names of a certificate: several of a kind, quoted ones, and nothing that hides inside another', () => {
  const names = (subjectaltname: string, subject = {}) =>
    certificateNames({ subject, subjectaltname, serialNumber: '0a1b' }).map(({ field, value }) => `${field}=${value}`);
  assert.deepEqual(
    names('DNS:a.example, URI:spiffe://x/y, email:b@c.example, IP Address:192.0.2.1', { CN: 'al', OU: ['o', 'p'] }),
    ['CN=al', 'OU=o', 'OU=p', 'DNS=a.example', 'URI=spiffe://x/y', 'EMAIL=b@c.example', 'SERIAL=0A1B'],
  );
  assert.deepEqual(names('DNS:"a, URI:spiffe://admin", DNS:b'), ['DNS=a, URI:spiffe://admin', 'DNS=b', 'SERIAL=0A1B']);
  assert.deepEqual(names('DNS:"a'), ['SERIAL=0A1B']);
  assert.deepEqual(names('nonsense, URI:spiffe://admin'), ['SERIAL=0A1B']);
  assert.equal(
    whoIs(certificateNames({ subject: { CN: 'al\nice', OU: 'ops' }, serialNumber: '7' })),
    'CN=al?ice OU=ops serial 7',
  );
  assert.equal(whoIs(certificateNames({ subjectaltname: 'URI:spiffe://x' })), 'URI=spiffe://x');
  assert.equal(whoIs([]), 'a certificate without names');
});

test('a role file: the first line that fits counts; what is wrong is named with its line', () => {
  const rules = parseRoleFile(
    '# who\n\nnone   SERIAL=0a:1b\nadmin CN=alice\n operator\tOU = night shift \nviewer O=Example\n',
  );
  const role = (subject: Record<string, string | string[]>, serialNumber = '01'): Role =>
    roleOf(certificateNames({ subject, serialNumber }), rules);
  assert.equal(role({ CN: 'alice' }), 'admin');
  assert.equal(role({ CN: 'alice' }, '0A1B'), 'none', 'locked out before she is an admin');
  assert.equal(role({ CN: 'bob', OU: ['day shift', 'night shift'] }), 'operator');
  assert.equal(role({ CN: 'carol', O: 'Example' }), 'viewer');
  assert.equal(role({ CN: 'Alice' }), 'none', 'names are compared as they are');
  assert.equal(role({ OU: 'keepwatch-admin' }), 'none', 'with a file only the file counts');
  for (const [text, expected] of [
    ['admn CN=a', /^line 1: 'admn' is no role, did you mean 'admin'\?; there are none, viewer, operator, admin$/],
    ['\nadmin', /^line 2: after the role stands FIELD=VALUE, for example 'admin CN=alice'$/],
    ['admin alice', /^line 1: .*FIELD=VALUE/],
    ['admin CM=alice', /^line 1: 'CM' is no field of a certificate, did you mean 'CN'/],
    ['admin CN=', /^line 1: CN= has no value$/],
  ] as const) {
    assert.throws(
      () => parseRoleFile(text),
      (error: Error) => expected.test(error.message),
      text,
    );
  }
});

test('without a file the organizational unit says it', () => {
  const role = (OU: string): Role => roleOf(certificateNames({ subject: { OU } }), RULES_WITHOUT_FILE);
  assert.deepEqual(['keepwatch-viewer', 'keepwatch-operator', 'keepwatch-admin', 'keepwatch', 'admin'].map(role), [
    'viewer',
    'operator',
    'admin',
    'none',
    'none',
  ]);
});

const caller = (key: string, role: Role): Caller => ({ key, who: `CN=${key}`, from: 'there', role, certified: true });
const kindOf = (outcome: Visit | Refusal): string => ('kind' in outcome ? outcome.kind : 'let in');
const named = (method: string) => ({ service: ControlServiceDefinition.fullName, method });

test('the gate: role by role, with the call, the role had and the role needed', () => {
  const gate = new Gate(new FakeClock(), { perSecond: 1, burst: 100, calls: 100, streams: 100 });
  const outcomes = (method: string) => ROLES.map((role) => kindOf(gate.enter(caller('a', role), named(method), false)));
  assert.deepEqual(outcomes('GetStatus'), ['role', 'let in', 'let in', 'let in']);
  assert.deepEqual(outcomes('GiveOrder'), ['role', 'role', 'let in', 'let in']);
  assert.deepEqual(outcomes('StopSuite'), ['role', 'role', 'role', 'let in']);
  assert.deepEqual(outcomes('Nothing'), ['role', 'role', 'role', 'role']);
  const refusal = gate.enter(caller('al', 'viewer'), named('Reload'), false);
  assert.deepEqual(refusal, { kind: 'role', text: 'Reload needs the role admin; CN=al has the role viewer' });
});

test('the gate: a caller uses up what is his and nobody else’s; refused calls cost too', () => {
  const clock = new FakeClock();
  const gate = new Gate(clock, { perSecond: 10, burst: 4, calls: 2, streams: 1 });
  const enter = (key: string, stream = false, role: Role = 'viewer') =>
    gate.enter(caller(key, role), named('GetStatus'), stream);
  const first = enter('a');
  const second = enter('a', true);
  assert.deepEqual([kindOf(first), kindOf(second), kindOf(enter('a'))], ['let in', 'let in', 'calls']);
  assert.equal(kindOf(enter('b')), 'let in');
  gate.leave(first as Visit);
  assert.equal(kindOf(enter('a', true)), 'streams');
  assert.equal(kindOf(enter('a')), 'rate', 'four of four were tried');
  assert.equal(gate.payForMessage(caller('b', 'viewer')), undefined);
  assert.match(gate.payForMessage(caller('a', 'viewer')) ?? '', /10 a second are answered, 4 at once/);
  clock.advance(millis(200));
  assert.equal(kindOf(enter('a')), 'let in');
  assert.equal(kindOf(enter('a', false, 'none')), 'role');
  assert.equal(kindOf(enter('a', false, 'none')), 'rate');
});
