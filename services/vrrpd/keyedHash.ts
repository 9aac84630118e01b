/** Keyed hashes of Node's OpenSSL for the pure codecs. */
import { createHmac, createSecretKey } from 'node:crypto';
import { AUTH_DATA_LENGTH } from './packet/advertisement.js';
import type { KeyedHash } from './packet/authenticationHeader.js';

/** HMAC with an algorithm of OpenSSL and a key. */
export function keyedHash(algorithm: 'md5' | 'sha256', secret: Uint8Array): KeyedHash {
  const key = createSecretKey(secret);
  return (data) => createHmac(algorithm, key).update(data).digest();
}

/** `auth_pass` as it goes into packets and check values: 8 bytes, zero padded (RFC 2338 5.3.6.2). */
export function paddedPassword(password: Uint8Array): Uint8Array {
  const padded = new Uint8Array(AUTH_DATA_LENGTH);
  padded.set(password.subarray(0, AUTH_DATA_LENGTH));
  return padded;
}
