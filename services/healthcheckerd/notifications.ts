/**
 * What to tell scripts, FIFO readers and people, in keepalived's exact words (scripts get exactly the configured ones). Pure.
 * The notifications of one change are in order: real server, virtual server, and the real server's mail last, because
 * keepalived sends the virtual server's mail first.
 */
import { formatPosition } from '../shared/config/position.js';
import type { ScriptCommand } from '../shared/config/scriptCommand.js';
import type { Mail, Notification, ScriptCall } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { HealthGlobalConfig, RealServerConfig, VirtualServerConfig } from './config/model.js';
import type { QuorumLimits } from './pool.js';

/** A real server came up or went down. */
export interface RealServerChange {
  readonly config: RealServerConfig;
  /** `[10.9.1.1]:tcp:80`. */
  readonly name: string;
  readonly up: boolean;
  /** Text of the mail; absent = no mail (an `alpha` server that was never up). */
  readonly mailBody?: string;
}

/** A quorum was gained or lost. */
export interface QuorumChange {
  readonly up: boolean;
  /** The state a virtual server starts with. */
  readonly starting: boolean;
  readonly limits: QuorumLimits;
  readonly weightUp: number;
}

/** The virtual server it is about. */
export interface VirtualServerRef {
  readonly name: string;
  readonly config: VirtualServerConfig;
}

/** Body of a quorum mail: `=> Gained quorum 2+1=3 <= 3 <=`. */
function quorumMailBody({ up, starting, limits, weightUp }: QuorumChange): string {
  const { quorum, hysteresis } = limits;
  const event = starting ? `Starting with quorum ${up ? 'up' : 'down'}` : up ? 'Gained quorum' : 'Lost quorum';
  const comparison = up
    ? `${quorum}+${hysteresis}=${quorum + hysteresis} <= ${weightUp}`
    : `${quorum}-${hysteresis}=${quorum - hysteresis} > ${weightUp}`;
  return `=> ${event} ${comparison} <=`;
}

const word = (up: boolean): string => (up ? 'UP' : 'DOWN');

function scriptCalls(script: ScriptCommand | undefined): ScriptCall[] {
  if (script === undefined) return [];
  return [
    {
      argv: [...script.argv],
      user: script.user ?? '',
      group: script.group ?? '',
      configuredAt: formatPosition(script.position),
    },
  ];
}

/** Builds the notifications of the virtual server `name`. */
export class NotificationBuilder {
  readonly #global: HealthGlobalConfig;

  constructor(global: HealthGlobalConfig) {
    this.#global = global;
  }

  /** A change of a real server, of the quorum, or of both because of each other. */
  change(
    virtual: VirtualServerRef,
    at: Date,
    server: RealServerChange | undefined,
    quorum: QuorumChange | undefined,
  ): Notification[] {
    const notifications: Notification[] = [];
    if (server !== undefined) {
      const { config, name, up } = server;
      notifications.push({
        ...blank(virtual, at, `${name} of ${virtual.name} ${word(up)}`),
        scripts: scriptCalls(up ? config.notifyUp : config.notifyDown),
        lvsFifoLines: [`RS ${name} ${virtual.name} ${word(up)}`],
      });
    }
    if (quorum !== undefined) {
      const { config } = virtual;
      const subject = `Virtualserver ${virtual.name} - ${word(quorum.up)}`;
      notifications.push({
        ...blank(virtual, at, `${virtual.name} ${word(quorum.up)}`),
        scripts: scriptCalls(quorum.up ? config.quorumUp : config.quorumDown),
        lvsFifoLines: [`VS ${virtual.name} ${word(quorum.up)}`],
        mails: config.smtpAlert ? this.#mail(subject, quorumMailBody(quorum)) : [],
      });
    }
    if (server !== undefined) notifications.push(...this.checkerMail(virtual, at, server));
    return notifications;
  }

  /** Only the mail about a checker of a real server; empty where none is wanted. */
  checkerMail(virtual: VirtualServerRef, at: Date, server: RealServerChange): Notification[] {
    if (server.mailBody === undefined || !server.config.smtpAlert) return [];
    const subject = `Realserver ${server.name} of virtual server ${virtual.name} - ${word(server.up)}`;
    const mails = this.#mail(subject, server.mailBody);
    return mails.length === 0 ? [] : [{ ...blank(virtual, at, subject), mails }];
  }

  #mail(subject: string, body: string): Mail[] {
    return this.#global.mailConfigured ? [{ subject: `[${this.#global.routerId}] ${subject}`, body }] : [];
  }
}

function blank(virtual: VirtualServerRef, at: Date, summary: string): Notification {
  return {
    id: undefined,
    lane: `virtual_server ${virtual.name}`,
    summary,
    scripts: [],
    vrrpFifoLines: [],
    lvsFifoLines: [],
    mails: [],
    at,
    state: '',
  };
}
