/**
 * Attributes of the generic netlink family `IPVS` beside the table (linux/ip_vs.h): sync daemons, connection timeouts and
 * counters. The table itself is the business of `ipvsCodec.ts`.
 */
import type { ConnectionTimeouts } from './config/model.js';
import {
  type Attribute,
  attribute,
  cString,
  decodeAttributes,
  hostUint16,
  hostUint32,
  nested,
  readCString,
  readHostNumber,
  readHostUint64,
} from './netlinkAttributes.js';
import type { SyncDaemon } from './syncDaemon.js';

/** IPVS_CMD_ATTR_*. */
const COMMAND = { service: 1, destination: 2, daemon: 3, timeoutTcp: 4, timeoutTcpFin: 5, timeoutUdp: 6 } as const;

/** IPVS_DAEMON_ATTR_*. */
const DAEMON = {
  state: 1,
  interface: 2,
  syncId: 3,
  maxLength: 4,
  group4: 5,
  group6: 6,
  port: 7,
  ttl: 8,
} as const;

/** IPVS_SVC_ATTR_STATS64; IPVS_DEST_ATTR_ACTIVE_CONNS and its neighbours, IPVS_DEST_ATTR_STATS64. */
const SERVICE_STATS64 = 12;
const DESTINATION_STATS = { active: 7, inactive: 8, persistent: 9, stats64: 12 } as const;

/** IPVS_STATS_ATTR_*. */
const STATS = { connections: 1, inPackets: 2, outPackets: 3, inBytes: 4, outBytes: 5 } as const;

const STATE_MASTER = 1;
const STATE_BACKUP = 2;

/** What IPVS has counted for a service or a destination. */
export interface Counters {
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
}

/** Counters of a destination, with its connections now. */
export interface DestinationCounters extends Counters {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
}

/** Payload of NEW_DAEMON (the whole daemon) and DEL_DAEMON (state, interface and id are enough). */
export function encodeDaemon(daemon: SyncDaemon): Buffer {
  const { maxLength, group, port, ttl } = daemon;
  const parts = [
    attribute(DAEMON.state, hostUint32(daemon.state === 'master' ? STATE_MASTER : STATE_BACKUP)),
    attribute(DAEMON.interface, cString(daemon.interface)),
    attribute(DAEMON.syncId, hostUint32(daemon.syncId)),
  ];
  if (maxLength !== undefined) parts.push(attribute(DAEMON.maxLength, hostUint16(maxLength)));
  if (group !== undefined) parts.push(attribute(group.length === 4 ? DAEMON.group4 : DAEMON.group6, group));
  // The only port of this family in host order.
  if (port !== undefined) parts.push(attribute(DAEMON.port, hostUint16(port)));
  if (ttl !== undefined) parts.push(attribute(DAEMON.ttl, Buffer.from([ttl])));
  return nested(COMMAND.daemon, parts);
}

/** One answer of GET_DAEMON; undefined when it is not a daemon as linux/ip_vs.h describes it. */
export function decodeDaemon(payload: Buffer): SyncDaemon | undefined {
  const outer = decodeAttributes(payload)?.get(COMMAND.daemon);
  const found = outer && decodeAttributes(outer.payload);
  if (found === undefined) return undefined;
  const state = readHostNumber(found.get(DAEMON.state));
  const name = readCString(found.get(DAEMON.interface));
  const syncId = readHostNumber(found.get(DAEMON.syncId));
  if (name === undefined || syncId === undefined) return undefined;
  if (state !== STATE_MASTER && state !== STATE_BACKUP) return undefined;
  const group = (found.get(DAEMON.group4) ?? found.get(DAEMON.group6))?.payload;
  const maxLength = readHostNumber(found.get(DAEMON.maxLength));
  const port = readHostNumber(found.get(DAEMON.port));
  const ttl = readHostNumber(found.get(DAEMON.ttl));
  return {
    state: state === STATE_MASTER ? 'master' : 'backup',
    interface: name,
    syncId,
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(group === undefined ? {} : { group: Uint8Array.from(group) }),
    ...(port === undefined ? {} : { port }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

/** Payload of SET_CONFIG: only the timeouts that are given are changed. */
export function encodeTimeouts({ tcp, tcpFin, udp }: ConnectionTimeouts): Buffer {
  const parts: Buffer[] = [];
  if (tcp !== undefined) parts.push(attribute(COMMAND.timeoutTcp, hostUint32(tcp)));
  if (tcpFin !== undefined) parts.push(attribute(COMMAND.timeoutTcpFin, hostUint32(tcpFin)));
  if (udp !== undefined) parts.push(attribute(COMMAND.timeoutUdp, hostUint32(udp)));
  return Buffer.concat(parts);
}

/** The answer of GET_CONFIG, in seconds. */
export function decodeTimeouts(payload: Buffer): ConnectionTimeouts | undefined {
  const found = decodeAttributes(payload);
  const tcp = readHostNumber(found?.get(COMMAND.timeoutTcp));
  const tcpFin = readHostNumber(found?.get(COMMAND.timeoutTcpFin));
  const udp = readHostNumber(found?.get(COMMAND.timeoutUdp));
  if (tcp === undefined || tcpFin === undefined || udp === undefined) return undefined;
  return { tcp, tcpFin, udp };
}

/** The counters in an answer of GET_SERVICE; undefined from kernels before 4.1, which have none of 64 bits. */
export function decodeServiceCounters(payload: Buffer): Counters | undefined {
  const outer = decodeAttributes(payload)?.get(COMMAND.service);
  return decodeCounters(outer && decodeAttributes(outer.payload)?.get(SERVICE_STATS64));
}

/** The counters in an answer of GET_DEST. */
export function decodeDestinationCounters(payload: Buffer): DestinationCounters | undefined {
  const outer = decodeAttributes(payload)?.get(COMMAND.destination);
  const found = outer && decodeAttributes(outer.payload);
  const counters = decodeCounters(found?.get(DESTINATION_STATS.stats64));
  if (found === undefined || counters === undefined) return undefined;
  return {
    ...counters,
    activeConnections: readHostNumber(found.get(DESTINATION_STATS.active)) ?? 0,
    inactiveConnections: readHostNumber(found.get(DESTINATION_STATS.inactive)) ?? 0,
    persistentConnections: readHostNumber(found.get(DESTINATION_STATS.persistent)) ?? 0,
  };
}

function decodeCounters(stats: Attribute | undefined): Counters | undefined {
  const found = stats && decodeAttributes(stats.payload);
  if (found === undefined) return undefined;
  const read = (type: number): bigint => readHostUint64(found.get(type)) ?? 0n;
  return {
    connections: read(STATS.connections),
    inPackets: read(STATS.inPackets),
    outPackets: read(STATS.outPackets),
    inBytes: read(STATS.inBytes),
    outBytes: read(STATS.outBytes),
  };
}
