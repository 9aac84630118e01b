/** Words of routes and rules that are numbers or names of iproute2. */
import type { Reporter } from '../../../shared/config/reporter.js';
import { type RoutingNameKind, type RoutingNames, readNumber } from '../../../shared/config/routingNames.js';
import { closest } from '../../../shared/config/suggest.js';
import type { Word } from '../../../shared/config/tree.js';

const WORDS: Readonly<Record<RoutingNameKind, { readonly what: string; readonly max: number; readonly file: string }>> =
  {
    table: { what: 'routing table', max: 0xffff_ffff, file: 'rt_tables' },
    protocol: { what: 'routing protocol', max: 255, file: 'rt_protos' },
    scope: { what: 'scope', max: 255, file: 'rt_scopes' },
    realm: { what: 'realm', max: 0xffff, file: 'rt_realms' },
    dsfield: { what: 'type of service', max: 255, file: 'rt_dsfield' },
    group: { what: 'interface group', max: 0xffff_ffff, file: 'group' },
  };

/** A number, or a name of /etc/iproute2; undefined when it is neither, which is reported. */
export function readNamed(
  kind: RoutingNameKind,
  text: string,
  names: RoutingNames,
  place: Word,
  report: Reporter,
): number | undefined {
  const { what, max, file } = WORDS[kind];
  const value = names.number(kind, text, max);
  if (value !== undefined) return value;
  const meant = closest(text, names.names(kind));
  const hint =
    meant === undefined ? `write a number 0..${max}, or name it in /etc/iproute2/${file}` : `did you mean '${meant}'?`;
  report.tolerable(place, 'bad-value', `'${text}' is no ${what}`, hint);
  return undefined;
}

/** `DESTINATION` or `SOURCE/DESTINATION`, as one number: source << 16 | destination. */
export function readRealms(text: string, names: RoutingNames, place: Word, report: Reporter): number | undefined {
  const parts = text.split('/');
  const values = parts.map((part) => readNamed('realm', part, names, place, report));
  const [first, second] = values;
  if (parts.length > 2 || first === undefined) return undefined;
  if (parts.length === 1) return first;
  return second === undefined ? undefined : ((first << 16) | second) >>> 0;
}

/** `FIRST-LAST`, or one number for both; undefined when it is wrong, which is reported. */
export function readRange(
  text: string,
  max: number,
  option: Word,
  report: Reporter,
): readonly [number, number] | undefined {
  const [low = '', high = low, ...more] = text.split('-');
  const [first, last] = [readNumber(low), readNumber(high)];
  if (more.length === 0 && first !== undefined && last !== undefined && first <= last && last <= max) {
    return [first, last];
  }
  report.tolerable(option, 'bad-value', `'${option.text}' needs first-last within 0..${max}, not '${text}'`);
  return undefined;
}

/** `MARK` or `MARK/MASK`. */
export function readMark(
  text: string,
  option: Word,
  report: Reporter,
): { readonly mark: number; readonly mask?: number } | undefined {
  const [first = '', second, ...more] = text.split('/');
  const mark = readNumber(first);
  const mask = second === undefined ? undefined : readNumber(second);
  const fits = (value: number | undefined): boolean => value !== undefined && value <= 0xffff_ffff;
  if (more.length === 0 && mark !== undefined && fits(mark) && (second === undefined || fits(mask))) {
    return mask === undefined ? { mark } : { mark, mask };
  }
  report.tolerable(option, 'bad-value', `'${option.text}' needs mark or mark/mask, not '${text}'`);
  return undefined;
}

const TIME = /^([0-9]+(?:\.[0-9]+)?)(s|secs?|ms|msecs?)?$/;

/**
 * A time of ip-route(8): with a unit it is counted in milliseconds times `perMs`, without one it is taken as the kernel
 * counts it.
 */
export function readRouteTime(text: string, perMs: number, option: Word, report: Reporter): number | undefined {
  const found = TIME.exec(text);
  const number = Number(found?.[1]);
  const unit = found?.[2];
  const value = unit === undefined ? number : number * (unit.startsWith('s') ? 1000 : 1) * perMs;
  if (found !== null && value <= 0xffff_ffff && (unit !== undefined || Number.isInteger(number))) {
    return Math.round(value);
  }
  report.tolerable(option, 'bad-value', `'${option.text}' needs a time such as 200ms or 1.5s, not '${text}'`);
  return undefined;
}
