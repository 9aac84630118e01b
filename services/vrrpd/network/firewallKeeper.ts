import { crc32 } from '../../shared/kernel/crc32.js';
import { type Firewall, FirewallError } from '../../shared/kernel/linkPorts.js';
import type { Logger } from '../../shared/log/logger.js';
import { type FirewallNeeds, removal, ruleset } from './firewallRules.js';
import type { MachineRecord } from './machineRecord.js';

/** Keeps the packet filter as the configuration wants it. Every change is one transaction; what is the same is not touched. */
export class FirewallKeeper {
  readonly #firewall: Firewall;
  readonly #record: MachineRecord;
  readonly #logger: Logger;
  #problem: string | undefined;
  /** Reports cannot be sent on by the base: the kernel lacks nft's `dup`. */
  #noDuplicates = false;

  constructor(firewall: Firewall, record: MachineRecord, logger: Logger) {
    this.#firewall = firewall;
    this.#record = record;
    this.#logger = logger;
  }

  /** What does not work, in words. */
  impairments(): string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  /** Makes the tables what `needs` says; undefined: there are none. `verify`: looks whether they are still there. */
  keep(needs: FirewallNeeds | undefined, verify: boolean): void {
    this.#problem = undefined;
    const before = this.#record.firewall;
    if (before !== undefined && before.table !== needs?.options.table) this.#remove(before.table);
    if (needs === undefined) return;
    const { table } = needs.options;
    const digest = digestOf(ruleset(needs, true));
    const ours = this.#record.firewall !== undefined;
    if (ours && this.#record.firewall?.digest === digest && (!verify || this.#exists(table))) return;
    if (!ours && !isOwnName(table) && this.#exists(table)) {
      const text = `there is an nftables table '${table}' already, and it is not ours`;
      this.#fail(needs, `${text}: give another name after nftables, or remove it with 'nft delete table ip ${table}'`);
      return;
    }
    this.#put(needs, digest);
  }

  /** Removes the tables. */
  remove(): void {
    const { firewall } = this.#record;
    if (firewall !== undefined) this.#remove(firewall.table);
  }

  #put(needs: FirewallNeeds, digest: string): void {
    const { table } = needs.options;
    // Before it is done: whoever dies in between has it removed.
    this.#record.noteFirewall({ table, digest: '' });
    this.#record.save();
    try {
      this.#run(needs);
      this.#record.noteFirewall({ table, digest });
    } catch (error) {
      this.#fail(needs, advice(error));
    }
    this.#record.save();
  }

  #run(needs: FirewallNeeds): void {
    try {
      this.#firewall.run(ruleset(needs, !this.#noDuplicates));
    } catch (error) {
      const copies = needs.links.some(({ base }) => base !== undefined);
      if (this.#noDuplicates || !copies || !(error instanceof FirewallError) || error.reason !== 'refused') throw error;
      this.#firewall.run(ruleset(needs, false));
      this.#noDuplicates = true;
      this.#logger.warn(
        `the kernel cannot duplicate packets (${error.message}), so reports about multicast groups of virtual MACs are ` +
          'dropped: a switch with IGMP or MLD snooping may not know them. Load the modules nft_dup_ipv4 and nft_dup_ipv6',
      );
    }
  }

  #exists(table: string): boolean {
    try {
      this.#firewall.run(`list table ip ${table}`);
      return true;
    } catch {
      // Not there, or no nftables at all: what is done next says which.
      return false;
    }
  }

  #remove(table: string): void {
    try {
      this.#firewall.run(removal(table));
    } catch (error) {
      this.#logger.warn(
        `nftables table ${table} stays behind: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    this.#record.noteFirewall(undefined);
    this.#record.save();
  }

  #fail(needs: FirewallNeeds, why: string): void {
    const lost = [
      ...(needs.closed.length > 0 ? ['packets to virtual addresses are accepted in spite of no_accept'] : []),
      ...(needs.links.length > 0 ? ['IGMP and MLD leave with virtual MACs'] : []),
    ];
    this.#problem = `no packet filter, so ${lost.join(' and ')}: ${why}`;
    this.#logger.error(this.#problem);
  }
}

/** The default name, and what is made from it, nobody else would choose. */
const isOwnName = (table: string): boolean => table.startsWith('keepwatch');

function advice(error: unknown): string {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof FirewallError && error.reason === 'missing') {
    return `${detail}. Install the package that has libnftables (Debian: libnftables1)`;
  }
  return detail;
}

const digestOf = (text: string): string => crc32(Buffer.from(text)).toString(16);
