/** Certificate, key and client authorities of a door with mutual TLS, read from a directory. Keys never reach a message. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the files in the directory. */
export const TLS_FILES = {
  certificate: 'cert.pem',
  key: 'key.pem',
  clientAuthorities: 'client-ca.pem',
} as const;

/** All PEM. */
export interface TlsMaterial {
  /** The certificate, then those that lead to its authority. */
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** Who may sign certificates of clients. */
  readonly clientAuthorities: Buffer;
  /** End of the certificate's life. */
  readonly expiresAt: Date;
}

/** Others than the owner and the group. */
const OTHERS = 0o007;

/**
 * Reads the three files below `directory`. Throws an Error with a message for the user of `option` when one is missing, is not
 * what it should be, does not belong to the others, or lets everybody read the key.
 */
export function readTlsMaterial(option: string, directory: string): TlsMaterial {
  const path = (name: keyof typeof TLS_FILES): string => join(directory, TLS_FILES[name]);
  const refuse = (name: keyof typeof TLS_FILES, why: string): never => {
    throw new Error(`${option}: ${path(name)} ${why}`);
  };
  const read = (name: keyof typeof TLS_FILES): Buffer => {
    try {
      return readFileSync(path(name));
    } catch (error) {
      return refuse(name, `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
    }
  };
  const certificateOf = (name: 'certificate' | 'clientAuthorities', text: Buffer): X509Certificate => {
    try {
      return new X509Certificate(text);
    } catch {
      return refuse(name, 'holds no certificate in PEM');
    }
  };
  const keyOf = (text: Buffer): KeyObject => {
    try {
      return createPrivateKey(text);
    } catch {
      return refuse('key', 'holds no private key in PEM, or one with a passphrase');
    }
  };

  const certificate = read('certificate');
  const key = read('key');
  const clientAuthorities = read('clientAuthorities');
  const parsed = certificateOf('certificate', certificate);
  certificateOf('clientAuthorities', clientAuthorities);
  if (!parsed.checkPrivateKey(keyOf(key))) refuse('key', 'is not the key of the certificate beside it');
  if ((statSync(path('key')).mode & OTHERS) !== 0) refuse('key', 'is open to everybody; chmod 0600 it');
  return { certificate, key, clientAuthorities, expiresAt: new Date(parsed.validTo) };
}
