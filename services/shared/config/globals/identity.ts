/** `global_defs`: who this machine is, and mail. */
import { choice, flag, integer, optional, port, timer, word } from '../argument.js';
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

export const SMTP_TLS = keyword(
  'smtp_tls',
  [choice('mode', ['off', 'starttls', 'tls'])],
  'Encrypts mails: by STARTTLS, which the server has to offer, or from the first byte (Keepwatch only).',
  { default: 'off, as in keepalived; with tls the port of smtp_server is 465 unless given' },
);

export const SMTP_TLS_CA = keyword(
  'smtp_tls_ca',
  [word('file')],
  'Certificates (PEM) that may vouch for the mail server, instead of the well-known ones (Keepwatch only).',
);

export const SMTP_TLS_NAME = keyword(
  'smtp_tls_name',
  [word('name')],
  'Name that the certificate of the mail server must bear (Keepwatch only).',
  { default: 'the host of smtp_server' },
);

export const SMTP_USERNAME = keyword(
  'smtp_username',
  [word('name')],
  'Logs in to the mail server with this name, and smtp_password or smtp_password_file (Keepwatch only).',
);

export const SMTP_PASSWORD = keyword(
  'smtp_password',
  [word('password')],
  'Password of smtp_username (Keepwatch only).',
);

export const SMTP_PASSWORD_FILE = keyword(
  'smtp_password_file',
  [word('file')],
  'File whose first line is the password of smtp_username; read for every mail (Keepwatch only).',
);

export const SMTP_DIGEST = keyword(
  'smtp_digest',
  [timer('seconds', { min: 0, max: 86400 }), optional(integer('mails', { min: 1, max: 1000 }))],
  'Collects the mails about what had more than so many in so many seconds; 0: never (Keepwatch only).',
  { default: '60 10' },
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

export const NO_EMAIL_FAULTS = keyword('no_email_faults', [], 'Sends no mail when an instance or group enters FAULT.');

export const IDENTITY_KEYWORDS = [
  ROUTER_ID,
  NOTIFICATION_EMAIL,
  NOTIFICATION_EMAIL_FROM,
  SMTP_SERVER,
  SMTP_HELO_NAME,
  SMTP_CONNECT_TIMEOUT,
  SMTP_TLS,
  SMTP_TLS_CA,
  SMTP_TLS_NAME,
  SMTP_USERNAME,
  SMTP_PASSWORD,
  SMTP_PASSWORD_FILE,
  SMTP_DIGEST,
  SMTP_ALERT,
  SMTP_ALERT_VRRP,
  SMTP_ALERT_CHECKER,
  NO_EMAIL_FAULTS,
  keyword(
    'data_use_instance',
    [flag()],
    'Accepted: a suite with a name has a state directory, and so dump files, of its own.',
  ),
  pending('json_version', [choice('version', ['1', '2'])], 'Layout of JSON dumps.', { since: '2.2.8' }),
];
