/**
 * The kernel's sync daemons (`lvs_sync_daemon`): which shall run, and how to get there from those that do. Pure.
 *
 * The kernel runs at most one of each kind in a network namespace: *master* multicasts connections, *backup* takes them in.
 */
import type { SyncDaemonConfig } from './config/model.js';

/** IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP of linux/ip_vs.h. */
export type DaemonState = 'master' | 'backup';

/** One sync daemon. What is absent is the kernel's default. */
export interface SyncDaemon {
  readonly state: DaemonState;
  readonly interface: string;
  /** 0..255; 0 at a backup daemon takes in every id. */
  readonly syncId: number;
  /** Payload bytes of a datagram. */
  readonly maxLength?: number;
  /** Multicast group, 4 or 16 bytes. */
  readonly group?: Uint8Array;
  readonly port?: number;
  readonly ttl?: number;
}

/** What is known of the VRRP instance that the daemons follow. */
export interface SyncRole {
  readonly instance: string;
  readonly master: boolean;
  readonly virtualRouterId: number;
}

/** One request to the kernel. */
export type DaemonOperation =
  | { readonly kind: 'start'; readonly daemon: SyncDaemon }
  | { readonly kind: 'stop'; readonly daemon: Pick<SyncDaemon, 'state' | 'interface' | 'syncId'> };

/**
 * The daemons that shall run. Without an instance both; with one, the daemon of its role. Undefined while the role is not known:
 * what runs stays then, since a restarted ipvsd must not interrupt it.
 */
export function desiredDaemons(
  config: SyncDaemonConfig,
  role: SyncRole | undefined,
): readonly SyncDaemon[] | undefined {
  const { instance } = config;
  if (instance === undefined) return [daemonOf(config, 'master', 0), daemonOf(config, 'backup', 0)];
  if (role?.instance !== instance) return undefined;
  return [daemonOf(config, role.master ? 'master' : 'backup', role.virtualRouterId)];
}

function daemonOf(config: SyncDaemonConfig, state: DaemonState, defaultId: number): SyncDaemon {
  const { maxLength, port, ttl, group } = config;
  return {
    state,
    interface: config.interface,
    syncId: config.syncId ?? defaultId,
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(group === undefined ? {} : { group: group.bytes }),
    ...(port === undefined ? {} : { port }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

/**
 * Stops what is not wanted or differs, then starts what is missing. Options that are not configured are left as they run.
 * `asked` is how we started those that run, as far as we did.
 */
export function reconcileDaemons(
  desired: readonly SyncDaemon[],
  running: readonly SyncDaemon[],
  asked: readonly SyncDaemon[],
): readonly DaemonOperation[] {
  const lengthAsked = (daemon: SyncDaemon): SyncDaemon | undefined => asked.find(({ state }) => state === daemon.state);
  const serves = (daemon: SyncDaemon, want: SyncDaemon): boolean => satisfies(daemon, want, lengthAsked(daemon));
  const satisfied = (want: SyncDaemon): boolean => running.some((daemon) => serves(daemon, want));
  const stops = running
    .filter((daemon) => !desired.some((want) => serves(daemon, want)))
    .map((daemon): DaemonOperation => ({ kind: 'stop', daemon }));
  const starts = desired
    .filter((want) => !satisfied(want))
    .map((daemon): DaemonOperation => ({ kind: 'start', daemon }));
  return [...stops, ...starts];
}

function satisfies(running: SyncDaemon, want: SyncDaemon, asked: SyncDaemon | undefined): boolean {
  return (
    running.state === want.state &&
    running.interface === want.interface &&
    running.syncId === want.syncId &&
    // The kernel fits the length to the interface and to a floor of its own: what it tells is not what it was given.
    (asked === undefined || asked.maxLength === want.maxLength) &&
    agrees(running.port, want.port) &&
    agrees(running.ttl, want.ttl) &&
    (want.group === undefined || (running.group !== undefined && sameBytes(running.group, want.group)))
  );
}

const agrees = (running: number | undefined, want: number | undefined): boolean =>
  want === undefined || running === want;

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, index) => byte === right[index]);

/** For logs and errors: `start the master sync daemon on eth0 (id 51)`. */
export function describeDaemonOperation({ kind, daemon }: DaemonOperation): string {
  return `${kind} the ${daemon.state} sync daemon on ${daemon.interface} (id ${daemon.syncId})`;
}
