/** What the tables are made from: what the suite is, what it was told, and what this machine has. */

import type { SnmpSettings } from '../../shared/config/modules.js';
import type { ConfigTree } from '../../shared/rpc/generated/keepwatch/v1/common.js';
import type { SuiteStatus } from '../../shared/rpc/generated/keepwatch/v1/control.js';

/** The configuration in force. */
export interface ServedConfiguration {
  /** Trees by the service they are for; each has `global_defs`. */
  readonly trees: ReadonlyMap<string, ConfigTree>;
  readonly networkNamespace: string;
}

/** Facts about this machine. */
export interface Machine {
  readonly hostname: string;
  /** Number of an interface where vrrpd runs; undefined: there is none of this name. */
  interfaceIndex(name: string): number | undefined;
  /** Its hardware address. */
  interfaceMac(name: string): Uint8Array | undefined;
  /** Its own addresses of a family, not the virtual ones. */
  interfaceAddresses(name: string, family: 4 | 6): readonly string[];
}

/** Everything at one moment. */
export interface Served {
  readonly status: SuiteStatus;
  readonly configuration: ServedConfiguration;
  readonly settings: SnmpSettings;
  /** D-Bus is offered too. */
  readonly dbus: boolean;
  readonly machine: Machine;
}
