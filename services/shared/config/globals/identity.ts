/** `global_defs`: who this machine is, and mail. */
import { choice, flag, optional, port, timer, word } from '../argument.js';
import { keyword, pending } from '../keyword.js';

export const ROUTER_ID = keyword('router_id', [word('name')], 'Names this machine in mails and logs.', {
  default: 'the host name',
  misspellings: ['route_id'],
});

export const NOTIFICATION_EMAIL = keyword('notification_email', [], 'Recipients of mails, one a line.', {
  block: { kind: 'lines', line: 'mail address' },
  repeat: 'list',
});

export const NOTIFICATION_EMAIL_FROM = keyword('notification_email_from', [word('address')], 'Sender of mails.', {
  default: 'keepalived@<host name>',
});

export const SMTP_SERVER = keyword('smtp_server', [word('host'), optional(port())], 'Mail server.', {
  default: 'none: no mail is sent; port 25',
});

export const SMTP_HELO_NAME = keyword('smtp_helo_name', [word('name')], 'Name in the HELO command of mails.', {
  default: 'the host name',
});

export const SMTP_CONNECT_TIMEOUT = keyword(
  'smtp_connect_timeout',
  [timer('seconds', { min: 0.001, max: 4294 })],
  'How long connecting to the mail server may take.',
  { default: '30' },
);

export const SMTP_ALERT = keyword('smtp_alert', [flag()], 'Default of all smtp_alert keywords.', {
  misspellings: ['smtp_alter'],
});

export const SMTP_ALERT_VRRP = keyword(
  'smtp_alert_vrrp',
  [flag()],
  'Default of smtp_alert in VRRP instances and sync groups.',
);

export const SMTP_ALERT_CHECKER = keyword(
  'smtp_alert_checker',
  [flag()],
  'Default of smtp_alert in virtual and real servers.',
);

export const NO_EMAIL_FAULTS = pending('no_email_faults', [], 'Sends no mail for the state FAULT.');

export const IDENTITY_KEYWORDS = [
  ROUTER_ID,
  NOTIFICATION_EMAIL,
  NOTIFICATION_EMAIL_FROM,
  SMTP_SERVER,
  SMTP_HELO_NAME,
  SMTP_CONNECT_TIMEOUT,
  SMTP_ALERT,
  SMTP_ALERT_VRRP,
  SMTP_ALERT_CHECKER,
  NO_EMAIL_FAULTS,
  pending('data_use_instance', [flag()], 'Puts the instance name and the namespace into the names of dump files.'),
  pending('json_version', [choice('version', ['1', '2'])], 'Layout of JSON dumps.', { since: '2.2.8' }),
];
