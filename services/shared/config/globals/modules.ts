/** `global_defs`: SNMP and D-Bus, each the business of an optional process. */
import { word } from '../argument.js';
import { keyword } from '../keyword.js';

export const SNMP_SOCKET = keyword(
  'snmp_socket',
  [word('socket')],
  'Where snmpd takes sub-agents: unix:PATH, PATH or tcp:HOST:PORT.',
  { default: 'unix:/var/agentx/master' },
);
export const ENABLE_SNMP_KEEPALIVED = keyword(
  'enable_snmp_keepalived',
  [],
  'Serves the VRRP part of the KEEPALIVED MIB.',
  { deprecated: 'use enable_snmp_vrrp' },
);
export const ENABLE_SNMP_VRRP = keyword('enable_snmp_vrrp', [], 'Serves the VRRP part of the KEEPALIVED MIB.');
export const ENABLE_SNMP_CHECKER = keyword(
  'enable_snmp_checker',
  [],
  'Serves its part about virtual and real servers.',
);
export const ENABLE_SNMP_RFC = keyword('enable_snmp_rfc', [], 'Serves the MIBs of RFC 2787 and RFC 6527.');
export const ENABLE_SNMP_RFCV2 = keyword('enable_snmp_rfcv2', [], 'Serves the MIB of RFC 2787.');
export const ENABLE_SNMP_RFCV3 = keyword('enable_snmp_rfcv3', [], 'Serves the MIB of RFC 6527.');
export const ENABLE_TRAPS = keyword('enable_traps', [], 'Sends SNMP traps of the parts that are served.');

export const ENABLE_DBUS = keyword('enable_dbus', [], 'Offers org.keepalived.Vrrp1 on the system bus.');
export const DBUS_SERVICE_NAME = keyword('dbus_service_name', [word('name')], 'Name on the bus.', {
  default: 'org.keepalived.Vrrp1',
});
export const DBUS_NO_INTERFACE_NAME = keyword(
  'dbus_no_interface_name',
  [word('name')],
  'Stands for the interface in the object path of an instance without one.',
  { default: 'none', since: '2.3.0' },
);

export const MODULE_KEYWORDS = [
  SNMP_SOCKET,
  ENABLE_SNMP_KEEPALIVED,
  ENABLE_SNMP_VRRP,
  ENABLE_SNMP_CHECKER,
  ENABLE_SNMP_RFC,
  ENABLE_SNMP_RFCV2,
  ENABLE_SNMP_RFCV3,
  ENABLE_TRAPS,
  ENABLE_DBUS,
  DBUS_SERVICE_NAME,
  DBUS_NO_INTERFACE_NAME,
];
