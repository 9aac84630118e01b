/** Notifications of instances and sync groups. */
import { flag, optional, script, word } from '../../../shared/config/argument.js';
import { keyword } from '../../../shared/config/keyword.js';

const COMMAND = [script(), optional(word('user')), optional(word('group'))] as const;
const OPTIONAL_COMMAND = [optional(script()), optional(word('user')), optional(word('group'))] as const;

export const NOTIFY_MASTER = keyword('notify_master', COMMAND, 'Runs on becoming MASTER.', { repeat: 'refuse' });
export const NOTIFY_BACKUP = keyword('notify_backup', COMMAND, 'Runs on becoming BACKUP.', { repeat: 'refuse' });
export const NOTIFY_FAULT = keyword('notify_fault', COMMAND, 'Runs on entering FAULT.', { repeat: 'refuse' });
export const NOTIFY_STOP = keyword('notify_stop', COMMAND, 'Runs when VRRP stops.', { repeat: 'refuse' });
export const NOTIFY = keyword(
  'notify',
  COMMAND,
  'Runs on every transition, with INSTANCE or GROUP, name, state and priority as last arguments.',
  { repeat: 'refuse' },
);
export const SMTP_ALERT = keyword('smtp_alert', [flag()], 'Sends a mail on every transition.', {
  default: 'smtp_alert_vrrp or smtp_alert of global_defs, otherwise off',
  misspellings: ['smtp_alter'],
});

export const NOTIFY_DELETED = keyword(
  'notify_deleted',
  OPTIONAL_COMMAND,
  'Says DELETED, not FAULT, when a reload removes the instance, and runs the script where one is named.',
  { repeat: 'refuse' },
);
export const NOTIFY_PRIORITY_CHANGES = keyword(
  'notify_priority_changes',
  [flag()],
  'Writes changes of priority to the FIFOs, as MASTER_PRIORITY or BACKUP_PRIORITY.',
  { default: 'vrrp_notify_priority_changes' },
);
export const NOTIFY_MASTER_RX_LOWER_PRI = keyword(
  'notify_master_rx_lower_pri',
  COMMAND,
  'Runs when a master hears an advertisement of lower priority.',
  { repeat: 'refuse' },
);

export const NOTIFY_KEYWORDS = [
  NOTIFY_MASTER,
  NOTIFY_BACKUP,
  NOTIFY_FAULT,
  NOTIFY_STOP,
  NOTIFY,
  SMTP_ALERT,
  NOTIFY_DELETED,
  NOTIFY_PRIORITY_CHANGES,
];

export const INSTANCE_NOTIFY_KEYWORDS = [...NOTIFY_KEYWORDS, NOTIFY_MASTER_RX_LOWER_PRI];
