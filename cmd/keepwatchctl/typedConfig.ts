/** The typed configuration as JSON and as text. Pure. */

import type { BfdConfig } from '../../services/bfdd/config/model.js';
import type { HealthConfig } from '../../services/healthcheckerd/config/model.js';
import type { IpvsConfig } from '../../services/ipvsd/config/model.js';
import type { NotifyConfig } from '../../services/notifierd/config/model.js';
import { HIDDEN, isSecretName } from '../../services/shared/config/secrets.js';
import { formatIpAddress, type IpAddress } from '../../services/shared/net/address.js';
import { formatDuration, type Micros } from '../../services/shared/time/duration.js';
import type { VrrpConfig } from '../../services/vrrpd/config/model.js';
import type { TypedConfig } from '../keepwatchd/interpreters.js';

/** JSON of a typed configuration: addresses as text, durations in microseconds, bytes as text, places as objects. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [name: string]: Plain };

/** Names of the fields that are durations, wherever in the models they stand. */
type DurationField<T> = T extends string | number | boolean | undefined | Uint8Array | IpAddress
  ? never
  : T extends readonly (infer Item)[]
    ? DurationField<Item>
    : { [K in keyof T & string]-?: NonNullable<T[K]> extends Micros ? K : DurationField<NonNullable<T[K]>> }[keyof T &
        string];

/** The compiler demands a line here for each duration that a model gets. */
const DURATIONS: Readonly<
  Record<DurationField<VrrpConfig | BfdConfig | HealthConfig | IpvsConfig | NotifyConfig>, true>
> = {
  advertInterval: true,
  connectTimeout: true,
  delayAfterBoot: true,
  delayBeforeRetry: true,
  delayLoop: true,
  down: true,
  extraInterval: true,
  forkDelay: true,
  garpInterval: true,
  gnaInterval: true,
  idleTx: true,
  interval: true,
  lateness: true,
  lowerPriorityDelay: true,
  masterDelay: true,
  masterRefresh: true,
  minRx: true,
  minTx: true,
  preemptDelay: true,
  realtimeLimit: true,
  startupDelay: true,
  terminateDelay: true,
  timeout: true,
  up: true,
  warmup: true,
};

/** Plain data, passwords hidden unless `secrets`. */
export function plainConfig(config: TypedConfig, secrets: boolean): Plain {
  return plain(config, '', secrets);
}

function plain(value: unknown, name: string, secrets: boolean): Plain {
  if (!secrets && isSecretName(name)) return HIDDEN;
  if (value instanceof Uint8Array) return bytesText(value);
  if (Array.isArray(value)) return value.map((item) => plain(item, '', secrets));
  if (typeof value === 'object' && value !== null) {
    if (isAddress(value)) return formatIpAddress(value);
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return Object.fromEntries(fields.map(([key, field]) => [key, plain(field, key, secrets)]));
  }
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}

const isAddress = (value: object): value is IpAddress =>
  'family' in value && 'bytes' in value && value.bytes instanceof Uint8Array;

/** Text where it is text, `0x…` otherwise. */
function bytesText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  if (!/[\p{Cc}\ufffd]/u.test(text)) return text;
  return `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** The same for people: indented, durations with their units, without places. */
export const typedText = (config: TypedConfig, secrets: boolean): string =>
  Object.entries(plainConfig(config, secrets))
    .flatMap(([service, model]) => [`${service}:`, ...lines(model, '  ')])
    .map((line) => `${line}\n`)
    .join('');

function lines(value: Plain, indent: string): string[] {
  if (typeof value !== 'object') return [`${indent}${value}`];
  if (isList(value)) return value.flatMap((item) => itemLines(item, indent));
  return Object.entries(value)
    .filter(([name]) => name !== 'position')
    .flatMap(([name, field]) => fieldLines(name, field, indent));
}

function fieldLines(name: string, field: Plain, indent: string): string[] {
  if (typeof field !== 'object') return [`${indent}${name}: ${scalar(name, field)}`];
  if (isList(field) && field.length === 0) return [`${indent}${name}: none`];
  if (isList(field) && field.every((item) => typeof item !== 'object')) {
    return [`${indent}${name}: ${field.map((item) => quoted(String(item))).join(' ')}`];
  }
  const inside = lines(field, `${indent}  `);
  return inside.length === 0 ? [`${indent}${name}: none`] : [`${indent}${name}:`, ...inside];
}

/** `- ` before the first line of what it is. */
function itemLines(item: Plain, indent: string): string[] {
  const [first = '', ...rest] = lines(item, `${indent}  `);
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

const isList = (value: object): value is readonly Plain[] => Array.isArray(value);

function scalar(name: string, value: string | number | boolean): string {
  if (typeof value === 'number' && Object.hasOwn(DURATIONS, name)) return formatDuration(value as Micros);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? quoted(value) : String(value);
}

/** Text with blanks or control characters stands in quotes. */
const quoted = (text: string): string => (/^[^\s\p{Cc}"]+$/u.test(text) ? text : JSON.stringify(text));
