/** What happens in one chapter of chaos: a pure function of its seed. */
import { randomFrom } from '../simulation/random.js';

export const SERVICES = ['vrrpd', 'notifierd', 'healthcheckerd', 'ipvsd', 'keepwatchd'] as const;
export type Victim = (typeof SERVICES)[number];

/** Something that happens to one of the two routers of ours (0 or 1), or to the network. */
export type Act =
  | { readonly kind: 'kill'; readonly router: number; readonly victim: Victim }
  | { readonly kind: 'stop'; readonly router: number; readonly victim: Victim; readonly forMs: number }
  | { readonly kind: 'reload'; readonly router: number; readonly variant: number }
  | { readonly kind: 'faulty-reload'; readonly router: number }
  | { readonly kind: 'upgrade'; readonly router: number }
  | { readonly kind: 'order'; readonly router: number; readonly argv: readonly string[] }
  | { readonly kind: 'address-removed'; readonly router: number }
  | { readonly kind: 'link'; readonly router: number; readonly forMs: number }
  | { readonly kind: 'partition'; readonly forMs: number }
  | { readonly kind: 'script'; readonly router: number; readonly forMs: number };

/** Every kind of act. */
export const KINDS: readonly Act['kind'][] = [
  'kill',
  'stop',
  'reload',
  'faulty-reload',
  'upgrade',
  'order',
  'address-removed',
  'link',
  'partition',
  'script',
];

/** An act and its moment, milliseconds after the chapter began. */
export type PlannedAct = Act & { readonly at: number };

/** Mean time between two acts. */
const PACE_MS = 800;

/** The acts of a chapter, in order. */
export function planChapter(seed: number, lengthMs: number): PlannedAct[] {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => {
    const one = list[Math.floor(random() * list.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  };
  const between = (least: number, most: number): number => Math.round(least + random() * (most - least));
  const acts: PlannedAct[] = [];
  let upgraded = false;
  for (let at = between(0, PACE_MS); at < lengthMs; at += between(PACE_MS / 4, PACE_MS * 1.75)) {
    const router = between(0, 1);
    const makers: readonly (readonly [number, () => Act])[] = [
      [6, () => ({ kind: 'kill', router, victim: pick(SERVICES) })],
      [4, () => ({ kind: 'stop', router, victim: pick(SERVICES), forMs: between(200, 5_000) })],
      [3, () => ({ kind: 'reload', router, variant: between(0, 3) })],
      [2, () => ({ kind: 'faulty-reload', router })],
      [upgraded ? 0 : 1, () => ({ kind: 'upgrade', router })],
      [2, () => ({ kind: 'order', router, argv: order(pick, between) })],
      [2, () => ({ kind: 'address-removed', router })],
      [2, () => ({ kind: 'link', router, forMs: between(100, 4_000) })],
      [1, () => ({ kind: 'partition', forMs: between(500, 5_000) })],
      [2, () => ({ kind: 'script', router, forMs: between(200, 3_000) })],
    ];
    const act = weighted(makers, random());
    upgraded ||= act.kind === 'upgrade';
    acts.push({ at, ...act });
  }
  return acts;
}

function order(pick: <T>(list: readonly T[]) => T, between: (least: number, most: number) => number): string[] {
  const name = pick(['VI_1', 'VI_2']);
  const ttl = ['--ttl', `${between(1, 4)}s`];
  return pick([
    ['maintenance', 'on', name, ...ttl],
    ['priority', 'set', name, String(between(1, 254)), ...ttl],
    ['maintenance', 'off'],
    ['priority', 'reset', name],
  ]);
}

function weighted(makers: readonly (readonly [number, () => Act])[], chance: number): Act {
  let left = chance * makers.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, make] of makers) {
    left -= weight;
    if (left < 0) return make();
  }
  throw new Error('a chance of one or more');
}

/** An act in words. */
export function actText({ at, kind, ...more }: PlannedAct): string {
  const details = Object.values(more).map((value) => (Array.isArray(value) ? value.join(' ') : String(value)));
  return `${(at / 1000).toFixed(1).padStart(6)} s  ${kind} ${details.join(' ')}`;
}
