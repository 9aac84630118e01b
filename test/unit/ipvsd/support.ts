import assert from 'node:assert/strict';
import type { Ownership } from '../../../services/ipvsd/reconcile.js';
import { type Destination, FORWARDING, type Service, type ServiceSettings } from '../../../services/ipvsd/table.js';
import { parseIpAddress } from '../../../services/shared/net/address.js';

export const bytes = (text: string): Uint8Array => {
  const parsed = parseIpAddress(text);
  assert.ok(parsed, text);
  return parsed.bytes;
};

export const settings: ServiceSettings = {
  scheduler: 'wlc',
  flags: 0,
  persistenceTimeout: 0,
  persistencePrefix: 32,
  persistenceEngine: '',
};

export const destination = (address: string, weight = 1, more: Partial<Destination> = {}): Destination => ({
  family: address.includes(':') ? 6 : 4,
  address: bytes(address),
  port: 80,
  weight,
  forwarding: FORWARDING.masq,
  upperThreshold: 0,
  lowerThreshold: 0,
  ...more,
});

export const service = (
  address: string,
  destinations: readonly Destination[] = [],
  more: Partial<ServiceSettings> = {},
): Service => ({
  key: { kind: 'address', family: address.includes(':') ? 6 : 4, protocol: 6, address: bytes(address), port: 80 },
  settings: { ...settings, ...more },
  destinations,
});

/** A record that only remembers. */
export class MemoryRecord {
  owned: Ownership = new Map();
  saves = 0;

  load(): Ownership {
    return this.owned;
  }

  save(owned: Ownership): void {
    this.owned = owned;
    this.saves++;
  }
}
