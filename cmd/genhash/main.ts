/** keepwatch-genhash: the digest HTTP_GET and SSL_GET compare a page with. Options and output are those of `keepalived --genhash`. */
import { parseArgs } from 'node:util';
import { fetchPage, type Page, type PageRequest } from '../../services/healthcheckerd/genhash/fetchPage.js';
import { hexDump } from '../../services/healthcheckerd/genhash/hexDump.js';
import type { HttpProtocol } from '../../services/healthcheckerd/genhash/httpRequest.js';

const DEFAULT_TIMEOUT_S = 5;
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

const USAGE = `Usage: keepwatch-genhash [options] -s ADDRESS -u URL

Prints the MD5 digest of a page as 'digest' in a url block of HTTP_GET or SSL_GET expects it.

  -s, --server ADDRESS        IP address of the server
  -p, --port PORT             port (default ${HTTP_PORT}, with -S ${HTTPS_PORT})
  -u, --url PATH              path of the page
  -S, --use-ssl               use TLS; the certificate is not judged
  -I, --use-sni               send the virtual host as server name in the TLS handshake
  -V, --use-virtualhost HOST  Host header
  -P, --protocol VERSION      1.0 (default), 1.0c (with 'Connection: close') or 1.1
  -t, --timeout SECONDS       for the whole exchange (default ${DEFAULT_TIMEOUT_S})
  -v, --verbose               show header, page and digest as dumps
  -h, --help                  print this text

Exit codes: 0 digest printed, 1 wrong options, or no answer from the server.
`;

void main().then((code) => {
  process.exitCode = code;
});

async function main(): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse();
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    if (values.fwmark !== undefined)
      throw new Error('--fwmark cannot be set by this program; use a rule of the firewall');
    const request = requestOf(values);
    const started = performance.now();
    const page = await fetchPage(request);
    process.stdout.write(values.verbose ? verbose(page, request.path, performance.now() - started) : `${page.md5}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`keepwatch-genhash: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function parse() {
  return parseArgs({
    options: {
      server: { type: 'string', short: 's' },
      port: { type: 'string', short: 'p' },
      url: { type: 'string', short: 'u' },
      'use-ssl': { type: 'boolean', short: 'S' },
      'use-sni': { type: 'boolean', short: 'I' },
      'use-virtualhost': { type: 'string', short: 'V' },
      protocol: { type: 'string', short: 'P' },
      timeout: { type: 'string', short: 't' },
      fwmark: { type: 'string', short: 'm' },
      verbose: { type: 'boolean', short: 'v' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

function requestOf(values: ReturnType<typeof parse>): PageRequest {
  const { server, url, 'use-virtualhost': virtualHost } = values;
  if (server === undefined || url === undefined) throw new Error('needs -s ADDRESS and -u URL (see --help)');
  const tls = values['use-ssl'] ?? false;
  const port = wholeNumber(values.port ?? String(tls ? HTTPS_PORT : HTTP_PORT), 65535, '--port');
  const timeout = wholeNumber(values.timeout ?? String(DEFAULT_TIMEOUT_S), 3600, '--timeout');
  return {
    server,
    port,
    path: url,
    tls,
    sni: values['use-sni'] ?? false,
    protocol: protocolOf(values.protocol ?? '1.0'),
    timeoutMs: timeout * 1000,
    ...(virtualHost === undefined ? {} : { virtualHost }),
  };
}

function wholeNumber(text: string, limit: number, option: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > limit)
    throw new Error(`${option} takes 1 to ${limit}, not '${text}'`);
  return value;
}

function protocolOf(text: string): HttpProtocol {
  const protocol = text.toUpperCase();
  if (protocol === '1.0' || protocol === '1.0C' || protocol === '1.1') return protocol;
  throw new Error(`--protocol takes 1.0, 1.0c or 1.1, not '${text}'`);
}

function verbose({ header, body, md5 }: Page, path: string, tookMs: number): string {
  return [
    '-----------------------[    HTTP Header Buffer    ]-----------------------\n',
    hexDump(header),
    '-----------------------[ HTTP Header Ascii Buffer ]-----------------------\n',
    `${header.toString('latin1')}\n`,
    '-----------------------[        HTML Buffer        ]-----------------------\n',
    `${hexDump(body)}\n`,
    '-----------------------[    HTML hash resulting    ]-----------------------\n',
    hexDump(Buffer.from(md5, 'hex')),
    '-----------------------[ HTML hash final resulting ]-----------------------\n',
    `${md5}\n`,
    `\nGlobal response time for [${path}] = ${Math.round(tookMs * 1000)} usecs\n`,
  ].join('');
}
