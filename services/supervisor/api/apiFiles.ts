/** The directory with what the API's TLS port needs: certificates, roles, revoked certificates; with errors that say what to do. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { contextOf, type RenewableMaterial } from '../../shared/rpc/tlsCredentials.js';
import { readTlsMaterial } from '../../shared/rpc/tlsMaterial.js';
import { parseRoleFile, type RoleRule, RULES_WITHOUT_FILE } from './roleFile.js';

/** Names of the files beside those that every door with TLS has; both may be missing. */
const REVOKED = 'client-crl.pem';
const ROLES = 'roles';

/** How long before its end a certificate is worth a warning. */
const RENEWAL_DAYS = 14;
const MS_PER_DAY = 86_400_000;
/** Group and others. */
const WRITABLE_FOR_OTHERS = 0o022;

export interface ApiFiles {
  readonly material: RenewableMaterial;
  readonly rules: readonly RoleRule[];
  /** What works and deserves attention; absent: nothing does. */
  readonly warning?: string;
}

/** Reads all of it. Throws an Error with a message for the user of `option`. */
export function readApiFiles(option: string, directory: string, wall: Date): ApiFiles {
  const problem = (file: string, why: string): Error => new Error(`${option}: ${join(directory, file)} ${why}`);
  const optional = (file: string): Buffer | undefined => {
    const path = join(directory, file);
    if (!existsSync(path)) return undefined;
    try {
      const { mode, uid } = statSync(path);
      if ((mode & WRITABLE_FOR_OTHERS) !== 0)
        throw new Error('can be changed by others, who could let anybody in; chmod go-w it');
      if (uid !== 0 && uid !== process.getuid?.())
        throw new Error(`belongs to uid ${uid}, who could let anybody in; chown root it`);
      return readFileSync(path);
    } catch (error) {
      throw problem(file, error instanceof Error ? error.message : String(error));
    }
  };
  const revoked = optional(REVOKED);
  const material = { ...readTlsMaterial(option, directory), revoked };
  try {
    createSecureContext(contextOf(material));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw problem(revoked === undefined ? '' : REVOKED, `cannot be used for TLS: ${why}`);
  }
  const roles = optional(ROLES)?.toString('utf8');
  let rules = RULES_WITHOUT_FILE;
  try {
    if (roles !== undefined) rules = parseRoleFile(roles);
  } catch (error) {
    throw problem(ROLES, error instanceof Error ? error.message : String(error));
  }
  const warning = lifeWarning(material.expiresAt, wall);
  return { material, rules, ...(warning === undefined ? {} : { warning: `${option}: ${directory}: ${warning}` }) };
}

function lifeWarning(end: Date, wall: Date): string | undefined {
  const days = (end.getTime() - wall.getTime()) / MS_PER_DAY;
  if (days < 0) return `the certificate ended at ${end.toISOString()}: clients refuse it; renew it and reload`;
  return days < RENEWAL_DAYS ? `the certificate ends at ${end.toISOString()}; renew it and reload` : undefined;
}
