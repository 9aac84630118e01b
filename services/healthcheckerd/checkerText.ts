/** How checks are called in causes, mails and logs. Pure. */
import { formatIpAddress } from '../shared/net/address.js';
import type { CheckerConfig, CheckerEndpoint } from './config/model.js';

/** `TCP_CHECK`, … as in the configuration. */
export const checkerKeyword = (config: CheckerConfig): string => (config.kind === 'tcp' ? 'TCP_CHECK' : config.keyword);

/** `10.0.0.2:80`, `[fd00::2]:80`. */
function endpointText({ address, port }: CheckerEndpoint): string {
  const text = formatIpAddress(address);
  return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}

/** Where a checker looks; empty for one that cannot run. */
export const checkerTarget = (config: CheckerConfig): string =>
  config.kind === 'tcp' ? endpointText(config.endpoint) : '';

/** `TCP_CHECK to 10.0.0.2:80`. */
export const checkerText = (config: CheckerConfig): string => `${checkerKeyword(config)} to ${checkerTarget(config)}`;

/** Body of the mail about a verdict, in keepalived's words. */
export function verdictMailBody(config: CheckerConfig, up: boolean): string {
  const kind = config.kind === 'tcp' ? 'TCP CHECK' : 'CHECK';
  return `=> ${kind} ${up ? 'succeed' : 'failed'} on service <=`;
}
