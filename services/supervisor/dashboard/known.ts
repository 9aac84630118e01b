/** What of a view may be shown as true: nothing a silent service said earlier. Runs in the page too. Pure. */
import type { DashboardView, InstanceView, PoolView, RealView } from './view.js';

/** Names of services that say nothing, `age` milliseconds after the view was made. */
export const silentServices = ({ services, silenceLimitMs }: DashboardView, age: number): string[] =>
  services
    .filter(({ heard, silenceMs }) => !heard || silenceMs === undefined || silenceMs + age > silenceLimitMs)
    .map(({ name }) => name);

/** The view after `age` more milliseconds without news: what belongs to a service that is then silent is UNKNOWN. */
export function asKnown(view: DashboardView, age: number): DashboardView {
  const silent = new Set(silentServices(view, age));
  const absent = (name: string): boolean => silent.has(name) || !view.services.some((service) => service.name === name);
  return {
    ...view,
    ...(absent('vrrpd')
      ? {
          groups: view.groups.map((group) => ({ ...group, state: 'UNKNOWN' as const })),
          instances: view.instances.map(unknownInstance),
        }
      : {}),
    ...(absent('healthcheckerd') ? { pools: view.pools.map(unknownPool) } : {}),
    ...(absent('bfdd')
      ? { sessions: view.sessions.map((session) => ({ ...session, state: 'UNKNOWN', tone: 'unknown' as const })) }
      : {}),
    facts: view.facts.map((fact) => (absent(fact.service) ? { ...fact, text: 'unknown', tone: 'unknown' } : fact)),
    services: view.services.map((service) =>
      silent.has(service.name) && service.heard
        ? { ...service, health: 'SILENT', tone: 'unknown', heard: false }
        : service,
    ),
  };
}

const unknownInstance = (instance: InstanceView): InstanceView => ({
  ...instance,
  state: 'UNKNOWN',
  addresses: instance.addresses.map((address) => ({ ...address, present: undefined })),
  trackers: instance.trackers.map((tracker) => ({ ...tracker, condition: 'unknown', tone: 'unknown' })),
  master: undefined,
});

const unknownPool = (pool: PoolView): PoolView => ({
  ...pool,
  state: 'UNKNOWN',
  servers: pool.servers.map(unknownServer),
  sorry: pool.sorry === undefined ? undefined : unknownServer(pool.sorry),
});

const unknownServer = (server: RealView): RealView => ({
  ...server,
  state: 'UNKNOWN',
  checks: server.checks.map((check) => ({ ...check, state: 'UNKNOWN' })),
});
