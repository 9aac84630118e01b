/** What `global_defs` says of the optional processes: SNMP and D-Bus. Pure. */
import {
  DBUS_NO_INTERFACE_NAME,
  DBUS_SERVICE_NAME,
  ENABLE_DBUS,
  ENABLE_SNMP_CHECKER,
  ENABLE_SNMP_KEEPALIVED,
  ENABLE_SNMP_RFC,
  ENABLE_SNMP_RFCV2,
  ENABLE_SNMP_RFCV3,
  ENABLE_SNMP_VRRP,
  ENABLE_TRAPS,
  SNMP_SOCKET,
} from './globals/modules.js';
import type { Block } from './readBlock.js';

/** What is served by SNMP. */
export interface SnmpSettings {
  /** As `snmp_socket` has it. */
  readonly socket: string;
  /** KEEPALIVED-MIB: VRRP. */
  readonly vrrp: boolean;
  /** KEEPALIVED-MIB: virtual and real servers. */
  readonly checker: boolean;
  /** VRRP-MIB of RFC 2787. */
  readonly rfcv2: boolean;
  /** VRRPV3-MIB of RFC 6527. */
  readonly rfcv3: boolean;
  readonly traps: boolean;
}

/** Where Debian's snmpd, and others built from net-snmp, take sub-agents. */
const DEFAULT_SOCKET = 'unix:/var/agentx/master';

/** `everything` (-x): all that can be served; `socket` (-A): in place of `snmp_socket`. */
export function readSnmpSettings(globals: Block, everything = false, socket?: string): SnmpSettings {
  const rfc = everything || globals.has(ENABLE_SNMP_RFC);
  return {
    socket: socket ?? globals.last(SNMP_SOCKET)?.values[0] ?? DEFAULT_SOCKET,
    vrrp: everything || globals.has(ENABLE_SNMP_VRRP) || globals.has(ENABLE_SNMP_KEEPALIVED),
    checker: everything || globals.has(ENABLE_SNMP_CHECKER),
    rfcv2: rfc || globals.has(ENABLE_SNMP_RFCV2),
    rfcv3: rfc || globals.has(ENABLE_SNMP_RFCV3),
    traps: globals.has(ENABLE_TRAPS),
  };
}

/** Something is served. */
export const servesSnmp = ({ vrrp, checker, rfcv2, rfcv3 }: SnmpSettings): boolean => vrrp || checker || rfcv2 || rfcv3;

/** How the suite shows itself on the bus. */
export interface DbusSettings {
  readonly enabled: boolean;
  readonly serviceName: string;
  readonly noInterfaceName: string;
}

export const readDbusSettings = (globals: Block): DbusSettings => ({
  enabled: globals.has(ENABLE_DBUS),
  serviceName: globals.last(DBUS_SERVICE_NAME)?.values[0] ?? 'org.keepalived.Vrrp1',
  noInterfaceName: globals.last(DBUS_NO_INTERFACE_NAME)?.values[0] ?? 'none',
});
