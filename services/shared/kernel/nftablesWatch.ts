import type { FirewallWatch } from './linkPorts.js';
import { NetlinkMonitor } from './netlinkMonitor.js';
import { decodeNftablesNote, NETLINK_NETFILTER, NFNLGRP_NFTABLES, type NftablesNote } from './nftablesCodec.js';

/**
 * Tells changes that other programs make to a table from our own. The kernel queues what a transaction changed before the
 * call that made it returns, so our own stand last in the socket then.
 */
export class NftablesWatch implements FirewallWatch {
  readonly #table: string;
  readonly #changed: (by: string) => void;
  readonly #closed: () => void;
  readonly #monitor: NetlinkMonitor;
  /** The transaction whose notes arrive has changed the table. */
  #touched = false;

  /** `changed` gets the name of the program, empty where it is not known. Throws KernelError. */
  constructor(table: string, changed: (by: string) => void, closed: () => void) {
    this.#table = table;
    this.#changed = changed;
    this.#closed = closed;
    const groups = [NFNLGRP_NFTABLES];
    this.#monitor = new NetlinkMonitor(
      'monitor of nftables',
      groups,
      {
        message: (message) => {
          const by = this.#ended(decodeNftablesNote(message));
          if (by !== undefined) changed(by);
        },
        overrun: () => changed(''),
        failed: () => changed(''),
      },
      NETLINK_NETFILTER,
    );
  }

  /** We have just changed the table in one transaction: what waits is ours, unless there is more than one. */
  ownTransaction(): void {
    const others: string[] = [];
    const whole = this.#monitor.drain((message) => {
      const by = this.#ended(decodeNftablesNote(message));
      if (by !== undefined) others.push(by);
    });
    others.pop();
    const [first] = others;
    if (first !== undefined || !whole) this.#changed(first ?? '');
  }

  close(): void {
    this.#monitor.close();
    this.#closed();
  }

  /** Who ended a transaction that touched the table. */
  #ended(note: NftablesNote | undefined): string | undefined {
    if (note?.kind === 'change') {
      this.#touched ||= note.table === this.#table;
      return undefined;
    }
    if (note === undefined || !this.#touched) return undefined;
    this.#touched = false;
    return note.by;
  }
}
