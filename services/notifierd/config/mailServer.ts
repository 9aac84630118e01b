import type { Reporter } from '../../shared/config/reporter.js';
import type { Word } from '../../shared/config/tree.js';
import { parseIpAddress } from '../../shared/net/address.js';

/** Where a mail server listens; the port only if it is written. */
export interface MailServer {
  readonly host: string;
  readonly port?: number;
}

/**
 * Reads `smtp_server HOST [PORT]`, `HOST:PORT` and `[IPV6]:PORT`. A bare IPv6 address is one, whatever its
 * last group looks like. Undefined when it is wrong, which is reported.
 */
export function readMailServer(words: readonly Word[], report: Reporter): MailServer | undefined {
  const [, server, port] = words;
  if (server === undefined) return undefined;
  const split = splitPort(server.text);
  if (split.host === '') {
    report.error(server, 'bad-value', `'smtp_server' needs a host name or an address, not '${server.text}'`);
    return undefined;
  }
  const text = port?.text ?? split.port;
  if (text === undefined) return { host: split.host };
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65535) {
    report.error(port ?? server, 'out-of-range', `the port of 'smtp_server' must be 1..65535, not '${text}'`);
    return undefined;
  }
  return { host: split.host, port: Number(text) };
}

function splitPort(text: string): { readonly host: string; readonly port?: string } {
  if (parseIpAddress(text) !== undefined) return { host: text };
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const [, host = '', port] = bracketed;
    return parseIpAddress(host) === undefined ? { host: '' } : { host, ...(port === undefined ? {} : { port }) };
  }
  const colon = text.lastIndexOf(':');
  return colon < 0 ? { host: text } : { host: text.slice(0, colon), port: text.slice(colon + 1) };
}
