/**
 * Values as keepalived's configuration dump writes them, taken from its dump and made from our model, so that the two
 * can be compared line by line. What the dump says about the machine (sources, sockets, flags) is left out.
 */

import { formatIpAddress } from '../../../services/shared/net/address.js';
import type {
  InstanceConfig,
  NotifyConfig,
  SyncGroupConfig,
  TrackInterface,
  VirtualAddress,
  VrrpConfig,
} from '../../../services/vrrpd/config/model.js';

/** One instance or group: what it is called, and its values. */
export type Values = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Lines of the dump that say a value: the name in front of ` = `, and how it is called here. */
const COMPARED: ReadonlySet<string> = new Set([
  'VRRP Version',
  'Sync group',
  'Wantstate',
  'Interface',
  'Multicast address',
  'Gratuitous ARP delay',
  'Gratuitous ARP repeat',
  'Gratuitous ARP refresh',
  'Gratuitous ARP refresh repeat',
  'Gratuitous ARP lower priority delay',
  'Gratuitous ARP lower priority repeat',
  'Virtual Router ID',
  'Priority',
  'Advert interval',
  'Preempt',
  'Preempt delay',
  'Authentication type',
  'Password',
  'Using smtp notification',
  'Backup state transition script',
  'Master state transition script',
  'Fault state transition script',
  'Stop state transition script',
  'Generic state transition script',
]);

/** Headings of lists in the dump. */
const LISTS: Readonly<Record<string, string>> = {
  'Virtual IP': 'addresses',
  'Virtual IP Excluded': 'excluded addresses',
  'Tracked interfaces': 'tracked interfaces',
  'VRRP member instances': 'members',
};

/** Reads a dump. */
export function valuesOfDump(text: string): Values {
  const found: Record<string, Record<string, string>> = {};
  let current: Record<string, string> | undefined;
  let list: string | undefined;
  for (const line of text.split('\n').map((one) => one.replace(/^\w+ \w+ +\d+ [\d:]+ \d+: /, ''))) {
    const heading = /^ VRRP (Instance|Sync Group) = ([^,]*)/.exec(line);
    const item = /^ {5}(\S.*)$/.exec(line)?.[1];
    const value = /^ {3}(\S[^=]*?) (?:= )?((?<== ).*|[\d.:a-f]+)(?:, ifindex \d+)?$/.exec(line);
    const start = /^ {3}(\S.*?)(?: \(\d+\))? ?:$/.exec(line)?.[1];
    if (heading !== null) {
      current = {};
      list = undefined;
      found[`${heading[1] === 'Instance' ? 'instance' : 'group'} ${heading[2]}`] = current;
    } else if (line.startsWith('------')) {
      current = undefined;
    } else if (current === undefined) {
    } else if (item !== undefined && list !== undefined) {
      current[list] = current[list] === undefined ? item : `${current[list]}; ${item}`;
    } else if (start !== undefined) {
      list = LISTS[start];
    } else if (value?.[1] !== undefined && COMPARED.has(value[1])) {
      list = undefined;
      current[value[1]] = withoutMachine(value[2] ?? '');
    }
  }
  return found;
}

/** keepalived follows the link /bin of a merged /usr and looks up users. */
const withoutMachine = (value: string): string =>
  value.replace(/^'\/usr\/bin\//, "'/bin/").replace(/, uid:gid [\d:]+$/, '');

/** Writes our model in the same words. */
export function valuesOfModel(model: VrrpConfig): Values {
  const groupOf = new Map(
    model.groups.flatMap(({ name, members }) => members.map((member) => [member, name] as const)),
  );
  return Object.fromEntries([
    ...model.instances.map((one) => [`instance ${one.name}`, ofInstance(one, groupOf.get(one.name))] as const),
    ...model.groups.map((one) => [`group ${one.name}`, ofGroup(one)] as const),
  ]);
}

const inSeconds = (micros: number): string => String(micros / 1e6);

function ofInstance(one: InstanceConfig, group: string | undefined): Readonly<Record<string, string>> {
  const interval = one.version === 2 ? `${inSeconds(one.advertInterval)} sec` : `${one.advertInterval / 1e3} milli-sec`;
  return {
    'VRRP Version': String(one.version),
    ...(group === undefined ? {} : { 'Sync group': group }),
    Wantstate: one.initialState.toUpperCase(),
    Interface: one.interface,
    ...(one.unicast === undefined ? { 'Multicast address': formatIpAddress(one.multicastGroup) } : {}),
    'Gratuitous ARP delay': inSeconds(one.garp.masterDelay),
    'Gratuitous ARP repeat': String(one.garp.masterRepeat),
    'Gratuitous ARP refresh': inSeconds(one.garp.masterRefresh),
    'Gratuitous ARP refresh repeat': String(one.garp.masterRefreshRepeat),
    'Gratuitous ARP lower priority delay': inSeconds(one.garp.lowerPriorityDelay),
    'Gratuitous ARP lower priority repeat': String(one.garp.lowerPriorityRepeat),
    'Virtual Router ID': String(one.vrid),
    Priority: String(one.priority),
    'Advert interval': interval,
    Preempt: one.preempt ? 'enabled' : 'disabled',
    ...(one.preemptDelay === 0 ? {} : { 'Preempt delay': `${inSeconds(one.preemptDelay)} secs` }),
    ...(one.version === 2 ? ofAuthentication(one) : {}),
    ...ofList(
      'addresses',
      one.vips.map((address) => ofAddress(address, one)),
    ),
    ...ofList(
      'excluded addresses',
      one.excludedVips.map((address) => ofAddress(address, one)),
    ),
    ...ofList('tracked interfaces', one.trackInterfaces.map(ofTracked)),
    ...ofNotify(one.notify),
  };
}

function ofGroup(one: SyncGroupConfig): Readonly<Record<string, string>> {
  return {
    ...ofList('members', one.members),
    ...ofList('tracked interfaces', one.trackInterfaces.map(ofTracked)),
    ...ofNotify(one.notify),
  };
}

const ofList = (name: string, items: readonly string[]): Readonly<Record<string, string>> =>
  items.length === 0 ? {} : { [name]: items.join('; ') };

function ofAuthentication({ auth }: InstanceConfig): Readonly<Record<string, string>> {
  if (auth.type === 'none') return { 'Authentication type': 'none' };
  if (auth.type === 'ah') return { 'Authentication type': 'IPSEC_AH' };
  return { 'Authentication type': 'SIMPLE_PASSWORD', Password: new TextDecoder().decode(auth.password) };
}

const ofTracked = ({ interface: name, weight, reverse }: TrackInterface): string =>
  `${name} weight ${weight}${reverse ? ' reverse' : ''}`;

const SCOPES: Readonly<Record<number, string>> = { 0: 'global', 200: 'site', 253: 'link', 254: 'host', 255: 'nowhere' };

/** IFA_F_* of linux/if_addr.h in the order of the dump. */
const FLAGS: readonly (readonly [number, string])[] = [
  [0x10, 'home'],
  [0x02, '-nodad'],
  [0x100, 'mngtmpaddr'],
  [0x200, 'noprefixroute'],
  [0x400, 'autojoin'],
];

function ofAddress(one: VirtualAddress, { interface: own }: InstanceConfig): string {
  const full = one.address.family === 4 ? 32 : 128;
  const words = [`${formatIpAddress(one.address)}${one.prefixLength === full ? '' : `/${one.prefixLength}`}`];
  const broadcast = broadcastOf(one);
  if (broadcast !== undefined) words.push(`brd ${broadcast}`);
  words.push(`dev ${one.dev ?? own}`);
  words.push(`scope ${SCOPES[one.scope ?? 0] ?? one.scope}`);
  if (one.label !== undefined) words.push(`label ${one.label}`);
  if (one.peer !== undefined) words.push(`peer ${formatIpAddress(one.peer.address)}/${one.peer.prefixLength}`);
  words.push(...FLAGS.filter(([flag]) => (one.flags & flag) !== 0).map(([, name]) => name));
  if (one.noTrack) words.push('no_track');
  if (one.preferredLifetime === 0) words.push('deprecated');
  else if (one.address.family === 6) words.push(`preferred_lft ${one.preferredLifetime ?? 'forever'}`);
  return words.join(' ');
}

function broadcastOf({ address, prefixLength, broadcast }: VirtualAddress): string | undefined {
  if (broadcast === undefined) return undefined;
  if (broadcast !== 'auto') return formatIpAddress(broadcast);
  const bytes = address.bytes.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, prefixLength - index * 8))));
  return formatIpAddress({ family: address.family, bytes });
}

function ofNotify(notify: NotifyConfig): Readonly<Record<string, string>> {
  const scripts = {
    'Backup state transition script': notify.backup,
    'Master state transition script': notify.master,
    'Fault state transition script': notify.fault,
    'Stop state transition script': notify.stop,
    'Generic state transition script': notify.any,
  };
  const given = Object.entries(scripts).flatMap(([name, command]) =>
    command === undefined ? [] : [[name, command.argv.map((word) => `'${word}'`).join(' ')] as const],
  );
  return { ...Object.fromEntries(given), 'Using smtp notification': notify.smtpAlert ? 'yes' : 'no' };
}
