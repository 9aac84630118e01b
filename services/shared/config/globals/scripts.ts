/** `global_defs`: scripts and FIFOs. */
import { integer, optional, script, timer, word } from '../argument.js';
import { keyword } from '../keyword.js';

const OWNER = [optional(word('user')), optional(word('group'))] as const;

export const SCRIPT_USER = keyword(
  'script_user',
  [word('user'), optional(word('group'))],
  'User and group that scripts run as, unless they name their own.',
  { default: 'keepalived_script where that user exists, otherwise the user of the daemon' },
);

export const ENABLE_SCRIPT_SECURITY = keyword(
  'enable_script_security',
  [],
  'Refuses scripts that would run as root when somebody else could replace them.',
);

export const NOTIFY_FIFO = keyword('notify_fifo', [word('path'), ...OWNER], 'FIFO for all notifications.');
export const NOTIFY_FIFO_SCRIPT = keyword('notify_fifo_script', [script(), ...OWNER], 'Reader of notify_fifo.');
export const VRRP_NOTIFY_FIFO = keyword('vrrp_notify_fifo', [word('path'), ...OWNER], 'FIFO for VRRP notifications.');
export const VRRP_NOTIFY_FIFO_SCRIPT = keyword(
  'vrrp_notify_fifo_script',
  [script(), ...OWNER],
  'Reader of vrrp_notify_fifo.',
);
export const LVS_NOTIFY_FIFO = keyword('lvs_notify_fifo', [word('path'), ...OWNER], 'FIFO for LVS notifications.');
export const LVS_NOTIFY_FIFO_SCRIPT = keyword(
  'lvs_notify_fifo_script',
  [script(), ...OWNER],
  'Reader of lvs_notify_fifo.',
);

export const NOTIFY_SCRIPT_TIMEOUT = keyword(
  'notify_script_timeout',
  [timer('seconds', { min: 0.1, max: 86400 })],
  'How long a notify script may run before it and its children are killed (Keepwatch only).',
  { default: '90' },
);

const SCRIPT_TIMEOUT = [integer('seconds', { min: 1, max: 1000 })] as const;

export const STARTUP_SCRIPT = keyword(
  'startup_script',
  [script(), ...OWNER],
  'Runs once before the services start; not when running services are taken over.',
);
export const STARTUP_SCRIPT_TIMEOUT = keyword(
  'startup_script_timeout',
  SCRIPT_TIMEOUT,
  'How long startup_script may run before it and its children are killed; the start goes on then.',
  { default: '10' },
);
export const SHUTDOWN_SCRIPT = keyword('shutdown_script', [script(), ...OWNER], 'Runs once after the services ended.');
export const SHUTDOWN_SCRIPT_TIMEOUT = keyword(
  'shutdown_script_timeout',
  SCRIPT_TIMEOUT,
  'How long shutdown_script may run before it and its children are killed.',
  { default: '10' },
);

export const FIFO_WRITE_VRRP_STATES_ON_RELOAD = keyword(
  'fifo_write_vrrp_states_on_reload',
  [],
  'Writes the states of all instances and sync groups to the FIFOs after a reload.',
);

export const SCRIPT_KEYWORDS = [
  SCRIPT_USER,
  ENABLE_SCRIPT_SECURITY,
  NOTIFY_FIFO,
  NOTIFY_FIFO_SCRIPT,
  VRRP_NOTIFY_FIFO,
  VRRP_NOTIFY_FIFO_SCRIPT,
  LVS_NOTIFY_FIFO,
  LVS_NOTIFY_FIFO_SCRIPT,
  NOTIFY_SCRIPT_TIMEOUT,
  FIFO_WRITE_VRRP_STATES_ON_RELOAD,
  STARTUP_SCRIPT,
  STARTUP_SCRIPT_TIMEOUT,
  SHUTDOWN_SCRIPT,
  SHUTDOWN_SCRIPT_TIMEOUT,
];
