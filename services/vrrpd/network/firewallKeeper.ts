import { crc32 } from '../../shared/kernel/crc32.js';
import { type Firewall, FirewallError, type FirewallWatch } from '../../shared/kernel/linkPorts.js';
import type { Schedule, Scheduled } from '../../shared/kernel/schedule.js';
import type { Logger } from '../../shared/log/logger.js';
import type { Clock } from '../../shared/time/clock.js';
import { elapsed, formatDuration, type Instant, seconds } from '../../shared/time/duration.js';
import { type FirewallNeeds, removal, ruleset } from './firewallRules.js';
import type { MachineRecord } from './machineRecord.js';
import { type RepairPace, repairAt, repaired, UNDISTURBED } from './repairPace.js';

/** A repair that has to wait so long is told: until then packets pass. */
const LONG_WAIT = seconds(1);

export interface FirewallKeeperParts {
  readonly firewall: Firewall;
  readonly record: MachineRecord;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
}

/**
 * Keeps the packet filter as the configuration wants it. Every change is one transaction; what is the same is not touched.
 * What another program changes is put back at once, and ever later while that program goes on.
 */
export class FirewallKeeper implements Scheduled {
  readonly #firewall: Firewall;
  readonly #record: MachineRecord;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #logger: Logger;
  #needs: FirewallNeeds | undefined;
  #watch: { readonly table: string; readonly watch: FirewallWatch } | undefined;
  #pace: RepairPace = UNDISTURBED;
  /** Who changed the tables, until they are put back. */
  #disturber: string | undefined;
  #problem: string | undefined;
  /** Reports cannot be sent on by the base: the kernel lacks nft's `dup`. */
  #noDuplicates = false;

  constructor({ firewall, record, clock, schedule, logger }: FirewallKeeperParts) {
    this.#firewall = firewall;
    this.#record = record;
    this.#clock = clock;
    this.#schedule = schedule;
    this.#logger = logger;
  }

  /** What does not work, in words. */
  impairments(): string[] {
    const fight = this.#fight();
    return [...(this.#problem === undefined ? [] : [this.#problem]), ...(fight === undefined ? [] : [fight])];
  }

  /** Makes the tables what `needs` says; undefined: there are none. `verify`: looks whether they are still there. */
  keep(needs: FirewallNeeds | undefined, verify: boolean): void {
    this.#problem = undefined;
    this.#needs = needs;
    const before = this.#record.firewall;
    if (before !== undefined && before.table !== needs?.options.table) this.#remove(before.table);
    if (needs === undefined) return;
    this.#keep(needs, verify);
    if (this.#problem === undefined) this.#watchOver(needs.options.table);
  }

  #keep(needs: FirewallNeeds, verify: boolean): void {
    const { table } = needs.options;
    const digest = digestOf(ruleset(needs, true));
    const ours = this.#record.firewall !== undefined;
    if (ours && this.#record.firewall?.digest === digest && (!verify || this.#firewall.has(table))) return;
    if (!ours && !isOwnName(table) && this.#firewall.has(table)) {
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

  /** Looks no more whether others change the tables; those stay. */
  close(): void {
    this.#schedule.set(this, undefined);
    this.#watch?.watch.close();
    this.#watch = undefined;
    this.#disturber = undefined;
    this.#firewall.close();
  }

  /** It is time to put the tables back. */
  due(_at: Instant, now: Instant): void {
    const by = this.#disturber;
    const needs = this.#needs;
    if (by === undefined || needs === undefined) return;
    this.#disturber = undefined;
    this.#pace = repaired(this.#pace, now);
    this.#put(needs, digestOf(ruleset(needs, true)));
    if (this.#problem !== undefined) return;
    const row = this.#pace.inARow > 1 ? `, time ${this.#pace.inARow} in a row` : '';
    this.#logger.warn(`nftables table ${needs.options.table} was changed by ${by} and is put back${row}`);
  }

  #watchOver(table: string): void {
    if (this.#watch?.table === table) return;
    this.#watch?.watch.close();
    this.#watch = undefined;
    try {
      this.#watch = { table, watch: this.#firewall.watch(table, (by) => this.#disturbed(by)) };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#logger.warn(
        `nftables cannot be watched (${detail}): a table that is removed is put back at the next reload`,
      );
    }
  }

  #disturbed(by: string): void {
    if (this.#record.firewall === undefined) return;
    this.#disturber = by === '' ? 'another program' : `'${by}'`;
    if (this.#schedule.get(this) !== undefined) return;
    const now = this.#clock.now();
    const at = repairAt(this.#pace, now);
    if (at <= now) {
      this.due(now, now);
      return;
    }
    this.#schedule.set(this, at);
    const fight = this.#fight();
    if (fight !== undefined) this.#logger.error(fight);
  }

  /** Somebody takes the tables away again and again, so that they are away now. */
  #fight(): string | undefined {
    const at = this.#schedule.get(this);
    if (at === undefined || this.#disturber === undefined || this.#needs === undefined) return undefined;
    const wait = elapsed(this.#clock.now(), at);
    if (wait < LONG_WAIT) return undefined;
    return (
      `nftables table ${this.#needs.options.table} is changed by ${this.#disturber} again and again, ` +
      `the next repair is in ${formatDuration(wait)}: have that program leave the table alone`
    );
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

  #remove(table: string): void {
    this.#schedule.set(this, undefined);
    this.#watch?.watch.close();
    this.#watch = undefined;
    this.#disturber = undefined;
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
