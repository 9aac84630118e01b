/** Keywords of `bfd_instance`, which no service runs yet. */
import { address, choice, decimal, integer, optional, word } from './argument.js';
import { KeywordTable, pending } from './keyword.js';

const INTERVAL = [decimal('milliseconds', { min: 0.001, max: 4294967 })] as const;
const HOPS = [integer('count', { min: 0, max: 255 })] as const;

export const NEIGHBOR_IP = pending('neighbor_ip', [address('address')], 'The other end.', {
  aliases: ['neighbour_ip'],
});
export const SOURCE_IP = pending('source_ip', [address('address')], 'The own end.');

const BFD_TABLE = new KeywordTable('bfd_instance', [
  NEIGHBOR_IP,
  SOURCE_IP,
  pending('min_rx', INTERVAL, 'Shortest interval of packets it takes.', { default: '10' }),
  pending('min_tx', INTERVAL, 'Interval of packets it sends.', { default: '10' }),
  pending('idle_tx', INTERVAL, 'Interval while the session is down.', { default: '1000' }),
  pending('multiplier', [integer('count', { min: 1, max: 255 })], 'Missed packets until it is down.', { default: '5' }),
  pending('passive', [], 'Waits for the other end to begin.'),
  pending('ttl', HOPS, 'TTL of IPv4 packets.', { default: '255' }),
  pending('hoplimit', HOPS, 'Hop limit of IPv6 packets.', { default: '64' }),
  pending('max_hops', HOPS, 'Hops a packet may have taken; 255: any.', { default: '0' }),
  pending(
    'weight',
    [integer('weight', { min: -253, max: 253 }), optional(choice('reverse', ['reverse', 'noreverse', 'no_reverse']))],
    'What it adds to the priority of what tracks it.',
  ),
  pending('vrrp', [], 'Tells VRRP only.'),
  pending('checker', [], 'Tells the checkers only.'),
]);

export const BFD_INSTANCE = pending('bfd_instance', [word('name')], 'A BFD session.', {
  block: { kind: 'keywords', table: BFD_TABLE },
  repeat: 'list',
});
