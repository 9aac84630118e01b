import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetOf } from '../../../cmd/keepwatchctl/target.js';
import { tlsProblem } from '../../../cmd/keepwatchctl/tlsProblem.js';

test('what broke a TLS connection, in words', () => {
  const last = (text: string) => `unavailable: No connection established. Last error: ${text}. Resolution note: `;
  const names =
    "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: IP: 192.0.2.1 is not in the cert's list: 192.0.2.2";
  for (const [text, expected] of [
    [last('Error: self-signed certificate in certificate chain'), /not trusted: --ca/],
    [last('Error: unable to verify the first certificate'), /not trusted: --ca/],
    [last(names), /other names than this address: IP: 192\.0\.2\.1 is not in the cert's list: 192\.0\.2\.2$/],
    [last('Error: certificate has expired'), /too old/],
    [last('Error: certificate is not yet valid'), /clocks/],
    [
      last('Error: write EPROTO 00:error:0A00010B:SSL routines:ssl3_get_record:wrong version number'),
      /does not speak TLS/,
    ],
    [last('Failed to connect (2026-01-01T00:00:00.000Z)'), /does not take this certificate \(--cert\)/],
    ['unavailable: read ECONNRESET', /does not take this certificate \(--cert\)/],
    [last('Error: connect ECONNREFUSED 127.0.0.1:1'), undefined],
    ['unavailable: Name resolution failed for target dns:nowhere:1', undefined],
  ] as const) {
    const found = tlsProblem(text);
    if (expected === undefined) assert.equal(found, undefined, text);
    else assert.match(found ?? '', expected, text);
  }
});

test('where the suite is: flags before the environment, a run directory before the address of the environment', () => {
  const environment = {
    KEEPWATCH_ADDRESS: 'router:1',
    KEEPWATCH_RUN_DIR: '/r',
    KEEPWATCH_CERT: 'c',
    KEEPWATCH_KEY: '',
  };
  assert.deepEqual(targetOf({}, environment), {
    runDir: '/r',
    address: 'router:1',
    tls: { cert: 'c', key: undefined, ca: undefined },
  });
  assert.equal(targetOf({ address: 'unix:/x' }, environment).address, 'unix:/x');
  assert.equal(targetOf({ runDir: '/s' }, environment).address, undefined);
  assert.equal(targetOf({ cert: 'd', ca: 'e' }, environment).tls.cert, 'd');
});
