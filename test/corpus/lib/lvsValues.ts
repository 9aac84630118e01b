/**
 * Values of virtual servers, real servers and checkers as keepalived's configuration dump writes them, taken from its dump
 * and made from our model, so that the two can be compared line by line. What only says how things are going is left out.
 */

import { checkerKeyword } from '../../../services/healthcheckerd/checkerText.js';
import type { CheckerConfig } from '../../../services/healthcheckerd/config/checkerModel.js';
import type {
  Forwarding,
  HealthConfig,
  RealServerConfig,
  VirtualServerConfig,
} from '../../../services/healthcheckerd/config/model.js';
import { nameVirtualServers, tablePort } from '../../../services/healthcheckerd/names.js';
import type { ScriptCommand } from '../../../services/shared/config/scriptCommand.js';
import { formatIpAddress } from '../../../services/shared/net/address.js';
import type { Values } from './values.js';

/** Names of values that are compared, by what they belong to. */
const COMPARED: Readonly<Record<'virtual' | 'real' | 'checker', ReadonlySet<string>>> = {
  virtual: new Set([
    'Address family',
    'lvs_sched',
    'flag-1',
    'flag-2',
    'flag-3',
    'sh-port',
    'sh-fallback',
    'mh-port',
    'mh-fallback',
    'One packet scheduling',
    'persistence timeout',
    'persistence granularity',
    'persistence engine',
    'protocol',
    'alpha is',
    'omega is',
    'quorum',
    'Using smtp notification',
    'default forwarding method',
    'sorry server',
    'Quorum up notify script',
    'Quorum down notify script',
  ]),
  real: new Set([
    'WEIGHT',
    'forwarding method',
    'connection limit range',
    'Inhibit on failure is',
    'Using smtp notification',
    'RS up notify script',
    'RS down notify script',
  ]),
  checker: new Set([
    'Alpha',
    'Delay loop',
    'Warmup',
    'Retries',
    'Delay before retry',
    'Log all failures',
    'Dest',
    'Timeout',
    'Keepalive method',
    'helo',
    'script',
    'timeout',
    'dynamic',
    'Type',
    'Name',
    'Checked url',
    'digest',
    'Virtual host',
    'Regex',
  ]),
};

/** Reads a dump. */
export function lvsValuesOfDump(text: string): Values {
  const found: Record<string, Record<string, string>> = {};
  let current: Record<string, string> | undefined;
  let kind: keyof typeof COMPARED = 'virtual';
  let virtualName = '';
  let inSorry = false;
  const open = (wanted: keyof typeof COMPARED, subject: string): void => {
    kind = wanted;
    inSorry = false;
    let name = subject;
    for (let number = 2; found[name] !== undefined; number++) name = `${subject} (${number})`;
    current = {};
    found[name] = current;
  };
  for (const line of text.split('\n').map((one) => one.replace(/^\w+ \w+ +\d+ [\d:]+ \d+: /, ''))) {
    const virtual = /^ VS (VIP|GROUP|FWMARK) = (.*)$/.exec(line);
    const real = /^ {3}RIP = (\S+?)(?:, RPORT = (\d+))?, WEIGHT = (\d+)/.exec(line);
    const checker = /^ (\S.*) -> (\S+)$/.exec(line);
    const value = /^ +(\S[^=]*?)(?: = |(?<= is) )(.*)$/.exec(line);
    if (virtual !== null) {
      virtualName = `${virtual[1]} ${(virtual[2] ?? '').replace(/, VPORT = /, ':')}`;
      open('virtual', virtualName);
    } else if (real !== null) {
      open('real', `${virtualName} -> ${real[1]}:${real[2] ?? '0'}`);
      note(current, 'WEIGHT', real[3] ?? '');
    } else if (checker !== null) {
      open('checker', `check ${checker[1]} -> ${checker[2]}`);
    } else if (line.startsWith('------<') || line.startsWith('Activating')) {
      current = undefined;
    } else if (value?.[1] !== undefined && current !== undefined) {
      const name = value[1].replace(/,.*$/, '');
      if (name === 'sorry server') inSorry = true;
      else if (!line.startsWith('     ')) inSorry = false;
      if (COMPARED[kind].has(name) && (!inSorry || name === 'sorry server')) note(current, name, tidy(value[2] ?? ''));
    }
  }
  return found;
}

/** Repeated values, as those of urls, are told together. */
function note(values: Record<string, string> | undefined, name: string, value: string): void {
  if (values !== undefined) values[name] = values[name] === undefined ? value : `${values[name]}; ${value}`;
}

/** keepalived follows the link /bin of a merged /usr and looks up users. */
const tidy = (value: string): string => value.replaceAll("'/usr/bin/", "'/bin/").replace(/, uid:gid [\d:]+$/, '');

/** Writes our model in the same words. */
export function lvsValuesOfModel({ virtualServers }: HealthConfig): Values {
  const entries: [string, Record<string, string>][] = [];
  const used = new Set<string>();
  const add = (subject: string, values: Record<string, string>): void => {
    let name = subject;
    for (let number = 2; used.has(name); number++) name = `${subject} (${number})`;
    used.add(name);
    entries.push([name, values]);
  };
  const kept = virtualServers.filter(({ realServers }) => realServers.length > 0);
  const checks: (readonly [string, Record<string, string>])[] = [];
  for (const { name, config } of nameVirtualServers(kept)) {
    const subject = subjectOf(config, name);
    add(subject, ofVirtual(config));
    for (const server of config.realServers) {
      const port = tablePort(config, server);
      add(`${subject} -> ${formatIpAddress(server.address)}:${port}`, ofReal(server));
      const about = `check ${name} -> [${formatIpAddress(server.address)}]:${protocolOf(config)}:${port}`;
      for (const checker of server.checkers) checks.push([about, ofChecker(checker)]);
    }
  }
  for (const [subject, values] of checks) add(subject, values);
  return Object.fromEntries(entries);
}

const protocolOf = ({ target, protocol }: VirtualServerConfig): string =>
  target.kind === 'fwmark' ? 'none' : protocol;

function subjectOf({ target }: VirtualServerConfig, name: string): string {
  switch (target.kind) {
    case 'address':
      return `VIP ${formatIpAddress(target.address)}:${target.port}`;
    case 'fwmark':
      return `FWMARK ${target.fwmark}`;
    case 'group':
      return `GROUP ${name}`;
  }
}

const onOff = (yes: boolean): string => (yes ? 'ON' : 'OFF');
const enabled = (yes: boolean): string => (yes ? 'enabled' : 'disabled');
const seconds = (micros: number): string => (micros / 1e6).toFixed(6);
const command = ({ argv }: ScriptCommand): string => argv.map((word) => `'${word}'`).join(' ');

function method(forwarding: Forwarding): string {
  if (forwarding.method === 'masq') return 'NAT';
  if (forwarding.method === 'droute') return 'DR';
  const { tunnel } = forwarding;
  const words = [`TUN, type = ${tunnel.type.toUpperCase()}`];
  if (tunnel.type === 'gue') words.push(`port = ${tunnel.port}`);
  if (tunnel.type !== 'ipip')
    words.push(
      tunnel.checksum === 'csum' ? 'checksum' : tunnel.checksum === 'nocsum' ? 'no checksum' : 'remote checksum',
    );
  return words.join(', ');
}

/** IP_VS_SVC_F_ONEPACKET, _SCHED1.. of linux/ip_vs.h. */
const FLAGS = { onePacket: 4, first: 8, second: 16, third: 32 };

function ofVirtual(one: VirtualServerConfig): Record<string, string> {
  const { flags, scheduler, persistence, sorryServer } = one;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const [first, second] =
    scheduler === 'sh' || scheduler === 'mh' ? [`${scheduler}-fallback`, `${scheduler}-port`] : ['flag-1', 'flag-2'];
  return {
    'Address family': one.family === 4 ? 'inet' : 'inet6',
    lvs_sched: scheduler,
    [first]: enabled(has(FLAGS.first)),
    [second]: enabled(has(FLAGS.second)),
    ...(first === 'flag-1' ? { 'flag-3': enabled(has(FLAGS.third)) } : {}),
    'One packet scheduling': enabled(has(FLAGS.onePacket)),
    ...(persistence === undefined ? {} : { 'persistence timeout': String(persistence.timeoutSeconds) }),
    ...granularity(one),
    ...(persistence?.engine === undefined ? {} : { 'persistence engine': persistence.engine }),
    protocol: one.target.kind === 'fwmark' ? 'none' : one.protocol.toUpperCase(),
    'alpha is': onOff(one.alpha),
    'omega is': onOff(one.omega),
    quorum: `${one.quorum}, hysteresis = ${one.hysteresis}`,
    'Using smtp notification': one.smtpAlert ? 'yes' : 'no',
    'default forwarding method': method(one.forwarding),
    ...(sorryServer === undefined
      ? {}
      : {
          'sorry server': `[${formatIpAddress(sorryServer.address)}]:${protocolOf(one)}:${tablePort(one, sorryServer)}`,
        }),
    ...(one.quorumUp === undefined ? {} : { 'Quorum up notify script': command(one.quorumUp) }),
    ...(one.quorumDown === undefined ? {} : { 'Quorum down notify script': command(one.quorumDown) }),
  };
}

/** Written only where it is not each client on its own. */
function granularity({ persistence, family }: VirtualServerConfig): Record<string, string> {
  if (persistence === undefined || persistence.prefixLength === (family === 4 ? 32 : 128)) return {};
  const { prefixLength } = persistence;
  if (family === 6) return { 'persistence granularity': String(prefixLength) };
  const bytes = [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.max(0, Math.min(8, prefixLength - from))));
  return { 'persistence granularity': bytes.join('.') };
}

function ofReal(one: RealServerConfig): Record<string, string> {
  return {
    WEIGHT: String(one.weight),
    'forwarding method': method(one.forwarding),
    'connection limit range': `${one.lowerThreshold} -> ${one.upperThreshold}`,
    'Inhibit on failure is': onOff(one.inhibitOnFailure),
    'Using smtp notification': one.smtpAlert ? 'yes' : 'no',
    ...(one.notifyUp === undefined ? {} : { 'RS up notify script': command(one.notifyUp) }),
    ...(one.notifyDown === undefined ? {} : { 'RS down notify script': command(one.notifyDown) }),
  };
}

const DNS_TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  46: 'RRSIG',
};

function ofChecker(one: CheckerConfig): Record<string, string> {
  if (one.kind === 'bfd') return { 'Keepalive method': checkerKeyword(one), Name: one.name };
  // keepalived tells nothing of the timing of what only watches a file.
  if (one.kind === 'file') return { 'Keepalive method': checkerKeyword(one) };
  const { timing } = one;
  const values: Record<string, string> = {
    Alpha: timing.alpha ? 'yes' : 'no',
    'Delay loop': `${timing.delayLoop} us`,
    Warmup: `${timing.warmup} us`,
    Retries: String(timing.retry),
    ...(timing.retry > 0 ? { 'Delay before retry': `${timing.delayBeforeRetry} us` } : {}),
    'Log all failures': timing.logAllFailures ? 'yes' : 'no',
    'Keepalive method':
      one.kind === 'http' ? `${checkerKeyword(one)}, http protocol ${one.protocol}` : checkerKeyword(one),
  };
  if ('endpoint' in one) {
    const { address, port } = one.endpoint;
    values.Dest = `[${formatIpAddress(address)}]:${port}`;
    values.Timeout = seconds(timing.connectTimeout);
  }
  if (one.kind === 'smtp') values.helo = one.heloName;
  if (one.kind === 'misc') {
    values.script = command(one.script);
    values.timeout = String(one.timeout / 1e6);
    values.dynamic = one.dynamic ? 'YES' : 'NO';
  }
  if (one.kind === 'dns') {
    values.Type = DNS_TYPES[one.type] ?? String(one.type);
    values.Name = one.labels.length === 0 ? '.' : one.labels.join('.');
  }
  if (one.kind === 'http') {
    const joined = (items: readonly (string | undefined)[]): string =>
      items.filter((item) => item !== undefined).join('; ');
    const lists = {
      'Checked url': joined(one.urls.map(({ path }) => path)),
      digest: joined(one.urls.map(({ digest }) => digest)),
      'Virtual host': joined(one.urls.map(({ virtualHost }) => virtualHost)),
      Regex: joined(one.urls.map(({ regex }) => regex && `"${regex.pattern}"`)),
    };
    for (const [name, value] of Object.entries(lists)) if (value !== '') values[name] = value;
  }
  return values;
}
