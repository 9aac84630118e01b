import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import type { Forwarding, TunnelConfig } from '../model.js';

const CHECKSUMS = ['nocsum', 'csum', 'remcsum'] as const;
type Checksum = (typeof CHECKSUMS)[number];

/**
 * Reads `lvs_method NAT|DR|TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]`; undefined when it is wrong,
 * which is reported.
 */
export function readForwarding(words: readonly Word[], report: Reporter): Forwarding | undefined {
  const [keyword, method, ...options] = words;
  if (keyword === undefined || method === undefined) return undefined;
  if (method.text === 'TUN') {
    const tunnel = readTunnel(method, options, report);
    return tunnel === undefined ? undefined : { method: 'tunnel', tunnel };
  }
  if (method.text !== 'NAT' && method.text !== 'DR') {
    const upper = method.text.toUpperCase();
    const hint = ['NAT', 'DR', 'TUN'].includes(upper) ? `did you mean '${upper}'?` : undefined;
    report.error(method, 'bad-value', `'${keyword.text}' is one of NAT, DR, TUN, not '${method.text}'`, hint);
    return undefined;
  }
  const [extra] = options;
  if (extra !== undefined) report.warning(extra, 'extra-words', `'${extra.text}' after '${method.text}' is ignored`);
  return method.text === 'NAT' ? { method: 'masq' } : { method: 'droute' };
}

interface TunnelDraft {
  type: 'ipip' | 'gue' | 'gre';
  port?: number;
  checksum?: Checksum;
}

function readTunnel(method: Word, options: readonly Word[], report: Reporter): TunnelConfig | undefined {
  const draft: TunnelDraft = { type: 'ipip' };
  for (let index = 0; index < options.length; index++) {
    const option = options[index];
    if (option === undefined) break;
    const checksum = CHECKSUMS.find((name) => name === option.text);
    if (checksum !== undefined) {
      draft.checksum = checksum;
    } else if (option.text === 'type' || option.text === 'port') {
      if (!readTunnelValue(option, options[++index], draft, report)) return undefined;
    } else {
      report.error(option, 'unknown-option', `unknown option '${option.text}' of TUN`);
      return undefined;
    }
  }
  return buildTunnel(method, draft, report);
}

function readTunnelValue(option: Word, value: Word | undefined, draft: TunnelDraft, report: Reporter): boolean {
  if (value === undefined) {
    report.error(option, 'missing-argument', `'${option.text}' of TUN needs a value`);
    return false;
  }
  if (option.text === 'port') {
    draft.port = Number(value.text);
    if (/^[0-9]{1,5}$/.test(value.text) && draft.port >= 1 && draft.port <= 65535) return true;
    report.error(value, 'out-of-range', `'port' of TUN must be 1..65535, not '${value.text}'`);
    return false;
  }
  if (value.text !== 'ipip' && value.text !== 'gue' && value.text !== 'gre') {
    report.error(value, 'bad-value', `'type' of TUN is one of ipip, gue, gre, not '${value.text}'`);
    return false;
  }
  draft.type = value.text;
  return true;
}

function buildTunnel(method: Word, draft: TunnelDraft, report: Reporter): TunnelConfig | undefined {
  const { type, port, checksum = 'nocsum' } = draft;
  if (type === 'gue') {
    if (port !== undefined) return { type, port, checksum };
    report.error(method, 'missing-argument', 'a gue tunnel needs a port', 'TUN type gue port <1..65535>');
    return undefined;
  }
  if (port !== undefined) {
    report.error(method, 'bad-value', `a tunnel of type ${type} has no port`);
    return undefined;
  }
  if (type === 'ipip') {
    if (draft.checksum === undefined) return { type };
    report.error(method, 'bad-value', 'a tunnel of type ipip has no checksum option');
    return undefined;
  }
  if (checksum === 'remcsum') {
    report.error(method, 'bad-value', 'a tunnel of type gre has no remcsum');
    return undefined;
  }
  return { type, checksum };
}
