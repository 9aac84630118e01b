/**
 * What notifierd runs on: the typed meaning of its part of `global_defs`.
 * Built by `interpretNotifyConfig` from a statement tree; plain data, comparable by value.
 */
import type { SourcePosition } from '../../shared/config/position.js';
import type { ScriptCommand } from '../../shared/config/scriptCommand.js';
import { type Micros, seconds } from '../../shared/time/duration.js';

/** Port of `smtp_server` when none is given. */
export const DEFAULT_SMTP_PORT = 25;
/** Port of `smtp_server` with `smtp_tls tls` (RFC 8314 3.3) when none is given. */
export const DEFAULT_SMTPS_PORT = 465;
/** `smtp_digest` when it is not given: calm objects never reach it, flapping ones within a minute. */
export const DEFAULT_DIGEST: DigestConfig = { interval: seconds(60), mails: 10 };
/** `smtp_connect_timeout` when it is not given. */
export const DEFAULT_SMTP_CONNECT_TIMEOUT: Micros = seconds(30);
/** How long a notify script may run when nothing is configured (keepalived has no limit, so a hung script stays for ever). */
export const DEFAULT_SCRIPT_TIMEOUT: Micros = seconds(90);

/** Where and as whom mails are sent. */
export interface MailConfig {
  /** `smtp_server`: address or host name. */
  readonly host: string;
  readonly port: number;
  /** `smtp_connect_timeout`. */
  readonly connectTimeout: Micros;
  /** `smtp_helo_name`; default: the local host name. */
  readonly heloName: string;
  /** `notification_email_from`; default: `keepalived@<local host name>`. */
  readonly from: string;
  /** `notification_email`, in the order of the file, at least one. */
  readonly recipients: readonly string[];
  readonly tls: MailTls;
  /** Absent = nobody logs in. */
  readonly login?: MailLogin;
  /** Absent = every mail is sent by itself. */
  readonly digest?: DigestConfig;
}

/** How the connection to the mail server is protected. */
export interface MailTls {
  /** `starttls` and `tls` are demanded: a server without them gets no mail. */
  readonly mode: 'off' | 'starttls' | 'tls';
  /** `smtp_tls_ca`: file with the certificates to trust; absent = the well-known ones. */
  readonly caFile?: string;
  /** `smtp_tls_name`; absent = `host`. */
  readonly name?: string;
}

/** `smtp_username` and where its password is. */
export interface MailLogin {
  readonly user: string;
  readonly password?: string;
  readonly passwordFile?: string;
}

/** `smtp_digest`: more than `mails` mails of one lane within `interval` are collected. */
export interface DigestConfig {
  readonly interval: Micros;
  readonly mails: number;
}

export type { ScriptCommand };

/** One notify FIFO: lines of its kind are written to it. */
export interface FifoConfig {
  readonly path: string;
  /** Owner of a FIFO that has to be made; absent = the default script user, the user's group. */
  readonly user?: string;
  readonly group?: string;
  readonly position: SourcePosition;
  /** `…_fifo_script`: kept running as the reader; it gets the FIFO path as its last argument. */
  readonly script?: ScriptCommand;
}

/** As whom scripts run, for how long, and how much their files are distrusted. */
export interface ScriptConfig {
  /** `script_user`; absent = `keepalived_script` where that user exists, otherwise the user the daemon runs as. */
  readonly user?: string;
  /** Second word of `script_user`; absent = the user's own group. */
  readonly group?: string;
  /** `enable_script_security`: a script that would run as root is refused when a non-root user could replace it. */
  readonly security: boolean;
  /** `notify_script_timeout` (Keepwatch only): after it a script and all its children are killed. */
  readonly timeout: Micros;
}

/** The whole typed configuration of notifierd. */
export interface NotifyConfig {
  /** `router_id`; default: host name. */
  readonly routerId: string;
  /** Absent when mail cannot be sent: no recipients or no server configured. */
  readonly mail?: MailConfig;
  readonly scripts: ScriptConfig;
  /** `vrrp_notify_fifo`: VRRP lines. */
  readonly vrrpFifo?: FifoConfig;
  /** `lvs_notify_fifo`: LVS lines. */
  readonly lvsFifo?: FifoConfig;
  /** `notify_fifo`: both. */
  readonly commonFifo?: FifoConfig;
}
