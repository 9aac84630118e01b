/** What must hold whatever happens: pure judgements over what was observed. Each gives what is wrong, in words. */
import type { Advert } from '../topology/lib/frames.js';

/** A time, milliseconds since 1970, in which something is not held against the routers. */
export interface Excuse {
  readonly from: number;
  readonly to: number;
}

/** Who had what at a moment. */
export interface Sample {
  readonly at: number;
  /** Virtual address → routers that have it in their kernel. */
  readonly holders: ReadonlyMap<string, readonly string[]>;
  /** `router instance` → the state its suite tells; a suite that does not answer is not in here. */
  readonly states: ReadonlyMap<string, string>;
}

/** An instance of the test and its address. */
export interface Watched {
  readonly name: string;
  readonly vrid: number;
  readonly address: string;
}

/** Advertisements of two masters in turn, so many times within so long: they hear each other and do not yield. */
const DUEL_SWITCHES = 5;
const DUEL_MS = 5_000;

const overlaps = (excuses: readonly Excuse[], from: number, to: number): boolean =>
  excuses.some((excuse) => excuse.from <= to && excuse.to >= from);

/** Two routers that go on advertising one virtual router although nothing keeps them from hearing each other. */
export function duels(adverts: readonly Advert[], vrid: number, excuses: readonly Excuse[]): string[] {
  const masters = adverts.filter((advert) => advert.vrid === vrid && advert.priority > 0);
  const switches = masters.filter((advert, index) => index > 0 && masters[index - 1]?.source !== advert.source);
  return switches.flatMap((last, index) => {
    const first = switches[index - DUEL_SWITCHES + 1];
    if (first === undefined || last.at - first.at > DUEL_MS || overlaps(excuses, first.at, last.at)) return [];
    const sources = new Set(switches.slice(index - DUEL_SWITCHES + 1, index + 1).map(({ source }) => source));
    // With three or more it is an election among those who come and go.
    if (sources.size !== 2) return [];
    return [`two masters of VRID ${vrid}: ${[...sources].join(' and ')} took turns from ${first.at} to ${last.at}`];
  });
}

/** An address on two machines for longer than it takes to replace a process that hangs. */
export function heldTwice(
  samples: readonly Sample[],
  address: string,
  limitMs: number,
  excuses: readonly Excuse[],
): string[] {
  return spans(samples, ({ holders }) => (holders.get(address)?.length ?? 0) > 1).flatMap(({ from, to, first }) => {
    const begun = Math.max(
      from,
      ...excuses.filter((excuse) => excuse.from <= to && excuse.to >= from).map((excuse) => excuse.to),
    );
    if (to - begun <= limitMs) return [];
    return [`${address} was on ${first.holders.get(address)?.join(' and ')} for ${Math.round(to - begun)} ms`];
  });
}

/** A status that says MASTER without the address, or BACKUP or FAULT with it, for longer than a change takes. */
export function lies(
  samples: readonly Sample[],
  router: string,
  { name, address }: Watched,
  limitMs: number,
): string[] {
  const key = `${router} ${name}`;
  const contradicts = ({ holders, states }: Sample): boolean => {
    const state = states.get(key);
    const holds = holders.get(address)?.includes(router) ?? false;
    return state === 'MASTER' ? !holds : (state === 'BACKUP' || state === 'FAULT') && holds;
  };
  return spans(samples, contradicts).flatMap(({ from, to, first }) => {
    if (to - from <= limitMs) return [];
    const state = first.states.get(key);
    return [
      `${router} said ${state} of ${name} for ${Math.round(to - from)} ms ${state === 'MASTER' ? 'without' : 'with'} ${address}`,
    ];
  });
}

/** Words in a log that no kill explains. */
export function faults(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => /\b(?:TypeError|ReferenceError|RangeError|unhandled|uncaught|SIGSEGV|SIGABRT)\b/i.test(line));
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly first: Sample;
}

/** Times during which something held in every sample. */
function spans(samples: readonly Sample[], holds: (sample: Sample) => boolean): Span[] {
  const found: Span[] = [];
  let first: Sample | undefined;
  let last: Sample | undefined;
  for (const sample of samples) {
    if (holds(sample)) {
      first ??= sample;
      last = sample;
    } else if (first !== undefined && last !== undefined) {
      found.push({ from: first.at, to: last.at, first });
      first = undefined;
    }
  }
  if (first !== undefined && last !== undefined) found.push({ from: first.at, to: last.at, first });
  return found;
}
