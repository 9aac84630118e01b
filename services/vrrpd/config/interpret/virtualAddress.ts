import type { Reporter } from '../../../shared/config/reporter.js';
import type { Statement, Word } from '../../../shared/config/tree.js';
import { formatIpAddress, type IpAddress, parseIpAddress } from '../../../shared/net/address.js';
import type { StaticAddress, VirtualAddress } from '../model.js';

/** RT_SCOPE_* of linux/rtnetlink.h by the names of iproute2. */
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };

/** IFA_F_* of linux/if_addr.h by the options of `ip address add`. */
const FLAGS: Readonly<Record<string, number>> = {
  home: 0x10,
  '-nodad': 0x02,
  nodad: 0x02,
  mngtmpaddr: 0x100,
  noprefixroute: 0x200,
  autojoin: 0x400,
};

/** IFNAMSIZ without the NUL: the kernel's limit for interface names and address labels. */
const NAME_LIMIT = 15;

interface Draft {
  broadcast?: IpAddress | 'auto';
  dev?: string;
  label?: string;
  scope?: number;
  peer?: { readonly address: IpAddress; readonly prefixLength: number };
  flags: number;
  preferredLifetime?: number;
  /** `preferred_lft` was given, be it `forever`. */
  lifetimeGiven: boolean;
  noTrack: boolean;
  trackGroup?: string;
  useVmac?: true;
}

/** An address and a prefix length; the length is that of a host when it is not written. */
interface Prefix {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** An address as read; `trackGroup` only of a static one. */
type ReadAddress = VirtualAddress & { readonly trackGroup?: string };

/** Reads one line of `virtual_ipaddress` or `virtual_ipaddress_excluded`; undefined when it is wrong, which is reported. */
export function readVirtualAddress(statement: Statement, report: Reporter): VirtualAddress | undefined {
  return readAddress(statement, false, report);
}

/** Reads one line of `static_ipaddress`; without `dev` it is on `defaultInterface`. */
export function readStaticAddress(
  statement: Statement,
  defaultInterface: string,
  report: Reporter,
): StaticAddress | undefined {
  const address = readAddress(statement, true, report);
  return address === undefined ? undefined : { ...address, dev: address.dev ?? defaultInterface };
}

function readAddress(statement: Statement, isStatic: boolean, report: Reporter): ReadAddress | undefined {
  const [first, ...options] = statement.words;
  if (first === undefined) return undefined;
  if (statement.block) {
    report.error(first, 'unexpected-block', `'${first.text}' takes no block`);
    return undefined;
  }
  const prefix = readPrefix(first, report);
  if (prefix === undefined) return undefined;
  const draft: Draft = { flags: 0, lifetimeGiven: false, noTrack: false };
  if (!readOptions(options, prefix, draft, isStatic, report)) return undefined;
  const { lifetimeGiven, ...rest } = draft;
  // keepalived.conf(5): IPv6 host addresses are deprecated, so that they do not become source addresses.
  if (!lifetimeGiven && prefix.address.family === 6 && prefix.prefixLength === 128) rest.preferredLifetime = 0;
  return { ...prefix, ...rest, position: report.position(first) };
}

function readPrefix(word: Word, report: Reporter): Prefix | undefined {
  const slash = word.text.indexOf('/');
  const text = slash < 0 ? word.text : word.text.slice(0, slash);
  const address = parseIpAddress(text);
  if (address === undefined) {
    report.error(word, 'bad-address', `'${text}' is not an IP address`);
    return undefined;
  }
  const bits = address.family === 4 ? 32 : 128;
  if (slash < 0) return { address, prefixLength: bits };
  const length = word.text.slice(slash + 1);
  if (/^[0-9]{1,3}$/.test(length) && Number(length) <= bits) return { address, prefixLength: Number(length) };
  report.error(word, 'out-of-range', `the prefix length of '${word.text}' must be 0..${bits}, not '${length}'`);
  return undefined;
}

function readOptions(
  words: readonly Word[],
  prefix: Prefix,
  draft: Draft,
  isStatic: boolean,
  report: Reporter,
): boolean {
  let good = true;
  for (let index = 0; index < words.length; index++) {
    const option = words[index];
    if (option === undefined) break;
    const flag = Object.hasOwn(FLAGS, option.text) ? FLAGS[option.text] : undefined;
    if (flag !== undefined) {
      draft.flags |= flag;
    } else if (option.text === 'no_track' && !isStatic) {
      draft.noTrack = true;
    } else if (option.text === 'use_vmac') {
      draft.useVmac = true;
    } else if (VALUED.has(option.text)) {
      const value = words[++index];
      if (value === undefined) {
        report.error(option, 'missing-argument', `'${option.text}' needs a value`);
        return false;
      }
      if (isStatic && option.text === 'track_group') draft.trackGroup = value.text;
      else good = readValue(option, value, prefix, draft, report) && good;
    } else {
      report.error(option, 'unknown-option', `unknown option '${option.text}' of an address`, optionHint(option));
      return false;
    }
  }
  return good;
}

const VALUED: ReadonlySet<string> = new Set([
  'brd',
  'broadcast',
  'dev',
  'scope',
  'label',
  'peer',
  'preferred_lft',
  'track_group',
]);

function optionHint(option: Word): string | undefined {
  return parseIpAddress(option.text.split('/')[0] ?? '') === undefined ? undefined : 'one address per line';
}

function readValue(option: Word, value: Word, prefix: Prefix, draft: Draft, report: Reporter): boolean {
  switch (option.text) {
    case 'brd':
    case 'broadcast':
      return readBroadcast(value, prefix, draft, report);
    case 'dev':
      draft.dev = value.text;
      return checkName(option, value, report);
    case 'label':
      draft.label = value.text;
      return checkName(option, value, report);
    case 'scope':
      return readScope(value, draft, report);
    case 'peer':
      return readPeer(value, prefix, draft, report);
    case 'preferred_lft':
      return readLifetime(value, draft, report);
    default:
      report.error(option, 'unknown-option', "'track_group' is for static addresses only");
      return false;
  }
}

function checkName(option: Word, value: Word, report: Reporter): boolean {
  if (new TextEncoder().encode(value.text).length <= NAME_LIMIT) return true;
  report.error(
    value,
    'out-of-range',
    `'${option.text}' takes at most ${NAME_LIMIT} characters, '${value.text}' is longer`,
  );
  return false;
}

function readBroadcast(value: Word, prefix: Prefix, draft: Draft, report: Reporter): boolean {
  if (prefix.address.family === 6) {
    report.error(value, 'bad-value', 'an IPv6 address has no broadcast address');
    return false;
  }
  if (value.text === '+' || value.text === '-') {
    // ip-address(8): the host bits are set or reset.
    draft.broadcast = value.text === '+' ? 'auto' : networkOf(prefix);
    return true;
  }
  const address = parseIpAddress(value.text);
  if (address?.family !== 4) {
    report.error(value, 'bad-address', `'brd' needs an IPv4 address, '+' or '-', not '${value.text}'`);
    return false;
  }
  draft.broadcast = address;
  return true;
}

function networkOf({ address, prefixLength }: Prefix): IpAddress {
  const bytes = address.bytes.map(
    (byte, index) => byte & ~(0xff >> Math.min(8, Math.max(0, prefixLength - index * 8))),
  );
  return { family: address.family, bytes };
}

function readScope(value: Word, draft: Draft, report: Reporter): boolean {
  const named = Object.hasOwn(SCOPES, value.text) ? SCOPES[value.text] : undefined;
  const scope = named ?? (/^[0-9]{1,3}$/.test(value.text) ? Number(value.text) : undefined);
  if (scope === undefined || scope > 255) {
    const names = Object.keys(SCOPES).join(', ');
    report.error(value, 'bad-value', `'scope' is one of ${names} or 0..255, not '${value.text}'`);
    return false;
  }
  draft.scope = scope;
  return true;
}

function readPeer(value: Word, prefix: Prefix, draft: Draft, report: Reporter): boolean {
  // The prefix length of a point-to-point address is that of the peer (ip-address(8)); keepalived takes it from the address.
  const peer = value.text.includes('/') ? readPrefix(value, report) : withLength(value, prefix.prefixLength, report);
  if (peer === undefined) return false;
  if (peer.address.family !== prefix.address.family) {
    report.error(value, 'mixed-families', `'peer' must be of the family of ${formatIpAddress(prefix.address)}`);
    return false;
  }
  draft.peer = peer;
  return true;
}

function withLength(value: Word, prefixLength: number, report: Reporter): Prefix | undefined {
  const address = parseIpAddress(value.text);
  if (address === undefined) report.error(value, 'bad-address', `'${value.text}' is not an IP address`);
  return address === undefined ? undefined : { address, prefixLength };
}

function readLifetime(value: Word, draft: Draft, report: Reporter): boolean {
  draft.lifetimeGiven = true;
  if (value.text === 'forever') return true;
  if (/^[0-9]{1,10}$/.test(value.text) && Number(value.text) < 0xffffffff) {
    draft.preferredLifetime = Number(value.text);
    return true;
  }
  report.error(value, 'not-a-number', `'preferred_lft' is seconds or forever, not '${value.text}'`);
  return false;
}
