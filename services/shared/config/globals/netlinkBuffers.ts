/** `global_defs`: receive buffers of netlink sockets, which have to be set in keepalived only. */
import { flag, integer } from '../argument.js';
import { type KeywordSpec, keyword } from '../keyword.js';

const BYTES = [integer('bytes', { min: 1, max: 2 ** 31 - 1 })] as const;

/** The keywords of one daemon of keepalived. */
export const netlinkBufferKeywords = (prefix: 'vrrp' | 'lvs'): readonly KeywordSpec[] =>
  ['cmd', 'monitor'].flatMap((socket) => [
    keyword(
      `${prefix}_netlink_${socket}_rcv_bufs`,
      BYTES,
      'Accepted: every netlink socket has 4 MiB from the start, and what overflows even that is read anew.',
    ),
    keyword(
      `${prefix}_netlink_${socket}_rcv_bufs_force`,
      [flag()],
      'Accepted: rmem_max is exceeded wherever it may be.',
    ),
  ]);
