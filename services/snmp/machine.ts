/** Interfaces of this machine, in the network namespace of this process. */
import { networkInterfaces } from 'node:os';
import { interfaceIndex } from '../shared/kernel/interfaceIndex.js';
import type { Machine } from './mib/served.js';

/** Addresses are read anew at most this often: a master may hold thousands. */
const ADDRESSES_AGE_MS = 2_000;

export function systemMachine(hostname: string): Machine {
  let interfaces: ReturnType<typeof networkInterfaces> = {};
  let readAt = Number.NEGATIVE_INFINITY;
  const addressesOf = (name: string): NonNullable<(typeof interfaces)[string]> => {
    if (performance.now() - readAt > ADDRESSES_AGE_MS) {
      interfaces = networkInterfaces();
      readAt = performance.now();
    }
    return interfaces[name] ?? [];
  };
  return {
    hostname,
    interfaceIndex,
    interfaceMac(name) {
      const [first] = addressesOf(name);
      return first === undefined ? undefined : Buffer.from(first.mac.replaceAll(':', ''), 'hex');
    },
    interfaceAddresses(name, family) {
      const wanted = family === 4 ? 'IPv4' : 'IPv6';
      return addressesOf(name).flatMap((one) => (one.family === wanted ? [one.address] : []));
    },
  };
}
