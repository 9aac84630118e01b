import type { BootText } from '../../shared/kernel/linkPorts.js';

/** A value that was changed: what stood there before us, and what we put there. */
export interface ChangedSetting {
  readonly original: string;
  readonly ours: string;
}

interface Content {
  readonly settings: readonly (readonly [path: string, change: ChangedSetting])[];
  readonly links: readonly string[];
  readonly firewall?: { readonly table: string; readonly digest: string };
}

/**
 * What vrrpd changed on this machine beside addresses, kept in the run directory: a successor of a killed process puts
 * back values that are not its own and removes interfaces that nobody wants any more.
 */
export class MachineRecord {
  readonly #text: BootText;
  readonly #onError: (error: unknown) => void;
  readonly #settings: Map<string, ChangedSetting>;
  readonly #links: Set<string>;
  #firewall: Content['firewall'];
  #dirty = false;

  /** `onError` gets a record that cannot be read or written; work goes on without. */
  constructor(text: BootText, onError: (error: unknown) => void) {
    this.#text = text;
    this.#onError = onError;
    const before = this.#load();
    this.#settings = new Map(before?.settings);
    this.#links = new Set(before?.links);
    this.#firewall = before?.firewall;
  }

  /** Changed settings, in the order they were changed. */
  get settings(): ReadonlyMap<string, ChangedSetting> {
    return this.#settings;
  }

  /** Names of interfaces that we made. */
  get links(): ReadonlySet<string> {
    return this.#links;
  }

  /** The table that is ours, and what it holds. */
  get firewall(): Content['firewall'] {
    return this.#firewall;
  }

  noteSetting(path: string, change: ChangedSetting): void {
    this.#settings.set(path, change);
    this.#dirty = true;
  }

  forgetSetting(path: string): void {
    this.#dirty = this.#settings.delete(path) || this.#dirty;
  }

  noteLink(name: string): void {
    if (this.#links.has(name)) return;
    this.#links.add(name);
    this.#dirty = true;
  }

  forgetLink(name: string): void {
    this.#dirty = this.#links.delete(name) || this.#dirty;
  }

  noteFirewall(firewall: Content['firewall']): void {
    this.#firewall = firewall;
    this.#dirty = true;
  }

  /** Writes what changed. Never throws. */
  save(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const content: Content = {
      settings: [...this.#settings],
      links: [...this.#links],
      ...(this.#firewall === undefined ? {} : { firewall: this.#firewall }),
    };
    try {
      this.#text.save(JSON.stringify(content));
    } catch (error) {
      this.#onError(error);
    }
  }

  #load(): Content | undefined {
    try {
      const text = this.#text.load();
      if (text === undefined) return undefined;
      const content: unknown = JSON.parse(text);
      return isContent(content) ? content : undefined;
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }
}

function isContent(value: unknown): value is Content {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Partial<Record<keyof Content, unknown>> = value;
  return (
    Array.isArray(fields.settings) &&
    fields.settings.every(
      (entry: unknown) => Array.isArray(entry) && typeof entry[0] === 'string' && isChange(entry[1]),
    ) &&
    Array.isArray(fields.links) &&
    fields.links.every((name) => typeof name === 'string') &&
    (fields.firewall === undefined || isFirewall(fields.firewall))
  );
}

const isChange = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'original' in value &&
  typeof value.original === 'string' &&
  'ours' in value &&
  typeof value.ours === 'string';

const isFirewall = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'table' in value &&
  typeof value.table === 'string' &&
  'digest' in value &&
  typeof value.digest === 'string';
