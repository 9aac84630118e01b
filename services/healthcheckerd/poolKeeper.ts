/** Draws the conclusions for pools: what a verdict means for the table, the quorum, and whoever has to be told. */
import type { Logger } from '../shared/log/logger.js';
import type { Notification } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import { verdictMailBody } from './checkerText.js';
import { desiredServices } from './desiredTable.js';
import type { NotificationBuilder, QuorumChange, RealServerChange } from './notifications.js';
import { quorumLimits, viewPool } from './pool.js';
import type { ResumeRecord } from './resumeRecord.js';
import { isJudged, type ServerRuntime, type VirtualRuntime, verdictOf } from './runtime.js';

/** Mail about a server that is taken away by the configuration or by a stop. */
export const REMOVING = '=> Removing <=';

/**
 * Looks at one pool again; what changed of its quorum, where that is told. `starting`: the virtual server is new; without quorum
 * and with nothing that stands in for it keepalived starts in silence, until its servers were checked. Where others that use
 * the same servers know already that they are dead, that is told at once.
 */
export function lookAtPool(
  virtual: VirtualRuntime,
  starting: boolean,
  resume: ResumeRecord,
  logger: Logger,
): QuorumChange | undefined {
  const { config, view: before } = virtual;
  const view = viewPool(config, virtual.servers, before.quorumUp);
  virtual.view = view;
  virtual.desired = desiredServices(config, virtual.targets, view);
  const changed = view.quorumUp !== before.quorumUp;
  if (starting || changed) resume.saveQuorum(virtual.name, view.quorumUp);
  const known = config.sorryServer !== undefined || virtual.servers.every(isJudged);
  const tell = starting ? view.quorumUp || known : changed;
  if (!tell) return undefined;
  const limits = quorumLimits(config);
  const event = starting
    ? `starts with quorum ${view.quorumUp ? 'up' : 'down'}`
    : view.quorumUp
      ? 'gained quorum'
      : 'lost quorum';
  // With a thousand virtual servers, those that start as they should are not worth a line each.
  const level = starting && view.quorumUp ? 'debug' : 'info';
  logger[level](
    `virtual server ${virtual.name} ${event}: weight ${view.weightUp}, quorum ${limits.quorum}, hysteresis ${limits.hysteresis}`,
  );
  return { up: view.quorumUp, starting, limits, weightUp: view.weightUp };
}

/**
 * What is told of a server that is new in its virtual server. One that is down until its check says otherwise comes up, one that is
 * up until then goes down, also where the check, because others want it too, has spoken before this server came.
 */
export function firstNews(server: ServerRuntime, initNotifies: boolean): RealServerChange | undefined {
  const { config, name, checkers } = server;
  const alpha = [...checkers.values()].find((checker) => checker.config.timing.alpha);
  if (verdictOf(server)) {
    if (alpha === undefined) return initNotifies ? { config, name, up: true } : undefined;
    return { config, name, up: true, mailBody: verdictMailBody(alpha.config, true) };
  }
  const dead = [...checkers.values()].find(({ state }) => state.checked && !state.up);
  if (dead === undefined || dead.config.timing.alpha) return undefined;
  return { config, name, up: false, mailBody: verdictMailBody(dead.config, false) };
}

/** What is told of a virtual server that goes: everything that was up is down. */
export function farewell(virtual: VirtualRuntime, notify: NotificationBuilder, at: Date): Notification[] {
  const notifications = virtual.servers
    .filter((server) => server.up)
    .flatMap(({ config, name }) =>
      notify.change(virtual, at, { config, name, up: false, mailBody: REMOVING }, undefined),
    );
  if (!virtual.view.quorumUp) return notifications;
  const limits = quorumLimits(virtual.config);
  const quorum = { up: false, starting: false, limits, weightUp: 0 };
  return [...notifications, ...notify.change(virtual, at, undefined, quorum)];
}
