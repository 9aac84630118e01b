/**
 * Keywords of `bfd_instance`. bfdd runs the sessions; vrrpd reads names and weights (`track_bfd`) and healthcheckerd names
 * (`BFD_CHECK`), so the block is everybody's.
 */
import { address, choice, decimal, integer, optional, word } from './argument.js';
import { KeywordTable, keyword } from './keyword.js';
import { type Block, readBlock } from './readBlock.js';
import { Reporter } from './reporter.js';
import { statementsOf } from './topLevel.js';
import type { ConfigTree } from './tree.js';

const INTERVAL = [decimal('milliseconds', { min: 1, max: 4294967 })] as const;
/** RFC 5880 section 6.8.3: at most one packet a second while a session is not up. */
const IDLE_INTERVAL = [decimal('milliseconds', { min: 1000, max: 4294967 })] as const;
const HOPS = [integer('count', { min: 0, max: 255 })] as const;
/** A packet with TTL 0 never leaves the machine. */
const TTL = [integer('count', { min: 1, max: 255 })] as const;

export const NEIGHBOR_IP = keyword('neighbor_ip', [address('address')], 'The other end.', {
  aliases: ['neighbour_ip'],
});
export const SOURCE_IP = keyword('source_ip', [address('address')], 'The own end.', {
  default: 'what the routes say',
});
export const MIN_RX = keyword('min_rx', INTERVAL, 'Shortest interval of packets it takes.', { default: '10' });
export const MIN_TX = keyword('min_tx', INTERVAL, 'Interval of packets it sends.', { default: '10' });
export const IDLE_TX = keyword('idle_tx', IDLE_INTERVAL, 'Interval while the session is not up.', { default: '1000' });
export const MULTIPLIER = keyword(
  'multiplier',
  [integer('count', { min: 1, max: 255 })],
  'Missed packets until the other end takes the session down.',
  { default: '5' },
);
export const PASSIVE = keyword('passive', [], 'Waits for the other end to begin.');
export const BFD_TTL = keyword('ttl', TTL, 'TTL of IPv4 packets.', { default: '255' });
export const BFD_HOPLIMIT = keyword('hoplimit', TTL, 'Hop limit of IPv6 packets.', {
  default: '255; a neighbour may send with 64, the default of keepalived',
});
export const MAX_HOPS = keyword('max_hops', HOPS, 'Hops a packet may have taken; 255: any.', { default: '0' });
export const BFD_WEIGHT = keyword(
  'weight',
  [integer('weight', { min: -253, max: 253 }), optional(choice('reverse', ['reverse', 'noreverse', 'no_reverse']))],
  'What it adds to the priority of what tracks it; 0: FAULT while it is down.',
  { default: '0' },
);
export const ONLY_VRRP = keyword('vrrp', [], 'Tells VRRP only.');
export const ONLY_CHECKER = keyword('checker', [], 'Tells the checkers only.');

const BFD_INSTANCE_TABLE = new KeywordTable('bfd_instance', [
  NEIGHBOR_IP,
  SOURCE_IP,
  MIN_RX,
  MIN_TX,
  IDLE_TX,
  MULTIPLIER,
  PASSIVE,
  BFD_TTL,
  BFD_HOPLIMIT,
  MAX_HOPS,
  BFD_WEIGHT,
  ONLY_VRRP,
  ONLY_CHECKER,
]);

export const BFD_INSTANCE = keyword('bfd_instance', [word('name')], 'A BFD session.', {
  block: { kind: 'keywords', table: BFD_INSTANCE_TABLE },
  repeat: 'list',
});

/** The top-level blocks about BFD. bfdd runs them; vrrpd reads their weights. */
export const BFD_TABLE = new KeywordTable('the BFD configuration', [BFD_INSTANCE]);

/** Who is told of a session: everybody, unless the block names one. */
export function audienceOf(inside: Block): { readonly vrrp: boolean; readonly checkers: boolean } {
  const vrrp = inside.has(ONLY_VRRP);
  const checkers = inside.has(ONLY_CHECKER);
  return { vrrp: vrrp || !checkers, checkers: checkers || !vrrp };
}

/** The weight of a session for who tracks it without one of its own, by name. The first of a name counts. */
export function bfdWeights(
  tree: ConfigTree,
): ReadonlyMap<string, { readonly weight: number; readonly reverse: boolean }> {
  const root = readBlock(statementsOf(tree, 'bfdd'), BFD_TABLE, new Reporter([]));
  return new Map(
    root
      .all(BFD_INSTANCE)
      .toReversed()
      .map(({ block, values: [name] }) => {
        const [weight = 0, direction] = block.last(BFD_WEIGHT)?.values ?? [];
        return [name, { weight, reverse: direction === 'reverse' }] as const;
      }),
  );
}
