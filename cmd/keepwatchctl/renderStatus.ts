/** The status as text. Pure. */
import type { SuiteStatus } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { ServiceHealth } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import type { RealServer, VirtualServer } from '../../services/shared/rpc/generated/keepwatch/v1/health.js';
import {
  type VrrpInstance,
  VrrpStateName,
  type VrrpTracker,
} from '../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { serviceHealthText } from '../../services/shared/rpc/serviceHealthText.js';
import { priorityText, vrrpStateText } from '../../services/shared/rpc/vrrpText.js';
import type { Colours } from './colours.js';
import { formatWireDiagnostic } from './diagnosticText.js';
import { orderLine } from './orderText.js';
import { sessionLines } from './renderSessions.js';
import { table } from './table.js';
import { formatAge, formatMoment } from './time.js';

/** The whole status as lines. */
export function renderStatus(status: SuiteStatus, now: Date, colours: Colours): string {
  const sections = [
    heading(status, now, colours),
    instances(status, now, colours),
    groups(status, now, colours),
    sessionLines(status.bfd, now, colours),
    virtualServers(status, colours),
    services(status, now, colours),
    orders(status, now, colours),
    pace(status, colours),
    notices(status, colours),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function heading(status: SuiteStatus, now: Date, colours: Colours): string[] {
  const generation = status.origin?.generation ?? 0n;
  const since = status.configuredAt === undefined ? '' : `, in force since ${formatMoment(status.configuredAt, now)}`;
  const source = status.appliedFrom === '' ? status.configFile : `${status.appliedFrom} (not ${status.configFile})`;
  return [`${colours.bold(`Keepwatch ${status.version}`)}  ${source}, generation ${generation}${since}`];
}

function instances({ vrrp }: SuiteStatus, now: Date, colours: Colours): string[] {
  if (vrrp === undefined || vrrp.instances.length === 0) return [];
  const rows = vrrp.instances.map((instance) => [
    instance.name,
    colouredState(instance.state, colours),
    String(instance.effectivePriority),
    `${instance.interface} vrid ${instance.vrid}${instance.family === 6 ? ' IPv6' : ''}`,
    formatMoment(instance.lastTransition?.at, now),
    instance.lastTransition?.cause?.text ?? '',
  ]);
  const [header = '', ...lines] = table(['INSTANCE', 'STATE', 'PRIO', 'ON', 'SINCE', 'WHY'], rows);
  return [
    colours.dim(header),
    ...vrrp.instances.flatMap((instance, index) => [
      lines[index] ?? '',
      ...instanceDetails(instance, now, colours).map((text) => `    ${text}`),
    ]),
  ];
}

function instanceDetails(instance: VrrpInstance, now: Date, colours: Colours): string[] {
  const details: string[] = [];
  const addresses = instance.addresses.map(({ address, interface: on, present }) => {
    const text = `${address} on ${on}`;
    return present ? colours.green(text) : colours.dim(`${text} (not here)`);
  });
  if (addresses.length > 0) details.push(`addresses: ${addresses.join(', ')}`);
  if (instance.priorityTerms.length > 1) details.push(`priority: ${priorityText(instance)}`);
  if (instance.state === VrrpStateName.VRRP_STATE_NAME_BACKUP && instance.masterAddress !== '') {
    const age = instance.lastAdvertAgeMs;
    const heard = age === undefined ? '' : `, heard ${formatAge(Number(age))} ago`;
    details.push(`master: ${instance.masterAddress} with priority ${instance.masterPriority}${heard}`);
  }
  const good = instance.trackers.filter(({ up }) => up).map(({ kind, name, detail }) => `${kind} ${name} ${detail}`);
  if (good.length > 0) details.push(`tracks: ${good.join(', ')}`);
  for (const tracker of instance.trackers) if (!tracker.up) details.push(colours.yellow(trackerText(tracker, now)));
  for (const wait of instance.waits) details.push(colours.yellow(wait));
  for (const fault of instance.faults) details.push(colours.red(`fault: ${fault}`));
  return details;
}

/** `script chk is bad, weight -30: exit 3, since 12:00:00`. */
function trackerText({ kind, name, condition, weight, reverse, detail, since }: VrrpTracker, now: Date): string {
  const state = kind === 'interface' ? 'down' : condition === '' ? 'bad' : condition;
  const what = weight === 0 ? '' : `, weight ${weight}`;
  const when = since === undefined ? '' : `, since ${formatMoment(since, now)}`;
  return `${kind} ${name} is ${state}${what}${reverse ? ' reverse' : ''}${detail === '' ? '' : `: ${detail}`}${when}`;
}

function groups({ vrrp }: SuiteStatus, now: Date, colours: Colours): string[] {
  if (vrrp === undefined || vrrp.groups.length === 0) return [];
  const rows = vrrp.groups.map((group) => [
    group.name,
    colouredState(group.state, colours),
    group.members.join(' '),
    formatMoment(group.lastTransition?.at, now),
    group.lastTransition?.cause?.text ?? '',
  ]);
  return dimHeader(table(['GROUP', 'STATE', 'MEMBERS', 'SINCE', 'WHY'], rows), colours);
}

function virtualServers({ health, ipvs }: SuiteStatus, colours: Colours): string[] {
  if (health === undefined || health.virtualServers.length === 0) return [];
  const rows = health.virtualServers.flatMap((server) => [
    [
      colours.bold(server.name),
      server.quorumUp ? colours.green('UP') : colours.red('DOWN'),
      String(server.weightUp),
      `quorum ${server.quorum}${server.sorryServerActive ? ', sorry server active' : ''}`,
    ],
    ...realServersOf(server).map((real) => realServerRow(real, colours)),
  ]);
  const lines = dimHeader(table(['VIRTUAL / REAL SERVER', 'STATE', 'WEIGHT', 'DETAIL'], rows), colours);
  if (ipvs !== undefined && !ipvs.available) lines.push(colours.red(`No IPVS here: ${ipvs.unavailableReason}`));
  return lines;
}

const realServersOf = (server: VirtualServer): readonly RealServer[] => server.realServers;

function realServerRow(real: RealServer, colours: Colours): string[] {
  const failing = real.checkers.filter(({ up, checked }) => checked && !up);
  const waiting = real.checkers.some(({ checked }) => !checked);
  const detail = failing.map(({ kind, target, lastError }) => `${kind} ${target}: ${lastError}`).join('; ');
  return [
    `  ${real.name}`,
    real.up ? colours.green('UP') : colours.red('DOWN'),
    String(real.weight),
    [detail === '' && waiting ? 'not checked yet' : detail, real.order].filter((text) => text !== '').join('; '),
  ];
}

function services(status: SuiteStatus, now: Date, colours: Colours): string[] {
  const spares = status.spare === undefined ? [] : [{ ...status.spare, name: `${status.spare.name} (spare)` }];
  const modules = status.modules.map((module) => ({ ...module, name: `${module.name} (module)` }));
  const rows = [...status.services, ...spares, ...modules].map((service) => [
    service.name,
    colouredHealth(service.health, colours),
    service.pid === 0 ? '' : String(service.pid),
    String(service.restarts),
    formatMoment(service.startedAt, now),
    [service.detail, ...service.impairments].filter((text) => text !== '').join('; '),
  ]);
  return dimHeader(table(['SERVICE', 'HEALTH', 'PID', 'RESTARTS', 'STARTED', 'DETAIL'], rows), colours);
}

/** What operators ordered. */
function orders({ orders: found }: SuiteStatus, now: Date, colours: Colours): string[] {
  if (found.length === 0) return [];
  return [colours.bold('Orders in force:'), ...found.map((order) => colours.yellow(`  ${orderLine(order, now)}`))];
}

/** How punctual vrrpd was, and with what priority it runs. */
function pace({ vrrp }: SuiteStatus, colours: Colours): string[] {
  const found = vrrp?.pace;
  if (found === undefined || found.deadlinesServed === 0n) return [];
  const mean = Number(found.latenessTotalUs) / Number(found.deadlinesServed) / 1_000;
  const worst = Number(found.latenessWorstUs) / 1_000;
  const priority = found.realtimePriority === 0 ? 'ordinary priority' : `real-time priority ${found.realtimePriority}`;
  return [
    colours.dim(
      `vrrpd: ${priority}; deadlines served ${mean.toFixed(2)} ms late on average, ${worst.toFixed(1)} ms at worst`,
    ),
  ];
}

function notices(status: SuiteStatus, colours: Colours): string[] {
  const unconfined = status.services.map(({ rights }) => rights?.unconfined ?? '').find((text) => text !== '');
  const confinement =
    unconfined === undefined ? [] : [colours.yellow(`Services have more rights than they need: ${unconfined}`)];
  if (status.refusedReload.length === 0) return confinement;
  return [
    ...confinement,
    colours.red('The last reload was refused:'),
    ...status.refusedReload.map((found) => `  ${formatWireDiagnostic(found)}`),
  ];
}

function dimHeader([header = '', ...rows]: string[], colours: Colours): string[] {
  return [colours.dim(header), ...rows];
}

function colouredState(state: VrrpStateName, colours: Colours): string {
  const text = vrrpStateText(state);
  if (state === VrrpStateName.VRRP_STATE_NAME_MASTER) return colours.green(text);
  if (state === VrrpStateName.VRRP_STATE_NAME_BACKUP) return colours.cyan(text);
  return state === VrrpStateName.VRRP_STATE_NAME_FAULT ? colours.red(text) : colours.yellow(text);
}

function colouredHealth(health: ServiceHealth, colours: Colours): string {
  const text = serviceHealthText(health);
  return health === ServiceHealth.SERVICE_HEALTH_READY ? colours.green(text) : colours.yellow(text);
}
