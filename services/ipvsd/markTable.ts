/** Keeps the nftables table that marks packets of virtual server groups (`nftables_ipvs`). Every change is one transaction. */
import { type BootText, type Firewall, FirewallError } from '../shared/kernel/linkPorts.js';
import type { Logger } from '../shared/log/logger.js';
import type { IpvsVirtualService } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { MarkTableConfig } from './config/model.js';
import { markElements, removal, ruleset } from './markRules.js';

/** How often it is looked whether the table still is as it was made. */
const AUDIT_MS = 10_000;

export interface MarkTableOptions {
  readonly firewall: Firewall;
  /** Holds the name of the table that is ours. */
  readonly record: BootText;
  readonly logger: Logger;
  /** {@link MarkTable.problem} changed by itself. */
  readonly onChange: () => void;
  readonly auditMs?: number;
}

export class MarkTable {
  readonly #options: MarkTableOptions;
  #config: MarkTableConfig | undefined;
  /** Absent until the first table: what an earlier run left is not to be judged before. */
  #services: Iterable<IpvsVirtualService> | undefined;
  /** Name of the table that is ours. */
  #ours: string | undefined;
  /** What was put there last. */
  #put: string | undefined;
  /** How nft lists that. */
  #listing: string | undefined;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MarkTableOptions) {
    this.#options = options;
    this.#ours = options.record.load() || undefined;
  }

  /** What does not work, in words. */
  get problem(): string | undefined {
    return this.#problem;
  }

  configure(config: MarkTableConfig | undefined): void {
    this.#config = config;
    this.#keep();
  }

  /** What the whole IPVS table shall hold. */
  apply(services: Iterable<IpvsVirtualService>): void {
    this.#services = services;
    this.#keep();
  }

  /** Ends; the table goes, or stays for a successor. */
  stop(keepKernelState: boolean): void {
    clearTimeout(this.#timer);
    if (!keepKernelState) this.#remove();
    this.#options.firewall.close();
  }

  #keep(): void {
    clearTimeout(this.#timer);
    this.#problem = undefined;
    const config = this.#config;
    if (this.#ours !== undefined && this.#ours !== config?.table) this.#remove();
    if (config !== undefined && this.#services === undefined) return;
    const elements = config === undefined ? undefined : markElements(this.#services ?? []);
    if (config === undefined || elements === undefined) {
      this.#remove();
      return;
    }
    const rules = ruleset(config, elements);
    if (rules !== this.#put) this.#write(config.table, rules);
    this.#timer = setTimeout(() => this.#audit(config.table, rules), this.#options.auditMs ?? AUDIT_MS).unref();
  }

  /** Somebody may have flushed or changed it. */
  #audit(table: string, rules: string): void {
    const before = this.#problem;
    const found = this.#list(table);
    if (this.#put !== undefined && (found === undefined || found !== this.#listing)) {
      const what = found === undefined ? 'is gone' : 'was changed';
      this.#options.logger.warn(`nftables table ${table} ${what}: it is put back (nftables_ipvs)`);
      this.#put = undefined;
    }
    if (rules !== this.#put) this.#write(table, rules);
    if (this.#problem !== before) this.#options.onChange();
    this.#timer = setTimeout(() => this.#audit(table, rules), this.#options.auditMs ?? AUDIT_MS).unref();
  }

  #write(table: string, rules: string): void {
    const { firewall, record } = this.#options;
    if (this.#ours !== table && !isOwnName(table) && this.#list(table) !== undefined) {
      const text = `there is an nftables table '${table}' already, and it is not ours`;
      this.#fail(`${text}: give another name after nftables_ipvs, or remove it with 'nft delete table inet ${table}'`);
      return;
    }
    try {
      // Before it is done: whoever dies in between has it removed.
      record.save(table);
      this.#ours = table;
      firewall.run(rules);
      this.#put = rules;
      this.#listing = this.#list(table);
      this.#problem = undefined;
    } catch (error) {
      this.#put = undefined;
      this.#fail(advice(error));
    }
  }

  #list(table: string): string | undefined {
    try {
      return this.#options.firewall.list(`list table inet ${table}`);
    } catch {
      // Not there, or no nftables at all: what is done next says which.
      return undefined;
    }
  }

  #remove(): void {
    const { firewall, record, logger } = this.#options;
    this.#put = undefined;
    if (this.#ours === undefined) return;
    try {
      firewall.run(removal(this.#ours));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn(`nftables table ${this.#ours} stays behind: ${reason}`);
    }
    this.#ours = undefined;
    record.save('');
  }

  #fail(why: string): void {
    const problem = `packets of virtual server groups are not marked, so they are not balanced: ${why}`;
    if (problem !== this.#problem) this.#options.logger.error(problem);
    this.#problem = problem;
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
