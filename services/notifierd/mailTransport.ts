import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Mail } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import { toMillis } from '../shared/time/duration.js';
import type { MailConfig } from './config/model.js';
import { composeMail } from './mailMessage.js';

/** What became of one attempt to send a mail. */
export type MailAttempt =
  /** Taken over by the server; `refused` recipients were not. */
  | { readonly kind: 'sent'; readonly refused: readonly string[] }
  /** The server cannot be reached or does not serve: every other mail would fare alike. */
  | { readonly kind: 'server-down'; readonly reason: string }
  /** Refused for now (4xx), this mail only. */
  | { readonly kind: 'later'; readonly reason: string }
  /** Refused for good (5xx). */
  | { readonly kind: 'refused'; readonly reason: string };

/** Sends one mail. An interface, so that tests need no network. */
export interface MailTransport {
  /** Never rejects. */
  send(mail: Mail, date: Date, config: MailConfig): Promise<MailAttempt>;
}

/** After the connection stands, a server may think this many times the connect timeout about a command. */
const THINKING_FACTOR = 4;

/** What a configuration names and a connection needs: the text of files. */
interface Secrets {
  readonly ca?: string;
  readonly password?: string;
}

/**
 * Sends by SMTP, one connection per mail as keepalived does. TLS that is configured is demanded, never tried only: a
 * password or an alert must not leave in clear because somebody in between took the offer out. STARTTLS that is on offer
 * but not configured is not taken, for nothing says which certificate to trust.
 */
export class SmtpTransport implements MailTransport {
  async send(mail: Mail, date: Date, config: MailConfig): Promise<MailAttempt> {
    let secrets: Secrets;
    try {
      secrets = await readSecrets(config);
    } catch (error) {
      return { kind: 'server-down', reason: error instanceof Error ? error.message : String(error) };
    }
    const timeout = toMillis(config.connectTimeout);
    const { tls, login } = config;
    const transport = createTransport({
      host: config.host,
      port: config.port,
      name: config.heloName,
      secure: tls.mode === 'tls',
      ignoreTLS: tls.mode === 'off',
      requireTLS: tls.mode === 'starttls',
      tls: {
        minVersion: 'TLSv1.2',
        ...serverName(config),
        ...(secrets.ca === undefined ? {} : { ca: secrets.ca }),
      },
      ...(login === undefined ? {} : { auth: { user: login.user, pass: secrets.password ?? '' } }),
      connectionTimeout: timeout,
      dnsTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: THINKING_FACTOR * timeout,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      const info = await transport.sendMail({
        envelope: { from: config.from, to: [...config.recipients] },
        raw: composeMail(mail, config.from, config.recipients, date),
      });
      return { kind: 'sent', refused: info.rejected.map(String) };
    } catch (error) {
      return classifyFailure(error);
    } finally {
      transport.close();
    }
  }
}

/** Reads the files a configuration names; read for every mail, so that a new password or certificate needs no reload. */
async function readSecrets({ tls, login }: MailConfig): Promise<Secrets> {
  const ca = tls.caFile === undefined ? undefined : await readNamed('smtp_tls_ca', tls.caFile);
  const file = login?.passwordFile;
  const password =
    file === undefined ? login?.password : (await readNamed('smtp_password_file', file)).split(/\r?\n/, 1)[0];
  return { ...(ca === undefined ? {} : { ca }), ...(password === undefined ? {} : { password }) };
}

async function readNamed(keyword: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${keyword} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The name to ask for and to verify. An address is no name for SNI (RFC 6066 3), but certificates may bear addresses. */
function serverName({ tls, host }: MailConfig): { readonly servername?: string } {
  const name = tls.name ?? host;
  return isIP(name) === 0 ? { servername: name } : {};
}

/** Sorts what nodemailer throws. */
export function classifyFailure(error: unknown): Exclude<MailAttempt, { kind: 'sent' }> {
  const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ').trim() : String(error);
  const { code, responseCode } = error as { readonly code?: string; readonly responseCode?: number };
  const aboutThisMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  if (!aboutThisMail) return { kind: 'server-down', reason };
  // No reply at all: the envelope could not be built, which no waiting mends.
  if (responseCode === undefined || responseCode >= 500) return { kind: 'refused', reason };
  return { kind: 'later', reason };
}
