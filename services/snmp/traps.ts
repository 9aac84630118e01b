/** Notifications that follow from an event of the suite. Pure. */
import type { SnmpSettings } from '../shared/config/modules.js';
import { parseIpAddress } from '../shared/net/address.js';
import type { WatchEventsResponse } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { HealthEvent } from '../shared/rpc/generated/keepwatch/v1/health.js';
import { type VrrpEvent, type VrrpInstance, VrrpStateName } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import type { Oid } from './agentx/oid.js';
import { gauge32, integer, octets, text, type Varbind } from './agentx/value.js';
import { type KnownVirtual, targetOf } from './mib/checkNumbers.js';
import { inetAddress } from './mib/inet.js';
import { CHECK, ROUTER_ID_OBJECT, VRRP } from './mib/keepalived.js';
import { REAL_ADDRESS, REAL_ADDRESS_TYPE, REAL_PORT, REAL_SERVER_ENTRY, REAL_STATUS } from './mib/realServers.js';
import { isRfc2787, OPER_ENTRY, OPER_MASTER_ADDRESS, VRRP_MIB } from './mib/rfc2787.js';
import {
  NEW_MASTER_REASON,
  newMasterReason,
  OPERATIONS_ENTRY,
  OPERATIONS_MASTER_ADDRESS,
  STATISTICS_ENTRY,
  VRRPV3_MIB,
} from './mib/rfc6527.js';
import type { Machine } from './mib/served.js';
import {
  VIRTUAL_PROTOCOL,
  VIRTUAL_QUORUM,
  VIRTUAL_QUORUM_STATUS,
  VIRTUAL_REAL_TOTAL,
  VIRTUAL_REAL_UP,
  VIRTUAL_SERVER_ENTRY,
  VIRTUAL_TYPE,
  virtualProtocol,
  virtualType,
} from './mib/virtualServers.js';
import { GROUP_NAME, GROUP_STATE, SYNC_GROUP_ENTRY } from './mib/vrrpGroups.js';
import { INSTANCE_INITIAL_STATE, INSTANCE_NAME, INSTANCE_STATE, VRRP_INSTANCE_ENTRY } from './mib/vrrpInstances.js';
import { stateValue, type VrrpNumbers } from './mib/vrrpNumbers.js';

/** One notification. */
export interface Trap {
  readonly oid: Oid;
  readonly varbinds: readonly Varbind[];
}

/** What is known besides the event. */
export interface TrapContext {
  readonly settings: SnmpSettings;
  readonly routerId: string;
  readonly machine: Machine;
  readonly vrrp: VrrpNumbers;
  readonly virtuals: readonly KnownVirtual[];
}

const SYNC_GROUP_STATE_CHANGE = [...VRRP, 10, 0, 1];
const INSTANCE_STATE_CHANGE = [...VRRP, 10, 0, 2];
const REAL_SERVER_STATE_CHANGE = [...CHECK, 5, 0, 1];
const QUORUM_STATE_CHANGE = [...CHECK, 5, 0, 2];
const NEW_MASTER = [...VRRP_MIB, 0, 1];
const NEW_MASTER_V3 = [...VRRPV3_MIB, 0, 1];

/** Whether {@link trapsOf} may have something to tell. */
export const mayTrap = ({ event }: WatchEventsResponse): boolean => {
  const told = event?.$case === 'service' ? event.value.event : undefined;
  return (told?.$case === 'vrrp' || told?.$case === 'health') && told.value.transition !== undefined;
};

/** The notifications about an event, in the order they are to be sent. */
export function trapsOf({ event }: WatchEventsResponse, context: TrapContext): Trap[] {
  if (!context.settings.traps || event?.$case !== 'service') return [];
  const told = event.value.event;
  if (told?.$case === 'vrrp') return vrrpTraps(told.value, context);
  return told?.$case === 'health' && context.settings.checker ? healthTraps(told.value, context) : [];
}

function vrrpTraps({ transition, instances }: VrrpEvent, context: TrapContext): Trap[] {
  if (transition === undefined) return [];
  const { settings, vrrp } = context;
  if (transition.group) {
    const number = vrrp.groups.find(({ item }) => item.name === transition.name)?.number ?? 0;
    const varbinds = [
      { oid: [...SYNC_GROUP_ENTRY, GROUP_NAME, number], value: text(transition.name) },
      { oid: [...SYNC_GROUP_ENTRY, GROUP_STATE, number], value: stateValue(transition.to) },
      routerIdOf(context),
    ];
    return settings.vrrp ? [{ oid: SYNC_GROUP_STATE_CHANGE, varbinds }] : [];
  }
  const known = vrrp.instances.find(({ item }) => item.name === transition.name);
  const instance = instances.find(({ name }) => name === transition.name) ?? known?.item;
  if (instance === undefined) return [];
  const number = known?.number ?? 0;
  const change = {
    oid: INSTANCE_STATE_CHANGE,
    varbinds: [
      { oid: [...VRRP_INSTANCE_ENTRY, INSTANCE_NAME, number], value: text(instance.name) },
      { oid: [...VRRP_INSTANCE_ENTRY, INSTANCE_STATE, number], value: stateValue(transition.to) },
      { oid: [...VRRP_INSTANCE_ENTRY, INSTANCE_INITIAL_STATE, number], value: stateValue(instance.wantedState) },
      routerIdOf(context),
    ],
  };
  const isMaster = transition.to === VrrpStateName.VRRP_STATE_NAME_MASTER;
  return [...(settings.vrrp ? [change] : []), ...(isMaster ? newMasterTraps(instance, context) : [])];
}

/** The RFCs tell of new masters only. */
function newMasterTraps(instance: VrrpInstance, { settings, machine }: TrapContext): Trap[] {
  const interfaceIndex = machine.interfaceIndex(instance.interface);
  const bytes = parseIpAddress(instance.masterAddress)?.bytes;
  if (interfaceIndex === undefined || bytes === undefined) return [];
  const index = [interfaceIndex, instance.vrid];
  const v2: Trap = {
    oid: NEW_MASTER,
    varbinds: [{ oid: [...OPER_ENTRY, OPER_MASTER_ADDRESS, ...index], value: { type: 'ipAddress', value: bytes } }],
  };
  const v3Index = [...index, instance.family === 4 ? 1 : 2];
  const reason = newMasterReason(instance);
  const v3: Trap = {
    oid: NEW_MASTER_V3,
    varbinds: [
      { oid: [...OPERATIONS_ENTRY, OPERATIONS_MASTER_ADDRESS, ...v3Index], value: octets(bytes) },
      ...(reason === undefined
        ? []
        : [{ oid: [...STATISTICS_ENTRY, NEW_MASTER_REASON, ...v3Index], value: integer(reason) }]),
    ],
  };
  return [...(settings.rfcv2 && isRfc2787(instance) ? [v2] : []), ...(settings.rfcv3 ? [v3] : [])];
}

function healthTraps({ transition, virtualServers }: HealthEvent, context: TrapContext): Trap[] {
  if (transition === undefined) return [];
  const known = context.virtuals.find(({ virtual }) => virtual.name === transition.virtualServer);
  const virtual = virtualServers.find(({ name }) => name === transition.virtualServer) ?? known?.virtual;
  if (virtual === undefined) return [];
  const number = known?.number ?? 0;
  const target = targetOf(virtual.name);
  const of = (column: number, value: Varbind['value']): Varbind => ({
    oid: [...VIRTUAL_SERVER_ENTRY, column, number],
    value,
  });
  const kind = [of(VIRTUAL_TYPE, virtualType(target)), of(VIRTUAL_PROTOCOL, virtualProtocol(target, known?.block))];
  const counts = [
    of(VIRTUAL_REAL_UP, gauge32(virtual.realServers.filter(({ up }) => up).length)),
    of(VIRTUAL_REAL_TOTAL, gauge32(virtual.realServers.length)),
  ];
  if (transition.realServer === '') {
    const quorum = [
      of(VIRTUAL_QUORUM_STATUS, integer(transition.up ? 1 : 2)),
      of(VIRTUAL_QUORUM, gauge32(virtual.quorum)),
    ];
    return [{ oid: QUORUM_STATE_CHANGE, varbinds: [...kind, ...quorum, ...counts, routerIdOf(context)] }];
  }
  const real = virtual.realServers.find(({ name }) => name === transition.realServer);
  if (real === undefined) return [];
  const place = known?.servers.find((server) => server.real.name === real.name)?.number ?? 0;
  const { type, address } = inetAddress(real.address);
  const about = (column: number, value: Varbind['value'] | undefined): Varbind[] =>
    value === undefined ? [] : [{ oid: [...REAL_SERVER_ENTRY, column, number, place], value }];
  const server = [
    ...about(REAL_ADDRESS_TYPE, type),
    ...about(REAL_ADDRESS, address),
    ...about(REAL_PORT, gauge32(real.port)),
    ...about(REAL_STATUS, integer(transition.up ? 1 : 2)),
  ];
  return [{ oid: REAL_SERVER_STATE_CHANGE, varbinds: [...server, ...kind, ...counts, routerIdOf(context)] }];
}

const routerIdOf = ({ routerId }: TrapContext): Varbind => ({ oid: ROUTER_ID_OBJECT, value: text(routerId) });
