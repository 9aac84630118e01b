/** Views of the suite's processes, and of what they say besides. Pure. */
import {
  ServiceHealth,
  type ServiceStatus,
  type SuiteStatus,
} from '../../shared/rpc/generated/keepwatch/v1/control.js';
import { serviceHealthText } from '../../shared/rpc/serviceHealthText.js';
import { isHeard } from '../metricsHeard.js';
import type { FactView, ServiceView, Tone } from './view.js';

/** All processes but the supervisor, the spare last. */
export function serviceViews({ services, spare }: SuiteStatus): ServiceView[] {
  const all = services.map(serviceView);
  return spare === undefined ? all : [...all, { ...serviceView(spare), name: `${spare.name} (spare)` }];
}

function serviceView(service: ServiceStatus): ServiceView {
  const { rights } = service;
  return {
    name: service.name,
    health: serviceHealthText(service.health),
    tone: toneOf(service),
    heard: isHeard(service),
    silenceMs: service.silenceMs === undefined ? undefined : Number(service.silenceMs),
    pid: service.pid,
    version: service.version,
    restarts: service.restarts,
    startedAt: service.startedAt?.getTime(),
    rights: rights === undefined ? '' : `uid ${rights.uid}, ${rights.capabilities}`,
    detail: [service.detail, ...service.impairments].filter((text) => text !== '').join('; '),
  };
}

function toneOf({ health }: ServiceStatus): Tone {
  switch (health) {
    case ServiceHealth.SERVICE_HEALTH_READY:
      return 'good';
    case ServiceHealth.SERVICE_HEALTH_STARTING:
    case ServiceHealth.SERVICE_HEALTH_DEGRADED:
      return 'busy';
    default:
      return 'bad';
  }
}

/** What else a person asks: the kernel's table, what waits to be told, how punctual vrrpd is. */
export function factViews({ ipvs, notify, vrrp }: SuiteStatus): FactView[] {
  const facts: FactView[] = [];
  if (ipvs !== undefined) {
    const errors = ipvs.errors.length > 0 ? `: ${ipvs.errors[0]}` : '';
    facts.push({
      name: 'IPVS table',
      service: 'ipvsd',
      ...(!ipvs.available
        ? { text: `not here: ${ipvs.unavailableReason}`, tone: 'busy' }
        : ipvs.converged
          ? { text: 'the kernel has it as wanted', tone: 'good' }
          : { text: `the kernel does not have it as wanted${errors}`, tone: 'bad' }),
    });
  }
  if (notify !== undefined) {
    const { queued, running, oldestAgeMs, scriptsOk, scriptsFailed, mailsOk, mailsFailed } = notify;
    const waiting = queued + running;
    const failed = scriptsFailed + mailsFailed;
    const age = waiting === 0 ? '' : `, the oldest for ${(Number(oldestAgeMs) / 1_000).toFixed(0)} s`;
    facts.push({
      name: 'Notifications',
      service: 'notifierd',
      text: `${scriptsOk + mailsOk} told, ${failed} failed, ${waiting} waiting${age}`,
      tone: failed > 0n ? 'busy' : 'calm',
    });
  }
  const pace = vrrp?.pace;
  if (pace !== undefined && pace.deadlinesServed > 0n) {
    const mean = Number(pace.latenessTotalUs) / Number(pace.deadlinesServed) / 1_000;
    const worst = Number(pace.latenessWorstUs) / 1_000;
    facts.push({
      name: 'Lateness of vrrpd',
      service: 'vrrpd',
      text: `${mean.toFixed(2)} ms on average, ${worst.toFixed(1)} ms at worst`,
      tone: 'calm',
    });
  }
  return facts;
}
