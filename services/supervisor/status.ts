/** What GetStatus shows, made from what the suite knows. Pure. */
import type { Diagnostic, Origin } from '../shared/rpc/generated/keepwatch/v1/common.js';
import {
  ServiceHealth,
  type ServiceRights,
  type ServiceStatus,
  type SuiteStatus,
  type Trial,
  type UpgradeStatus,
} from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { IpvsServiceStatistics } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import type { Micros } from '../shared/time/duration.js';
import { seconds, toMillis } from '../shared/time/duration.js';
import { type Mirror, withUnknownSessions, withUnknownStates } from './mirror.js';
import { type ProcessRights, rightsText } from './processRights.js';
import type { Phase } from './supervisedListener.js';
import type { UpgradeState } from './upgrade.js';

/** After this silence a service's states are unknown: who shows them would show a guess. */
export const SILENCE_LIMIT: Micros = seconds(2);

/** What is known of one service. */
export interface ServiceFacts {
  readonly name: string;
  readonly phase: Phase;
  readonly pid: number | undefined;
  readonly version: string;
  readonly incarnation: string;
  readonly restarts: number;
  readonly startedAt: Date | undefined;
  readonly silence: Micros | undefined;
  readonly generation: bigint;
  readonly impairments: readonly string[];
  readonly detail: string;
  readonly looping: boolean;
  readonly origin: string;
  /** Absent: not known. */
  readonly rights?: (ProcessRights & { readonly unconfined: string }) | undefined;
}

export interface SuiteFacts {
  readonly origin: Origin;
  readonly version: string;
  readonly configFile: string;
  readonly configuredAt: Date | undefined;
  readonly services: readonly ServiceFacts[];
  readonly mirror: Mirror;
  readonly orders: readonly Order[];
  readonly refusedReload: readonly Diagnostic[];
  readonly spare: ServiceFacts | undefined;
  readonly upgrade: UpgradeState | undefined;
  readonly trial: Trial | undefined;
  readonly appliedFrom: string;
  readonly ipvsStatistics: readonly IpvsServiceStatistics[];
  readonly tracing?: { readonly exported: number; readonly dropped: number } | undefined;
  readonly modules: readonly ServiceFacts[];
}

/** The status of the suite. */
export function suiteStatus(facts: SuiteFacts): SuiteStatus {
  const vrrpd = facts.services.find(({ name }) => name === 'vrrpd');
  const { vrrp, health, ipvs, notify, bfd } = facts.mirror;
  const runs = (service: string): boolean => facts.services.some(({ name }) => name === service);
  const bfdd = facts.services.find(({ name }) => name === 'bfdd');
  const unknown = vrrpd === undefined || isSilent(vrrpd);
  return {
    origin: facts.origin,
    version: facts.version,
    configFile: facts.configFile,
    configuredAt: facts.configuredAt,
    services: facts.services.map(serviceStatus),
    vrrp: vrrp !== undefined && unknown ? withUnknownStates(vrrp) : vrrp,
    // Of a service that was ended for want of work nothing holds any more.
    health: runs('healthcheckerd') ? health : undefined,
    ipvs: runs('ipvsd') ? ipvs : undefined,
    notify,
    bfd: bfd !== undefined && bfdd !== undefined && isSilent(bfdd) ? withUnknownSessions(bfd) : bfdd && bfd,
    refusedReload: [...facts.refusedReload],
    orders: [...facts.orders],
    spare: facts.spare === undefined ? undefined : serviceStatus(facts.spare),
    upgrade: facts.upgrade === undefined ? undefined : upgradeStatus(facts.upgrade),
    trial: facts.trial,
    appliedFrom: facts.appliedFrom,
    ipvsStatistics: runs('ipvsd') ? [...facts.ipvsStatistics] : [],
    tracing:
      facts.tracing === undefined
        ? undefined
        : { exported: BigInt(facts.tracing.exported), dropped: BigInt(facts.tracing.dropped) },
    modules: facts.modules.map(serviceStatus),
  };
}

const upgradeStatus = ({ planned, replaced, running, error }: UpgradeState): UpgradeStatus => ({
  planned: planned.map(({ name }) => name),
  replaced: [...replaced],
  running,
  error,
});

/** Nothing heard for too long, or no process to hear. */
export const isSilent = ({ phase, silence }: Pick<ServiceFacts, 'phase' | 'silence'>): boolean =>
  phase !== 'ready' || silence === undefined || silence > SILENCE_LIMIT;

function serviceStatus(facts: ServiceFacts): ServiceStatus {
  return {
    name: facts.name,
    health: healthOf(facts),
    pid: facts.pid ?? 0,
    version: facts.version,
    incarnation: facts.incarnation,
    restarts: facts.restarts,
    startedAt: facts.startedAt,
    silenceMs: facts.silence === undefined ? undefined : BigInt(Math.max(0, Math.round(toMillis(facts.silence)))),
    generation: facts.generation,
    impairments: [...facts.impairments],
    detail: detailOf(facts),
    origin: facts.origin,
    rights: facts.rights === undefined ? undefined : rightsStatus(facts.rights),
  };
}

const rightsStatus = (rights: NonNullable<ServiceFacts['rights']>): ServiceRights => ({
  uid: rights.uid,
  capabilities: rightsText(rights),
  noNewPrivileges: rights.noNewPrivileges,
  unconfined: rights.unconfined,
});

function healthOf(facts: ServiceFacts): ServiceHealth {
  switch (facts.phase) {
    case 'stopped':
      return ServiceHealth.SERVICE_HEALTH_STOPPED;
    case 'restarting':
      return ServiceHealth.SERVICE_HEALTH_RESTARTING;
    case 'starting':
      return facts.looping ? ServiceHealth.SERVICE_HEALTH_DEGRADED : ServiceHealth.SERVICE_HEALTH_STARTING;
    case 'connected':
      // Connected with a reason to stay without a configuration is not just starting.
      return facts.detail === 'starting'
        ? ServiceHealth.SERVICE_HEALTH_STARTING
        : ServiceHealth.SERVICE_HEALTH_DEGRADED;
    case 'ready':
      return isSilent(facts) || facts.looping || facts.impairments.length > 0
        ? ServiceHealth.SERVICE_HEALTH_DEGRADED
        : ServiceHealth.SERVICE_HEALTH_READY;
  }
}

function detailOf(facts: ServiceFacts): string {
  if (facts.detail !== '') return facts.detail;
  if (facts.phase === 'ready' && isSilent(facts) && facts.silence !== undefined) {
    return `not heard for ${(toMillis(facts.silence) / 1000).toFixed(1)} s`;
  }
  return facts.looping ? 'keeps dying' : '';
}
