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

/** Sends by SMTP, one connection per mail as keepalived does, without TLS. */
export class SmtpTransport implements MailTransport {
  async send(mail: Mail, date: Date, config: MailConfig): Promise<MailAttempt> {
    const timeout = toMillis(config.connectTimeout);
    const transport = createTransport({
      host: config.host,
      port: config.port,
      name: config.heloName,
      secure: false,
      // The configuration has no way to say which certificate to trust, so STARTTLS on offer is not taken.
      ignoreTLS: true,
      requireTLS: false,
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
