/** What a new configuration changes, by name of the session. Pure: `Plan` shows it, `apply` carries it out. */
import { isDeepStrictEqual } from 'node:util';
import { formatIpAddress } from '../shared/net/address.js';
import { formatDuration } from '../shared/time/duration.js';
import type { BfdConfig, BfdInstanceConfig } from './config/model.js';

/** `restart`: other ends make another session. */
export type DiffKind = 'add' | 'remove' | 'update' | 'restart' | 'same';

export interface SessionChange {
  readonly kind: DiffKind;
  readonly name: string;
  readonly after: BfdInstanceConfig | undefined;
  /** In words: `multiplier 3 -> 5`. */
  readonly details: readonly string[];
}

/** Compares by name; what is the same in both appears as `same`. */
export function diffConfigs(before: BfdConfig | undefined, after: BfdConfig): readonly SessionChange[] {
  const old = new Map(before?.instances.map((one) => [one.name, one]));
  const names = new Set(after.instances.map(({ name }) => name));
  const removed = [...old.keys()].filter((name) => !names.has(name));
  return [
    ...removed.map((name) => ({ kind: 'remove' as const, name, after: undefined, details: [] })),
    ...after.instances.map((one) => changeOf(old.get(one.name), one)),
  ];
}

function changeOf(before: BfdInstanceConfig | undefined, after: BfdInstanceConfig): SessionChange {
  const { name } = after;
  if (before === undefined) return { kind: 'add', name, after, details: [] };
  const details = FIELDS.flatMap(({ word, text }) => {
    const [from, to] = [text(before), text(after)];
    return from === to ? [] : `${word} ${from} -> ${to}`;
  });
  const { position: _, ...old } = before;
  const { position: __, ...next } = after;
  if (isDeepStrictEqual(old, next)) return { kind: 'same', name, after, details };
  return { kind: endsOf(before) === endsOf(after) ? 'update' : 'restart', name, after, details };
}

/** Both ends of a session as a word: what makes it this session. */
export const endsOf = ({ neighbor, source }: BfdInstanceConfig): string =>
  `${formatIpAddress(neighbor)} ${source === undefined ? '' : formatIpAddress(source)}`;

const FIELDS: readonly { readonly word: string; readonly text: (config: BfdInstanceConfig) => string }[] = [
  { word: 'neighbor_ip', text: ({ neighbor }) => formatIpAddress(neighbor) },
  { word: 'source_ip', text: ({ source }) => (source === undefined ? 'any' : formatIpAddress(source)) },
  { word: 'min_tx', text: ({ settings }) => formatDuration(settings.minTx) },
  { word: 'min_rx', text: ({ settings }) => formatDuration(settings.minRx) },
  { word: 'idle_tx', text: ({ settings }) => formatDuration(settings.idleTx) },
  { word: 'multiplier', text: ({ settings }) => String(settings.multiplier) },
  { word: 'passive', text: ({ settings }) => (settings.passive ? 'yes' : 'no') },
  { word: 'ttl', text: ({ ttl }) => String(ttl) },
  { word: 'max_hops', text: ({ maxHops }) => String(maxHops) },
  {
    word: 'tells',
    text: ({ tellsVrrp, tellsCheckers }) =>
      [...(tellsVrrp ? ['vrrp'] : []), ...(tellsCheckers ? ['checker'] : [])].join('+'),
  },
];
