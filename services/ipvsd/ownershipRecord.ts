/**
 * Remembers over a crash which services of the kernel's table are ours: a small file in the run directory, which does not
 * survive a reboot any more than the table does (and is ignored when it did).
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { formatIpBytes, parseIpAddress } from '../shared/net/address.js';
import type { OwnedService, Ownership } from './reconcile.js';
import { type DestinationKey, destinationName, type ServiceKey, serviceName } from './table.js';

/** Where ownership is kept. */
export interface OwnershipRecord {
  load(): Ownership;
  /** Written when it returns. Throws what the file system says. */
  save(owned: Ownership): void;
}

const FORMAT = 1;

interface StoredEndpoint {
  readonly address: string;
  readonly port: number;
}

interface StoredService {
  readonly family: 4 | 6;
  readonly fwmark?: number;
  readonly protocol?: number;
  readonly address?: string;
  readonly port?: number;
  readonly created: boolean;
  readonly destinations: readonly StoredEndpoint[];
}

interface StoredRecord {
  readonly format: number;
  readonly boot: string;
  readonly services: readonly StoredService[];
}

function store(owned: OwnedService): StoredService {
  const { key, created } = owned;
  const destinations = [...owned.destinations.values()].map(({ address, port }) => ({
    address: formatIpBytes(address),
    port,
  }));
  if (key.kind === 'fwmark') return { family: key.family, fwmark: key.fwmark, created, destinations };
  const { family, protocol, port } = key;
  return { family, protocol, address: formatIpBytes(key.address), port, created, destinations };
}

function addressOf(text: string | undefined): Uint8Array {
  const address = parseIpAddress(text ?? '');
  if (address === undefined) throw new Error(`'${text}' is not an address`);
  return address.bytes;
}

function restore(stored: StoredService): OwnedService {
  const { family, fwmark, protocol = 0, port = 0 } = stored;
  const key: ServiceKey =
    fwmark === undefined
      ? { kind: 'address', family, protocol, address: addressOf(stored.address), port }
      : { kind: 'fwmark', family, fwmark };
  const destinations = stored.destinations.map((endpoint): [string, DestinationKey] => {
    const address = addressOf(endpoint.address);
    const destination: DestinationKey = { family: address.length === 4 ? 4 : 6, address, port: endpoint.port };
    return [destinationName(destination), destination];
  });
  return { key, created: stored.created, destinations: new Map(destinations) };
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The record in a file. `complain` hears about a record that cannot be used; it then counts as empty. */
export class OwnershipFile implements OwnershipRecord {
  readonly #path: string;
  readonly #bootId: string;
  readonly #complain: (problem: string) => void;
  /** What is written of a service: of thousands few change at a time. */
  readonly #texts = new WeakMap<OwnedService, string>();

  constructor(path: string, bootId: string, complain: (problem: string) => void) {
    this.#path = path;
    this.#bootId = bootId;
    this.#complain = complain;
  }

  load(): Ownership {
    try {
      const record = JSON.parse(readFileSync(this.#path, 'utf8')) as StoredRecord;
      if (record.format !== FORMAT || record.boot !== this.#bootId) return new Map();
      return new Map(record.services.map(restore).map((owned) => [serviceName(owned.key), owned]));
    } catch (error) {
      if (!isMissing(error)) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#complain(
          `${this.#path} is unusable (${reason}): services left by an earlier run are taken for somebody else's ` +
            'unless they are configured; remove what is left over with ipvsadm',
        );
      }
      return new Map();
    }
  }

  save(owned: Ownership): void {
    // Whoever starts the suite sees by the file that there is something to be cleaned up.
    if (owned.size === 0) {
      rmSync(this.#path, { force: true });
      return;
    }
    const head: StoredRecord = { format: FORMAT, boot: this.#bootId, services: [] };
    const services = [...owned.values()].map((service) => this.#text(service));
    writeFileSync(`${this.#path}.new`, JSON.stringify(head).replace(/\]\}$/, `${services.join()}]}`), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }

  #text(service: OwnedService): string {
    const known = this.#texts.get(service);
    if (known !== undefined) return known;
    const text = JSON.stringify(store(service));
    this.#texts.set(service, text);
    return text;
  }
}

/** Identity of this boot of the machine. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
