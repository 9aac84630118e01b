/** `global_defs`: reloads. */
import { absolutePath, optional } from '../argument.js';
import { keyword } from '../keyword.js';

export const RELOAD_CHECK_CONFIG = keyword(
  'reload_check_config',
  [optional(absolutePath('log file'))],
  'Checks a configuration before a reload, as is always done; the findings go to the file too.',
);
export const RELOAD_TIME_FILE = keyword(
  'reload_time_file',
  [absolutePath('file')],
  'File whose first line says when to reload: [[YY]YY-MM-DD ]HH:MM:SS[Z]. It is watched, and removed by the reload.',
  { since: '2.2.5' },
);
export const RELOAD_REPEAT = keyword(
  'reload_repeat',
  [],
  'Leaves reload_time_file where it is: a time without a date then holds every day.',
  { since: '2.2.5' },
);
export const RELOAD_FILE = keyword(
  'reload_file',
  [optional(absolutePath('file'))],
  'File that is made or emptied when a reload begins to read the configuration, and removed when it has read it.',
  { since: '2.2.5', default: 'keepalived.reload in the run directory' },
);

export const RELOAD_KEYWORDS = [RELOAD_CHECK_CONFIG, RELOAD_TIME_FILE, RELOAD_REPEAT, RELOAD_FILE];
