import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { certificateCallers, localCallers } from '../../../../services/supervisor/api/callers.js';
import { parseRoleFile } from '../../../../services/supervisor/api/roleFile.js';

const call = (certificate: object | undefined): ServerInterceptingCallInterface =>
  ({
    getAuthContext: () => (certificate === undefined ? {} : { sslPeerCertificate: certificate }),
    getPeer: () => '192.0.2.7:1',
  }) as unknown as ServerInterceptingCallInterface;

test('a certificate is good until it ends, also on a connection that began before; the rules of now count', () => {
  let rules = parseRoleFile('viewer CN=vic');
  let now = new Date('2026-01-01T00:00:00Z');
  const callerOf = certificateCallers(
    () => rules,
    () => now,
  );
  const certificate = {
    subject: { CN: 'vic' },
    serialNumber: '01',
    fingerprint256: 'AA',
    valid_to: 'Jan  1 00:00:01 2026 GMT',
  };
  const found = { key: 'AA', who: 'CN=vic serial 01', from: '192.0.2.7:1', role: 'viewer', certified: true };
  assert.deepEqual(callerOf(call(certificate)), found);
  rules = parseRoleFile('none CN=vic');
  assert.deepEqual(callerOf(call(certificate)), { ...found, role: 'none' });
  now = new Date('2026-01-01T00:00:02Z');
  assert.match(JSON.stringify(callerOf(call(certificate))), /the certificate of CN=vic serial 01 ended at .*renew it/);
  assert.deepEqual(callerOf(call(undefined)), { stranger: 'the connection has no certificate of the client' });
});

test('where the descriptor of a Unix socket cannot be had the caller has no name, and may go on', () => {
  const somebody = { key: 'local', who: 'local socket', from: 'unix socket', role: 'admin', certified: false };
  const callerOf = localCallers();
  for (const stream of [
    undefined,
    {},
    { session: {} },
    { session: { socket: { _handle: null } } },
    { session: { socket: { _handle: { fd: -1 } } } },
  ]) {
    assert.deepEqual(callerOf({ stream } as unknown as ServerInterceptingCallInterface), somebody);
  }
});
