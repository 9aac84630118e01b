import type { OptionUse } from '../../../shared/config/lineOptions.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { type RoutingNames, readNumber } from '../../../shared/config/routingNames.js';
import type { IpAddress } from '../../../shared/net/address.js';
import type { EncapConfig } from '../routingModel.js';
import { readNamed } from './routeNumbers.js';

/** What may follow each kind (ip-route(8), ENCAPHDR). */
const OPTIONS: Readonly<Record<EncapConfig['kind'], ReadonlySet<string>>> = {
  mpls: new Set(['ttl']),
  ip: new Set(['id', 'dst', 'src', 'tos', 'ttl', 'flags']),
  ip6: new Set(['id', 'dst', 'src', 'tc', 'tos', 'hoplimit', 'ttl', 'flags']),
  ila: new Set(),
};

/** RFC 3032 2.1. */
const LABEL_MAX = 0xf_ffff;

/** `encap …` while its options are read. */
export class EncapDraft {
  readonly #kind: EncapConfig['kind'];
  readonly #labels: readonly number[];
  readonly #locator: bigint;
  readonly #values: {
    id?: bigint;
    source?: IpAddress;
    destination?: IpAddress;
    tos?: number;
    ttl?: number;
    flags?: number;
  } = {};

  private constructor(kind: EncapConfig['kind'], labels: readonly number[], locator: bigint) {
    this.#kind = kind;
    this.#labels = labels;
    this.#locator = locator;
  }

  /** From `encap TYPE [LABELS]`; undefined when that is wrong, which is reported. */
  static start({ keyword, values: [kind, labels] }: OptionUse, report: Reporter): EncapDraft | undefined {
    const text = labels as string | undefined;
    const fault = (message: string): undefined => {
      report.tolerable(keyword, 'bad-value', message);
      return undefined;
    };
    switch (kind) {
      case 'mpls': {
        const stack = (text ?? '').split('/').map(readNumber);
        if (stack.some((label) => label === undefined || label > LABEL_MAX)) {
          return fault(`'encap mpls' needs labels such as 100/200, not '${text ?? ''}'`);
        }
        return new EncapDraft('mpls', stack as readonly number[], 0n);
      }
      case 'ila': {
        const locator = readLocator(text ?? '');
        return locator === undefined
          ? fault(`'encap ila' needs a locator such as 1:2:3:4, not '${text ?? ''}'`)
          : new EncapDraft('ila', [], locator);
      }
      default:
        if (text !== undefined) return fault(`'encap ${String(kind)}' takes no labels`);
        return new EncapDraft(kind === 'ip6' ? 'ip6' : 'ip', [], 0n);
    }
  }

  /** The option belongs to the encapsulation. */
  takes(option: string): boolean {
    return OPTIONS[this.#kind].has(option);
  }

  take({ spec, keyword, values: [value] }: OptionUse, names: RoutingNames, report: Reporter): void {
    const number = (max: number): number | undefined => {
      const found = typeof value === 'number' ? value : readNumber(String(value));
      if (found !== undefined && found <= max) return found;
      report.tolerable(keyword, 'bad-value', `'${keyword.text}' must be 0..${max}, not '${String(value)}'`);
      return undefined;
    };
    switch (spec.name) {
      case 'id':
        if (/^(?:0x[0-9a-fA-F]{1,16}|[0-9]{1,19})$/.test(String(value))) this.#values.id = BigInt(String(value));
        else report.tolerable(keyword, 'bad-value', `'id' must be a number, not '${String(value)}'`);
        return;
      case 'dst':
      case 'src':
        this.#address(spec.name === 'dst' ? 'destination' : 'source', value as IpAddress, { keyword }, report);
        return;
      case 'flags':
        this.#set('flags', number(0xffff));
        return;
      case 'tos':
        this.#set('tos', readNamed('dsfield', String(value), names, keyword, report));
        return;
      case 'tc':
        this.#set('tos', number(255));
        return;
      default:
        this.#set('ttl', number(255));
    }
  }

  finish(): EncapConfig {
    const kind = this.#kind;
    if (kind === 'ila') return { kind, locator: this.#locator };
    if (kind !== 'mpls') return { kind, ...this.#values };
    const { ttl } = this.#values;
    return { kind, labels: this.#labels, ...(ttl === undefined ? {} : { ttl }) };
  }

  #address(
    name: 'destination' | 'source',
    address: IpAddress,
    { keyword }: Pick<OptionUse, 'keyword'>,
    report: Reporter,
  ): void {
    const family = this.#kind === 'ip6' ? 6 : 4;
    if (address.family === family) this.#values[name] = address;
    else report.tolerable(keyword, 'mixed-families', `'encap ${this.#kind}' needs IPv${family} addresses`);
  }

  #set(name: 'tos' | 'ttl' | 'flags', value: number | undefined): void {
    if (value !== undefined) this.#values[name] = value;
  }
}

/** 64 bits as four groups of hexadecimal digits, or one number. */
function readLocator(text: string): bigint | undefined {
  const groups = text.split(':');
  if (groups.length === 4 && groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) {
    return BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`);
  }
  const number = readNumber(text);
  return number === undefined ? undefined : BigInt(number);
}
