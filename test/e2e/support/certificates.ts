/** Authorities and certificates for a test, made by openssl(1) as an operator makes them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why no certificates can be made; false: they can. */
export const withoutOpenssl = existsSync('/usr/bin/openssl') ? false : 'openssl is not installed';

/** Files of a certificate. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const openssl = (...args: string[]): void => {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

export class Authority {
  readonly ca: string;
  readonly #directory: string;
  readonly #key: string;

  constructor(directory: string, name: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    this.ca = join(directory, `${name}.pem`);
    this.#key = join(directory, `${name}.key`);
    openssl('req', '-x509', ...CURVE, '-days', '30', '-subj', `/CN=${name}`, '-keyout', this.#key, '-out', this.ca);
  }

  /** A certificate for `subject` (`/CN=alice/OU=ops`), with these alternative names, good for `days`. */
  issue(file: string, subject: string, { names = '', days = 30 } = {}): CertificateFiles {
    const cert = join(this.#directory, `${file}.pem`);
    const key = join(this.#directory, `${file}.key`);
    const request = join(this.#directory, `${file}.csr`);
    openssl('req', '-new', ...CURVE, '-subj', subject, '-keyout', key, '-out', request);
    const extensions = join(this.#directory, `${file}.ext`);
    writeFileSync(extensions, names === '' ? 'basicConstraints=CA:FALSE\n' : `subjectAltName=${names}\n`);
    const signing = ['-CA', this.ca, '-CAkey', this.#key, '-CAcreateserial', '-days', String(days)];
    openssl('x509', '-req', '-in', request, ...signing, '-extfile', extensions, '-out', cert);
    chmodSync(key, 0o600);
    return { cert, key };
  }

  /** A list of revoked certificates with this one in it. */
  revoke({ cert }: CertificateFiles): string {
    const database = join(this.#directory, 'index.txt');
    const config = join(this.#directory, 'ca.cnf');
    const list = join(this.#directory, 'crl.pem');
    writeFileSync(database, '');
    writeFileSync(config, `[ca]\ndefault_ca=x\n[x]\ndatabase=${database}\ndefault_md=sha256\ndefault_crl_days=30\n`);
    const signing = ['ca', '-config', config, '-cert', this.ca, '-keyfile', this.#key];
    openssl(...signing, '-revoke', cert);
    openssl(...signing, '-gencrl', '-out', list);
    return list;
  }
}
