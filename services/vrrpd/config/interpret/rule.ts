import type { KeywordTable } from '../../../shared/config/keyword.js';
import { type OptionUse, readLineOptions } from '../../../shared/config/lineOptions.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { RoutingNames } from '../../../shared/config/routingNames.js';
import type { Statement, Word } from '../../../shared/config/tree.js';
import { reportFamilies } from '../checks/family.js';
import type { NetworkPrefix } from '../keywords/prefix.js';
import type { RuleConfig, RuleNetwork } from '../routingModel.js';
import { hasProblemsSince, RTPROT_KEEPALIVED } from './route.js';
import { readMark, readNamed, readRange, readRealms } from './routeNumbers.js';

/** FR_ACT_* of linux/fib_rules.h. */
const ACTIONS: Readonly<Record<string, number>> = {
  table: 1,
  l3mdev: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};

/** IP protocols that have ports, and a few more, by the names of protocols(5). */
const IP_PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  icmpv6: 58,
  ospf: 89,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
};

/** Preferences that are given out go down from here, for each family by itself. */
export const FIRST_PREFERENCE = 16_384;
const NO_PREFERENCE = -1;
const PORT_MAX = 65_535;

type Draft = { -readonly [Name in keyof RuleConfig]?: RuleConfig[Name] };

/** Gives preferences to rules without one, as keepalived does: in the order of the file, downwards. */
export class Preferences {
  readonly #next = { 4: FIRST_PREFERENCE, 6: FIRST_PREFERENCE };

  take(family: 4 | 6): number {
    return this.#next[family]--;
  }
}

/** Reads one line of `virtual_rules` or `static_rules`; undefined when it is wrong, which is reported. */
export function readRule(
  { words }: Statement,
  options: KeywordTable,
  names: RoutingNames,
  report: Reporter,
): RuleConfig | undefined {
  const [first] = words;
  if (first === undefined) return undefined;
  const count = report.diagnostics.length;
  const reader = new RuleReader(first, names, report);
  for (const use of readLineOptions(words, options, report)) reader.take(use);
  const rule = reader.finish(words.map(({ text }) => text).join(' '));
  return hasProblemsSince(report, count) ? undefined : rule;
}

class RuleReader {
  readonly #first: Word;
  readonly #names: RoutingNames;
  readonly #report: Reporter;
  readonly #draft: Draft = {};
  readonly #families: (4 | 6 | undefined)[] = [];
  #action: Word | undefined;
  #protocol: { readonly value: number; readonly word: Word } | undefined;
  #gotoWord: Word | undefined;

  constructor(first: Word, names: RoutingNames, report: Reporter) {
    this.#first = first;
    this.#names = names;
    this.#report = report;
  }

  take({ spec, keyword, values: [value, second] }: OptionUse): void {
    const text = String(value);
    const draft = this.#draft;
    const report = this.#report;
    switch (spec.name) {
      case 'from':
      case 'to':
        this.#network(spec.name === 'from' ? 'source' : 'destination', value as NetworkPrefix);
        return;
      case 'preference':
        draft.preference = value as number;
        return;
      case 'table':
        this.#act('table', keyword);
        assign(draft, 'table', readNamed('table', text, this.#names, keyword, report));
        return;
      case 'goto':
        this.#act('goto', keyword);
        draft.goto = value as number;
        this.#gotoWord = keyword;
        return;
      case 'l3mdev':
        this.#act('l3mdev', keyword);
        draft.l3mdev = true;
        return;
      case 'type':
        this.#act(text, keyword);
        this.#typeNumber(text, second as number | undefined, keyword);
        return;
      case 'blackhole':
      case 'prohibit':
      case 'unreachable':
      case 'nop':
        this.#act(spec.name, keyword);
        return;
      case 'inet':
      case 'inet6':
        this.#families.push(spec.name === 'inet' ? 4 : 6);
        return;
      case 'not':
        draft.invert = true;
        return;
      case 'iif':
      case 'oif':
        draft[spec.name] = text;
        return;
      case 'tos':
        assign(draft, 'tos', readNamed('dsfield', text, this.#names, keyword, report));
        return;
      case 'fwmark':
        Object.assign(draft, readMark(text, keyword, report));
        return;
      case 'realms':
        assign(draft, 'realms', readRealms(text, this.#names, keyword, report));
        return;
      case 'suppress_prefixlength':
        draft.suppressPrefixLength = value as number;
        return;
      case 'suppress_ifgroup':
        assign(draft, 'suppressGroup', readNamed('group', text, this.#names, keyword, report));
        return;
      case 'tun_id':
        draft.tunnelId = BigInt(value as number);
        return;
      case 'uidrange':
        assign(draft, 'uidRange', readRange(text, 0xffff_fffe, keyword, report));
        return;
      case 'sport':
        assign(draft, 'sourcePorts', readRange(text, PORT_MAX, keyword, report));
        return;
      case 'dport':
        assign(draft, 'destinationPorts', readRange(text, PORT_MAX, keyword, report));
        return;
      case 'ipproto':
        this.#ipProtocol(text, keyword);
        return;
      case 'protocol': {
        const number = readNamed('protocol', text, this.#names, keyword, report);
        if (number !== undefined) this.#protocol = { value: number, word: keyword };
        return;
      }
      case 'no_track':
        draft.noTrack = true;
        return;
      case 'track_group':
        draft.trackGroup = text;
    }
  }

  finish(text: string): RuleConfig | undefined {
    const { source, destination } = this.#draft;
    const families = [...this.#families, source?.address.family, destination?.address.family];
    if (!reportFamilies('a rule', this.#first, families, this.#report)) return undefined;
    if (this.#action === undefined) {
      const message = 'a rule without an action does nothing and is ignored';
      const hint = 'add table, goto, l3mdev, blackhole, prohibit, unreachable or nop';
      this.#report.warning(this.#first, 'ignored', message, hint);
      return undefined;
    }
    this.#checkPreference();
    const noTrack = this.#draft.noTrack === true;
    return {
      ...this.#draft,
      family: families.find((one) => one !== undefined) ?? 4,
      preference: this.#draft.preference ?? NO_PREFERENCE,
      preferenceGiven: this.#draft.preference !== undefined,
      action: this.#draft.action ?? ACTIONS.nop ?? 3,
      table: this.#draft.table ?? 0,
      protocol: this.#protocolNumber(noTrack),
      invert: this.#draft.invert === true,
      tos: this.#draft.tos ?? 0,
      l3mdev: this.#draft.l3mdev === true,
      noTrack,
      text,
      position: this.#report.position(this.#first),
    };
  }

  #act(name: string, keyword: Word): void {
    if (this.#action !== undefined) {
      const message = `a rule has one action; '${keyword.text}' is the second one`;
      this.#report.tolerable(keyword, 'repeated-keyword', message, 'make it two rules');
      return;
    }
    this.#action = keyword;
    const action = ACTIONS[name];
    if (action !== undefined) this.#draft.action = action;
  }

  /** `type goto NUMBER`: the only action of `type` with a number. */
  #typeNumber(type: string, number: number | undefined, keyword: Word): void {
    if (type === 'goto' && number !== undefined) {
      this.#draft.goto = number;
      this.#gotoWord = keyword;
    } else if (type === 'goto' || number !== undefined) {
      const message =
        type === 'goto' ? "'type goto' needs the preference to go on with" : `'type ${type}' has no number`;
      this.#report.tolerable(keyword, 'bad-value', message);
    }
  }

  #network(side: 'source' | 'destination', { address, prefixLength }: NetworkPrefix): void {
    if (address === undefined) return;
    const network: RuleNetwork = { address, prefixLength };
    this.#draft[side] = network;
  }

  #ipProtocol(text: string, keyword: Word): void {
    const name = text.toLowerCase();
    const number = Object.hasOwn(IP_PROTOCOLS, name) ? IP_PROTOCOLS[name] : undefined;
    const value = number ?? (/^[0-9]{1,3}$/.test(text) ? Number(text) : undefined);
    if (value !== undefined && value <= 255) this.#draft.ipProtocol = value;
    else {
      const hint = `write a number 0..255 or one of ${Object.keys(IP_PROTOCOLS).join(', ')}`;
      this.#report.tolerable(keyword, 'bad-value', `'${text}' is no IP protocol`, hint);
    }
  }

  #checkPreference(): void {
    const { preference, goto } = this.#draft;
    if (preference === undefined) {
      if (this.#gotoWord !== undefined) {
        const message = "a rule with 'goto' needs a preference";
        this.#report.tolerable(this.#gotoWord, 'missing-argument', message);
      } else {
        const hint = `without it places are given out downwards from ${FIRST_PREFERENCE}, in the order of the file`;
        this.#report.warning(this.#first, 'no-preference', 'a rule should have a preference', hint);
      }
    } else if (goto !== undefined && goto <= preference) {
      const message = `'goto' ${goto} must be above the preference ${preference}`;
      this.#report.tolerable(this.#gotoWord, 'out-of-range', message);
    }
  }

  #protocolNumber(noTrack: boolean): number {
    const given = this.#protocol;
    if (given === undefined || given.value === RTPROT_KEEPALIVED) return RTPROT_KEEPALIVED;
    if (noTrack) return given.value;
    const message = `a rule that is watched has protocol ${RTPROT_KEEPALIVED} (keepalived); '${given.word.text}' is ignored`;
    this.#report.warning(given.word, 'ignored', message, 'add no_track to keep the protocol');
    return RTPROT_KEEPALIVED;
  }
}

function assign<Name extends keyof Draft>(draft: Draft, name: Name, value: Draft[Name] | undefined): void {
  if (value !== undefined) draft[name] = value;
}

/** The rule with the preference it was given, if it has none of its own. */
export function withPreference(rule: RuleConfig, preferences: Preferences): RuleConfig {
  return rule.preferenceGiven ? rule : { ...rule, preference: preferences.take(rule.family) };
}
