import type { Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { AUTH_PASS, AUTH_TYPE } from '../keywords/authentication.js';
import type { AuthConfig } from '../model.js';

/** RFC 2338 5.3.6.2: the authentication data of an advertisement. */
const PASSWORD_BYTES = 8;

/** Reads an `authentication` block for an instance of the given VRRP version. */
export function readAuthentication(
  found: Occurrence | undefined,
  instance: string,
  version: 2 | 3,
  report: Reporter,
): AuthConfig {
  if (found === undefined) return { type: 'none' };
  const type = found.block.last(AUTH_TYPE);
  const pass = found.block.last(AUTH_PASS);
  const nothing = (code: string, message: string, hint?: string): AuthConfig => {
    report.warning(found.keyword, code, `${instance}: ${message}`, hint);
    return { type: 'none' };
  };
  if (version === 3) {
    return nothing(
      'ignored-authentication',
      'VRRP version 3 has no authentication; none is used',
      'RFC 9568 section 9',
    );
  }
  if (type === undefined) {
    return nothing('ignored-authentication', 'authentication without auth_type is none, as in keepalived');
  }
  if (pass === undefined) {
    return nothing('ignored-authentication', 'authentication without auth_pass is none, as in keepalived');
  }
  const bytes = new TextEncoder().encode(pass.values[0]);
  if (bytes.length > PASSWORD_BYTES) {
    const message = `${instance}: auth_pass is cut to ${PASSWORD_BYTES} bytes`;
    report.warning(pass.statement.words[1] ?? pass.keyword, 'password-too-long', message);
  }
  return { type: type.values[0] === 'AH' ? 'ah' : 'pass', password: bytes.slice(0, PASSWORD_BYTES) };
}
