import {
  SMTP_ALERT as GLOBAL_SMTP_ALERT,
  NO_EMAIL_FAULTS,
  SMTP_ALERT_VRRP,
} from '../../../shared/config/globals/identity.js';
import { VRRP_NOTIFY_PRIORITY_CHANGES } from '../../../shared/config/globals/vrrp.js';
import type { KeywordSpec } from '../../../shared/config/keyword.js';
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { ScriptCommand } from '../../../shared/config/scriptCommand.js';
import { readScript } from '../../../shared/config/scriptWords.js';
import {
  NOTIFY,
  NOTIFY_BACKUP,
  NOTIFY_DELETED,
  NOTIFY_FAULT,
  NOTIFY_MASTER,
  NOTIFY_MASTER_RX_LOWER_PRI,
  NOTIFY_PRIORITY_CHANGES,
  NOTIFY_STOP,
  SMTP_ALERT,
} from '../keywords/notify.js';
import type { NotifyConfig } from '../model.js';

/** Reads `notify*` and `smtp_alert` of an instance or a sync group. */
export function readNotify(block: Block, globals: Block, report: Reporter): NotifyConfig {
  const script = (spec: KeywordSpec): ScriptCommand | undefined => {
    const found = block.last(spec);
    return found === undefined ? undefined : readScript(found.statement.words, report);
  };
  const master = script(NOTIFY_MASTER);
  const backup = script(NOTIFY_BACKUP);
  const fault = script(NOTIFY_FAULT);
  const stop = script(NOTIFY_STOP);
  const any = script(NOTIFY);
  const lowerPriority = script(NOTIFY_MASTER_RX_LOWER_PRI);
  const deleted = block.last(NOTIFY_DELETED)?.statement.words;
  const atDeletion = deleted === undefined || deleted.length < 2 ? undefined : readScript(deleted, report);
  return {
    ...(master === undefined ? {} : { master }),
    ...(backup === undefined ? {} : { backup }),
    ...(fault === undefined ? {} : { fault }),
    ...(stop === undefined ? {} : { stop }),
    ...(any === undefined ? {} : { any }),
    ...(lowerPriority === undefined ? {} : { lowerPriority }),
    ...(deleted === undefined ? {} : { deleted: atDeletion === undefined ? {} : { script: atDeletion } }),
    priorityChanges:
      block.last(NOTIFY_PRIORITY_CHANGES)?.values[0] ?? globals.last(VRRP_NOTIFY_PRIORITY_CHANGES)?.values[0] ?? false,
    smtpAlert: readSmtpAlert(block, globals),
    ...(globals.has(NO_EMAIL_FAULTS) ? { noFaultMails: true } : {}),
  };
}

function readSmtpAlert(block: Block, globals: Block): boolean {
  const own = block.last(SMTP_ALERT)?.values[0];
  const vrrp = globals.last(SMTP_ALERT_VRRP)?.values[0];
  return own ?? vrrp ?? globals.last(GLOBAL_SMTP_ALERT)?.values[0] ?? false;
}
