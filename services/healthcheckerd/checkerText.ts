/** How checkers are called in causes, mails and logs. Pure. */
import { formatIpAddress } from '../shared/net/address.js';
import type { CheckerConfig, CheckerEndpoint } from './config/checkerModel.js';

const KEYWORDS = {
  tcp: 'TCP_CHECK',
  smtp: 'SMTP_CHECK',
  dns: 'DNS_CHECK',
  misc: 'MISC_CHECK',
  udp: 'UDP_CHECK',
  ping: 'PING_CHECK',
  file: 'FILE_CHECK',
  bfd: 'BFD_CHECK',
} as const;

/** `TCP_CHECK`, … as in the configuration. */
export function checkerKeyword(config: CheckerConfig): string {
  if (config.kind === 'http') return config.tls === undefined ? 'HTTP_GET' : 'SSL_GET';
  return KEYWORDS[config.kind];
}

/** `10.0.0.2:80`, `[fd00::2]:80`. */
export function endpointText({ address, port }: Pick<CheckerEndpoint, 'address' | 'port'>): string {
  const text = formatIpAddress(address);
  return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}

/** Where a checker looks: an endpoint, an address, a script, a file, a session. */
export function checkerTarget(config: CheckerConfig): string {
  switch (config.kind) {
    case 'misc':
      return config.script.argv.join(' ');
    case 'file':
      return config.path;
    case 'bfd':
      return config.name;
    case 'ping':
      return formatIpAddress(config.endpoint.address);
    default:
      return endpointText(config.endpoint);
  }
}

/** `TCP_CHECK to 10.0.0.2:80`, `MISC_CHECK by /usr/local/bin/check`, `FILE_CHECK of /run/weight`. */
export function checkerText(config: CheckerConfig): string {
  const word = config.kind === 'misc' ? 'by' : config.kind === 'file' || config.kind === 'bfd' ? 'of' : 'to';
  return `${checkerKeyword(config)} ${word} ${checkerTarget(config)}`;
}

/** Body of the mail about a verdict, in keepalived's words; `told`: what a check says instead. */
export function verdictMailBody(config: CheckerConfig, up: boolean, told?: string): string {
  if (told !== undefined) return `=> ${told} <=`;
  const outcome = up ? 'succeed' : 'failed';
  switch (config.kind) {
    case 'tcp':
      return `=> TCP CHECK ${outcome} on service <=`;
    case 'udp':
      return `=> UDP CHECK ${outcome} on service <=`;
    case 'ping':
      return `=> ICMP CHECK ${outcome} on service <=`;
    case 'dns':
      return `=> DNS_CHECK: ${outcome} on service <=`;
    case 'misc':
      return `=> MISC CHECK ${up ? 'succeeded' : 'failed'} on service <=`;
    case 'http':
      return up ? '=> CHECK succeed on service <=' : '=> CHECK failed on service : HTTP request failed <=';
    default:
      return `=> CHECK ${outcome} on service <=`;
  }
}
