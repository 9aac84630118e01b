/** Keys of `auth_hmac` that stand in files of their own. */
import type { Diagnostic, Interpretation } from '../shared/config/diagnostic.js';
import { keyBytes } from './config/interpret/hmac.js';
import type { HmacKey, InstanceConfig, VrrpConfig } from './config/model.js';

/** A file with a key. */
export interface KeyFile {
  readonly text: string;
  /** Others than its owner may read it. */
  readonly exposed: boolean;
}

/**
 * Puts the contents of key files in their place, so that a reload notices a file that changed. `read` throws when there is
 * no such file or it cannot be read, which refuses the configuration.
 */
export function withKeyFiles(
  { model, diagnostics }: Interpretation<VrrpConfig>,
  read: (path: string) => KeyFile,
): Interpretation<VrrpConfig> {
  if (model === undefined) return { diagnostics };
  const found: Diagnostic[] = [];
  const instances = model.instances.map((instance) => withKeys(instance, read, found));
  const all = [...diagnostics, ...found];
  if (found.some(({ severity }) => severity === 'error')) return { diagnostics: all };
  return { model: { ...model, instances }, diagnostics: all };
}

function withKeys(instance: InstanceConfig, read: (path: string) => KeyFile, found: Diagnostic[]): InstanceConfig {
  if (instance.hmac === undefined) return instance;
  const keys = instance.hmac.keys.map((key) => withBytes(instance.name, key, read, found));
  return { ...instance, hmac: { ...instance.hmac, keys } };
}

function withBytes(instance: string, key: HmacKey, read: (path: string) => KeyFile, found: Diagnostic[]): HmacKey {
  if (!('file' in key.secret)) return key;
  const { file } = key.secret;
  const about = `${instance}: key ${key.id} of auth_hmac in ${file}`;
  const say = (severity: Diagnostic['severity'], code: string, message: string, hint: string): void => {
    found.push({ severity, position: key.position, code, message: `${about} ${message}`, hint });
  };
  try {
    const { text, exposed } = read(file);
    const bytes = keyBytes(text.replace(/\r?\n$/, ''));
    if (typeof bytes === 'string') {
      say('error', 'bad-key', bytes, 'one line: 32 to 64 characters, or hex: and twice as many digits');
      return key;
    }
    if (exposed) say('warning', 'exposed-key', 'can be read by others than its owner', `chmod 600 ${file}`);
    return { ...key, secret: { bytes } };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    say('error', 'unreadable-key', `cannot be read: ${detail}`, 'create it, or write the key into the configuration');
    return key;
  }
}
