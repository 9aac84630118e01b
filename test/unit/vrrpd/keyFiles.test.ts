import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withKeyFiles } from '../../../services/vrrpd/keyFiles.js';
import { config, instance, position } from './support.js';

const model = (secret: { readonly file: string } | { readonly bytes: Uint8Array }) =>
  config([instance({ hmac: { keys: [{ id: 1, secret, position }], activeKey: 1, mode: 'enforce' } })]);

const read = (text: string, exposed = false) => {
  const { model: found, diagnostics } = withKeyFiles({ model: model({ file: '/k' }), diagnostics: [] }, () => ({
    text,
    exposed,
  }));
  const secret = found?.instances[0]?.hmac?.keys[0]?.secret;
  return { secret, messages: diagnostics.map(({ severity, message }) => `${severity}: ${message}`) };
};

describe('key files of auth_hmac', () => {
  it('hold text or hexadecimal digits on one line', () => {
    const text = '0123456789abcdef0123456789abcdef';
    assert.deepEqual(read(`${text}\n`), { secret: { bytes: new TextEncoder().encode(text) }, messages: [] });
    assert.deepEqual(read(`hex:${'0f'.repeat(32)}`), { secret: { bytes: new Uint8Array(32).fill(15) }, messages: [] });
  });

  it('that are too short are refused without showing what is in them', () => {
    assert.deepEqual(read('secret\n'), {
      secret: undefined,
      messages: ['error: VI_1: key 1 of auth_hmac in /k has 6 bytes; 32 to 64 are needed'],
    });
  });

  it('that everybody may read are worth a warning', () => {
    const { secret, messages } = read('x'.repeat(64), true);
    assert.ok(secret);
    assert.deepEqual(messages, ['warning: VI_1: key 1 of auth_hmac in /k can be read by others than its owner']);
  });

  it('that are not there refuse the configuration', () => {
    const { model: found, diagnostics } = withKeyFiles({ model: model({ file: '/k' }), diagnostics: [] }, () => {
      throw new Error('ENOENT');
    });
    assert.equal(found, undefined);
    assert.match(diagnostics[0]?.message ?? '', /cannot be read: ENOENT/);
  });

  it('are left alone where the key stands in the configuration', () => {
    const inline = model({ bytes: new Uint8Array(32) });
    assert.deepEqual(withKeyFiles({ model: inline, diagnostics: [] }, assert.fail).model, inline);
  });
});
