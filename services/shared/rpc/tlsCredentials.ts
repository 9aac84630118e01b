/** Mutual TLS for a gRPC server, with certificates that can be renewed while it runs. */
import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import type { TlsMaterial } from './tlsMaterial.js';

/** Time for a TLS handshake: somebody who connects and says nothing must not hold a connection for long. */
const HANDSHAKE_LIMIT_MS = 5_000;

/** What a server shows and whom it trusts. */
export interface RenewableMaterial extends TlsMaterial {
  /** Certificates that count no more, PEM; absent: all that have not ended count. */
  readonly revoked?: Buffer | undefined;
}

/** A client without a certificate of one of the authorities is refused in the handshake. */
export class MutualTls extends ServerCredentials {
  constructor(material: RenewableMaterial) {
    const handshake = {
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2' as const,
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
    };
    super(handshake, contextOf(material));
  }

  /** New connections use this; those that are there go on. */
  renew(material: RenewableMaterial): void {
    this.updateSecureContextOptions(contextOf(material));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** As node:tls takes it. */
export const contextOf = ({
  certificate,
  key,
  clientAuthorities,
  revoked,
}: RenewableMaterial): SecureContextOptions => ({
  cert: [certificate],
  key: [key],
  ca: clientAuthorities,
  minVersion: 'TLSv1.2',
  ...(revoked === undefined ? {} : { crl: revoked }),
});
