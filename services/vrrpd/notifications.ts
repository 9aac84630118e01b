/** What people and scripts are told about a transition, in keepalived's words and forms. Pure. */
import type { Mail, Notification, ScriptCall } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { NotifyConfig, ScriptCommand } from './config/model.js';
import type { Transition } from './virtualRouter.js';

/** The states scripts and FIFOs know. */
type ToldState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | 'DELETED';

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
  const { notify } = context;
  const state = toldState(transition.to, notify);
  if (state === undefined) return undefined;
  const kind = transition.group ? 'GROUP' : 'INSTANCE';
  const { name, priority } = transition;
  const ofState = scriptOf(state, transition.to, notify);
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
    mails: isMailed(transition, context) ? [mail(transition, state, context.routerId)] : [],
    at: transition.at,
    state,
  };
}

/** What else there is to tell of an instance: `INSTANCE "VI_1" MASTER_PRIORITY 120` and the like. */
export function noticeFor(
  kind: 'lower-priority' | 'priority',
  instance: { readonly name: string; readonly state: 'master' | 'backup' | 'other'; readonly priority: number },
  context: Pick<NotifyContext, 'notify'> & { readonly fifoConfigured: boolean; readonly at: Date },
): Notification | undefined {
  const { notify, fifoConfigured, at } = context;
  const { name, state, priority } = instance;
  let event: string;
  let scripts: ScriptCall[] = [];
  if (kind === 'priority') {
    if (!notify.priorityChanges || !fifoConfigured || state === 'other') return undefined;
    event = state === 'master' ? 'MASTER_PRIORITY' : 'BACKUP_PRIORITY';
  } else {
    if (notify.lowerPriority === undefined && !fifoConfigured) return undefined;
    event = 'MASTER_RX_LOWER_PRI';
    scripts = notify.lowerPriority === undefined ? [] : [scriptCall(notify.lowerPriority, [])];
  }
  return {
    id: undefined,
    lane: `instance ${name}`,
    summary: `${name} ${event} ${priority}`,
    scripts,
    vrrpFifoLines: [`INSTANCE "${name}" ${event} ${priority}`],
    lvsFifoLines: [],
    mails: [],
    at,
    state: '',
  };
}

/** `fifo_write_vrrp_states_on_reload`: where everything stands, for FIFOs alone. */
export function statesNotification(
  instances: readonly { readonly name: string; readonly state: Transition['to']; readonly priority: number }[],
  groups: readonly { readonly name: string; readonly state: Transition['to'] }[],
  at: Date,
): Notification | undefined {
  const line = (kind: string, name: string, state: Transition['to'], priority: number): string[] => {
    const told = state === 'deleted' ? undefined : toldState(state, undefined);
    return told === undefined ? [] : [`${kind} "${name}" ${told} ${priority}`];
  };
  const vrrpFifoLines = [
    ...instances.flatMap(({ name, state, priority }) => line('INSTANCE', name, state, priority)),
    ...groups.flatMap(({ name, state }) => line('GROUP', name, state, 0)),
  ];
  if (vrrpFifoLines.length === 0) return undefined;
  const summary = 'states after a reload';
  return {
    id: undefined,
    lane: summary,
    summary,
    scripts: [],
    vrrpFifoLines,
    lvsFifoLines: [],
    mails: [],
    at,
    state: '',
  };
}

const isMailed = ({ to }: Transition, { notify, mailConfigured }: NotifyContext): boolean =>
  mailConfigured && notify.smtpAlert && !(to === 'fault' && notify.noFaultMails === true);

/** keepalived runs no script of a state for an instance that was deleted, though it may tell FAULT. */
function scriptOf(state: ToldState, to: Transition['to'], notify: NotifyConfig): ScriptCommand | undefined {
  if (to === 'deleted') return notify.deleted?.script;
  switch (state) {
    case 'MASTER':
      return notify.master;
    case 'BACKUP':
      return notify.backup;
    case 'FAULT':
      return notify.fault;
    case 'STOP':
      return notify.stop;
    case 'DELETED':
      return notify.deleted?.script;
  }
}

function toldState(to: Transition['to'], notify: NotifyConfig | undefined): ToldState | undefined {
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
      return notify?.deleted === undefined ? 'FAULT' : 'DELETED';
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
