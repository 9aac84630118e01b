/** TLS, login and digest of mails: keywords that keepalived does not have. */
import {
  SMTP_DIGEST,
  SMTP_PASSWORD,
  SMTP_PASSWORD_FILE,
  SMTP_TLS,
  SMTP_TLS_CA,
  SMTP_TLS_NAME,
  SMTP_USERNAME,
} from '../../shared/config/globals/identity.js';
import type { Block } from '../../shared/config/readBlock.js';
import type { Reporter } from '../../shared/config/reporter.js';
import { DEFAULT_DIGEST, type DigestConfig, type MailLogin, type MailTls } from './model.js';

/** Reads `smtp_tls`, `smtp_tls_ca` and `smtp_tls_name`. */
export function readTls(globals: Block, report: Reporter): MailTls {
  const mode = globals.last(SMTP_TLS)?.values[0] ?? 'off';
  const ca = globals.last(SMTP_TLS_CA);
  const name = globals.last(SMTP_TLS_NAME);
  if (mode === 'off') {
    for (const [spec, unused] of [
      [SMTP_TLS_CA, ca],
      [SMTP_TLS_NAME, name],
    ] as const) {
      if (unused === undefined) continue;
      const text = `'${spec.name}' has no effect without TLS`;
      report.warning(unused.keyword, 'ignored', text, 'add smtp_tls starttls or smtp_tls tls');
    }
    return { mode };
  }
  return {
    mode,
    ...(ca === undefined ? {} : { caFile: ca.values[0] }),
    ...(name === undefined ? {} : { name: name.values[0] }),
  };
}

/** Reads `smtp_username` and its password; undefined when nobody logs in. */
export function readLogin(globals: Block, tls: MailTls, report: Reporter): MailLogin | undefined {
  const user = globals.last(SMTP_USERNAME);
  const password = globals.last(SMTP_PASSWORD);
  const file = globals.last(SMTP_PASSWORD_FILE);
  const given = password ?? file;
  if (user === undefined) {
    if (given !== undefined)
      report.error(given.keyword, 'incomplete', 'a password for the mail server needs a name', 'add smtp_username');
    return undefined;
  }
  if (given === undefined) {
    report.error(
      user.keyword,
      'incomplete',
      "'smtp_username' needs a password",
      'add smtp_password_file or smtp_password',
    );
    return undefined;
  }
  if (password !== undefined && file !== undefined) {
    report.error(file.keyword, 'conflict', "'smtp_password' and 'smtp_password_file' exclude each other", 'keep one');
    return undefined;
  }
  if (tls.mode === 'off')
    report.warning(
      user.keyword,
      'insecure',
      'the password of the mail server crosses the network unencrypted',
      'add smtp_tls starttls',
    );
  return {
    user: user.values[0],
    ...(password === undefined ? {} : { password: password.values[0] }),
    ...(file === undefined ? {} : { passwordFile: file.values[0] }),
  };
}

/** Reads `smtp_digest`; undefined when it is switched off. */
export function readDigest(globals: Block): DigestConfig | undefined {
  const found = globals.last(SMTP_DIGEST);
  if (found === undefined) return DEFAULT_DIGEST;
  const [interval, mails] = found.values;
  return interval === 0 ? undefined : { interval, mails: mails ?? DEFAULT_DIGEST.mails };
}
