/** From the statement tree to what notifierd runs on. All its keywords are in `global_defs`. */
import type { Argument } from '../../shared/config/argument.js';
import type { Interpretation } from '../../shared/config/diagnostic.js';
import {
  NOTIFICATION_EMAIL,
  NOTIFICATION_EMAIL_FROM,
  SMTP_CONNECT_TIMEOUT,
  SMTP_HELO_NAME,
  SMTP_SERVER,
} from '../../shared/config/globals/identity.js';
import * as Scripts from '../../shared/config/globals/scripts.js';
import {
  type InterpretEnvironment,
  mailRecipients,
  readGlobals,
  routerId,
  scriptDefaults,
} from '../../shared/config/globals.js';
import type { KeywordSpec } from '../../shared/config/keyword.js';
import type { Block } from '../../shared/config/readBlock.js';
import { Reporter } from '../../shared/config/reporter.js';
import { readScript } from '../../shared/config/scriptWords.js';
import type { ConfigTree } from '../../shared/config/tree.js';
import { readDigest, readLogin, readTls } from './mailOptions.js';
import { readMailServer } from './mailServer.js';
import {
  DEFAULT_SCRIPT_TIMEOUT,
  DEFAULT_SMTP_CONNECT_TIMEOUT,
  DEFAULT_SMTP_PORT,
  DEFAULT_SMTPS_PORT,
  type FifoConfig,
  type MailConfig,
  type NotifyConfig,
  type ScriptConfig,
} from './model.js';

/** Gives meaning to notifierd's part of a tree. */
export function interpretNotifyConfig(
  tree: ConfigTree,
  environment: InterpretEnvironment,
): Interpretation<NotifyConfig> {
  const report = new Reporter(tree.files, tree.lenient);
  const globals = readGlobals(tree);
  const mail = readMail(globals, environment, report);
  const vrrpFifo = readFifo(globals, Scripts.VRRP_NOTIFY_FIFO, Scripts.VRRP_NOTIFY_FIFO_SCRIPT, report);
  const lvsFifo = readFifo(globals, Scripts.LVS_NOTIFY_FIFO, Scripts.LVS_NOTIFY_FIFO_SCRIPT, report);
  const commonFifo = readFifo(globals, Scripts.NOTIFY_FIFO, Scripts.NOTIFY_FIFO_SCRIPT, report);
  checkDistinct([vrrpFifo, lvsFifo, commonFifo], report);
  const model: NotifyConfig = {
    routerId: routerId(globals, environment),
    ...(mail === undefined ? {} : { mail }),
    scripts: readScripts(globals),
    ...(vrrpFifo === undefined ? {} : { vrrpFifo }),
    ...(lvsFifo === undefined ? {} : { lvsFifo }),
    ...(commonFifo === undefined ? {} : { commonFifo }),
  };
  return report.hasErrors ? { diagnostics: report.diagnostics } : { model, diagnostics: report.diagnostics };
}

function readMail(globals: Block, environment: InterpretEnvironment, report: Reporter): MailConfig | undefined {
  const recipients = mailRecipients(globals);
  const server = globals.last(SMTP_SERVER);
  if (server === undefined) {
    const [first] = globals.lines(NOTIFICATION_EMAIL);
    if (first !== undefined) {
      const hint = 'add smtp_server, or remove notification_email';
      report.warning(first.words[0], 'no-mail-server', 'no mail is sent, since there is no smtp_server', hint);
    }
    return undefined;
  }
  const hostname = nameForMail(environment.hostname);
  const place = readMailServer(server.statement.words, report);
  const tls = readTls(globals, report);
  const login = readLogin(globals, tls, report);
  const digest = readDigest(globals);
  if (place === undefined || recipients.length === 0) return undefined;
  return {
    host: place.host,
    port: place.port ?? (tls.mode === 'tls' ? DEFAULT_SMTPS_PORT : DEFAULT_SMTP_PORT),
    connectTimeout: globals.last(SMTP_CONNECT_TIMEOUT)?.values[0] ?? DEFAULT_SMTP_CONNECT_TIMEOUT,
    heloName: globals.last(SMTP_HELO_NAME)?.values[0] ?? hostname,
    from: globals.last(NOTIFICATION_EMAIL_FROM)?.values[0] ?? `keepalived@${hostname}`,
    recipients,
    tls,
    ...(login === undefined ? {} : { login }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Linux calls a machine without a name `(none)`, which no mail server takes for a name (RFC 5321 4.1.2). */
const nameForMail = (hostname: string): string => (/^[\w.-]+$/.test(hostname) ? hostname : 'localhost');

function readScripts(globals: Block): ScriptConfig {
  return {
    ...scriptDefaults(globals),
    timeout: globals.last(Scripts.NOTIFY_SCRIPT_TIMEOUT)?.values[0] ?? DEFAULT_SCRIPT_TIMEOUT,
  };
}

type OwnedArguments = readonly [Argument<string>, Argument<string | undefined>, Argument<string | undefined>];

function readFifo(
  globals: Block,
  fifo: KeywordSpec<OwnedArguments>,
  fifoScript: KeywordSpec<OwnedArguments>,
  report: Reporter,
): FifoConfig | undefined {
  const found = globals.last(fifo);
  const reader = globals.last(fifoScript);
  const script = reader === undefined ? undefined : readScript(reader.statement.words, report);
  if (found === undefined) {
    if (reader !== undefined) {
      report.warning(reader.keyword, 'ignored', `'${fifoScript.name}' without '${fifo.name}' is ignored`);
    }
    return undefined;
  }
  const [path, user, group] = found.values;
  return {
    path,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    position: report.position(found.statement.words[1] ?? found.keyword),
    ...(script === undefined ? {} : { script }),
  };
}

/** keepalived.conf(5): "the FIFO names must all be different". */
function checkDistinct(fifos: readonly (FifoConfig | undefined)[], report: Reporter): void {
  const seen = new Set<string>();
  for (const fifo of fifos) {
    if (fifo === undefined) continue;
    if (seen.has(fifo.path)) {
      report.errorAt(fifo.position, 'repeated-fifo', `two kinds of notifications cannot share the FIFO '${fifo.path}'`);
    }
    seen.add(fifo.path);
  }
}
