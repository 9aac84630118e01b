/** The `SSL` block as a context of TLS: read when the first check needs it and again when one of its files changes. */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsFiles } from '../config/checkerModel.js';

interface Cached {
  readonly stamp: string;
  readonly context: SecureContext;
}

const cache = new Map<string, Cached>();

function stampOf(path: string | undefined): string {
  if (path === undefined) return '';
  const { mtimeMs, ino, size } = statSync(path);
  return `${ino}/${mtimeMs}/${size}`;
}

/** The context for these files. Throws Error naming the file that cannot be used. */
export function tlsContext(files: TlsFiles): SecureContext {
  const { ca, certificate, key, password } = files;
  const name = JSON.stringify([ca, certificate, key, password]);
  const stamp = [ca, certificate, key].map(stampOf).join(' ');
  const known = cache.get(name);
  if (known?.stamp === stamp) return known.context;
  const context = createSecureContext({
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(certificate === undefined ? {} : { cert: readFileSync(certificate) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
    ...(password === undefined ? {} : { passphrase: password }),
  });
  cache.set(name, { stamp, context });
  return context;
}
