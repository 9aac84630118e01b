/** Who may look from other machines: those with a certificate that has a role, by the files and rules that the API has too. */
import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { TLSSocket, type TlsOptions } from 'node:tls';
import { contextOf } from '../../shared/rpc/tlsCredentials.js';
import { type ApiFiles, readApiFiles } from '../api/apiFiles.js';
import { certificateNames } from '../api/certificateNames.js';
import { includesRole } from '../api/role.js';
import { roleOf } from '../api/roleFile.js';

const OPTION = '--dashboard-tls-dir';
/** Time for a TLS handshake. */
const HANDSHAKE_LIMIT_MS = 5_000;

export class Viewers {
  readonly #directory: string;
  #files: ApiFiles;

  /** Reads the files. Throws an Error with a message for the user when they are no good. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#files = readApiFiles(OPTION, directory, new Date());
  }

  /** The same again, for connections from now on. Throws likewise, and then all is as it was. */
  renew(): void {
    this.#files = readApiFiles(OPTION, this.#directory, new Date());
  }

  /** What works and deserves attention. */
  get warning(): string | undefined {
    return this.#files.warning;
  }

  /** TLS 1.2 at least, and only for clients with a certificate of the authority. */
  get tlsOptions(): TlsOptions {
    return {
      ...contextOf(this.#files.material),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
    };
  }

  /** Whether the certificate of a connection has a role, whichever: all of them include looking. */
  mayLook(socket: Socket): boolean {
    if (!(socket instanceof TLSSocket)) return false;
    const names = certificateNames(socket.getPeerCertificate());
    return includesRole(roleOf(names, this.#files.rules), 'viewer');
  }

  /** Whether our certificate is for a name or an address. */
  certified(name: string): boolean {
    const certificate = new X509Certificate(this.#files.material.certificate);
    return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  }
}
