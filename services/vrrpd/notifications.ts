/** What people and scripts are told about a transition, in keepalived's words and forms. Pure. */
import type { Mail, Notification, ScriptCall } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { NotifyConfig, ScriptCommand } from './config/model.js';
import type { Transition } from './virtualRouter.js';

/** The states scripts and FIFOs know. */
type ToldState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP';

/** Whose transition, and who wants to know. */
export interface NotifyContext {
  readonly notify: NotifyConfig;
  readonly routerId: string;
  /** There is somebody to send mails to. */
  readonly mailConfigured: boolean;
}

/**
 * The notification for a transition, or none when the new state is nothing to tell.
 * Scripts: first the one of the state, exactly as configured, then `notify` with `INSTANCE|GROUP NAME STATE PRIORITY`.
 */
export function notificationFor(transition: Transition, context: NotifyContext): Notification | undefined {
  const state = toldState(transition.to);
  if (state === undefined) return undefined;
  const { notify } = context;
  const kind = transition.group ? 'GROUP' : 'INSTANCE';
  const { name, priority } = transition;
  const ofState = { MASTER: notify.master, BACKUP: notify.backup, FAULT: notify.fault, STOP: notify.stop }[state];
  const scripts = [
    ...(ofState === undefined ? [] : [scriptCall(ofState, [])]),
    ...(notify.any === undefined ? [] : [scriptCall(notify.any, [kind, name, state, String(priority)])]),
  ];
  return {
    id: undefined,
    lane: `${transition.group ? 'group' : 'instance'} ${name}`,
    summary: `${name} ${transition.from.toUpperCase()} -> ${state}`,
    scripts,
    vrrpFifoLines: [`${kind} "${name}" ${state} ${priority}`],
    lvsFifoLines: [],
    mails: notify.smtpAlert && context.mailConfigured ? [mail(transition, state, context.routerId)] : [],
    at: transition.at,
  };
}

function toldState(to: Transition['to']): ToldState | undefined {
  switch (to) {
    case 'master':
      return 'MASTER';
    case 'backup':
      return 'BACKUP';
    case 'fault':
      return 'FAULT';
    case 'stop':
      return 'STOP';
    // keepalived.conf(5), notify_deleted: without it an instance that is no longer configured is told as FAULT.
    case 'deleted':
      return 'FAULT';
    case 'init':
    case 'leaving':
      return undefined;
  }
}

const scriptCall = (script: ScriptCommand, more: readonly string[]): ScriptCall => ({
  argv: [...script.argv, ...more],
  user: script.user ?? '',
  group: script.group ?? '',
  configuredAt: `${script.position.file}:${script.position.line}:${script.position.column}`,
});

function mail(transition: Transition, state: ToldState, routerId: string): Mail {
  const what = transition.group ? 'Group' : 'Instance';
  const happening = state === 'STOP' ? 'Stopping' : `Entering ${state} state`;
  return {
    subject: `[${routerId}] VRRP ${what} ${transition.name} - ${happening}`,
    body: `=> ${transition.group ? groupBody(state) : instanceBody(transition, state)} <=`,
  };
}

function groupBody(state: ToldState): string {
  return state === 'STOP'
    ? 'All VRRP group instances are now stopping'
    : `All VRRP group instances are now in ${state} state`;
}

function instanceBody(transition: Transition, state: ToldState): string {
  if (state === 'STOP') return 'VRRP Instance stopping';
  if (transition.to === 'deleted') return 'VRRP Deleted at reload';
  return state === 'MASTER' ? 'VRRP Instance is now owning VRRP VIPs' : 'VRRP Instance is no longer owning VRRP VIPs';
}
