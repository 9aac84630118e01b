/** What instances and groups track, and the definitions of what can be tracked. */
import { choice, decimal, integer, optional, rest, script, timer, word } from '../../../shared/config/argument.js';
import { KeywordTable, keyword } from '../../../shared/config/keyword.js';
import { REVERSE, TRACK_FILE_DEFINITION } from '../../../shared/config/trackFile.js';

/** Options after the name of what is tracked, with the weights that keepalived takes. */
const trackedOptions = (scope: string, most: number): KeywordTable =>
  new KeywordTable(scope, [
    keyword(
      'weight',
      [integer('weight', { min: -most, max: most })],
      'What it adds to the priority; 0: FAULT when it fails.',
      {
        default: 'the weight of its definition',
      },
    ),
    keyword('reverse', [], 'Turns the direction round.'),
    keyword('noreverse', [], 'Does not, whatever the definition says.', { aliases: ['no_reverse'] }),
  ]);

export const TRACK_INTERFACE = keyword(
  'track_interface',
  [],
  'Interfaces whose failure means FAULT or moves the priority.',
  {
    block: {
      kind: 'lines',
      line: 'interface [weight <-253..253>] [reverse|noreverse]',
      options: trackedOptions('a tracked interface', 253),
    },
    repeat: 'list',
  },
);

const tracked = (name: string, what: string, most: number, doc: string) =>
  keyword(name, [], doc, {
    block: {
      kind: 'lines',
      line: `name [weight <-${most}..${most}>] [reverse|noreverse]`,
      options: trackedOptions(`a tracked ${what}`, most),
    },
    repeat: 'list',
  });

// keepalived reads -254 and 254 for scripts too and takes them as -253 and 253.
export const TRACK_SCRIPT = tracked('track_script', 'script', 254, 'Scripts that move the priority or mean FAULT.');
export const TRACK_FILE = tracked('track_file', 'file', 254, 'Files whose number moves the priority.');
export const TRACK_PROCESS = tracked('track_process', 'process', 254, 'Processes that have to run.');
export const TRACK_BFD = tracked('track_bfd', 'BFD session', 253, 'BFD sessions that have to be Up.');

/** The tracking blocks that instances and sync groups share. */
export const TRACK_KEYWORDS = [TRACK_INTERFACE, TRACK_SCRIPT, TRACK_FILE, TRACK_PROCESS, TRACK_BFD];

const WEIGHT = [integer('weight', { min: -254, max: 254 }), REVERSE] as const;
const USER = [word('user'), optional(word('group'))] as const;

const RUN_TIME = [timer('seconds', { min: 0.001, max: 4294 })] as const;
const COUNT = [integer('count', { min: 1, max: 2 ** 31 - 1 })] as const;

export const SCRIPT_COMMAND = keyword(
  'script',
  [script(), optional(word('user')), optional(word('group'))],
  'What to run.',
);
export const SCRIPT_INTERVAL = keyword('interval', RUN_TIME, 'Time between the beginnings of two runs.', {
  default: '1',
});
export const SCRIPT_TIMEOUT = keyword(
  'timeout',
  RUN_TIME,
  'Time after which a run has failed and is killed with its children.',
  { default: 'interval' },
);
export const SCRIPT_WEIGHT = keyword('weight', WEIGHT, 'What a result adds to the priority; 0: FAULT on failure.', {
  default: '0',
});
export const SCRIPT_RISE = keyword(
  'rise',
  COUNT,
  'Successes in a row until it is good; the first result counts alone.',
  {
    default: '1',
  },
);
export const SCRIPT_FALL = keyword('fall', COUNT, 'Failures in a row until it is bad; the first result counts alone.', {
  default: '1',
});
export const SCRIPT_USER_OF = keyword('user', USER, 'User and group of the script.', { default: 'script_user' });
export const SCRIPT_INIT_FAIL = keyword('init_fail', [], 'Counts as failed until it succeeded.');

const SCRIPT_TABLE = new KeywordTable('vrrp_script', [
  SCRIPT_COMMAND,
  SCRIPT_INTERVAL,
  SCRIPT_TIMEOUT,
  SCRIPT_WEIGHT,
  SCRIPT_RISE,
  SCRIPT_FALL,
  SCRIPT_USER_OF,
  SCRIPT_INIT_FAIL,
]);

const DELAY = [decimal('seconds', { min: 0, max: 3600 })] as const;

export const PROCESS_COMMAND = keyword('process', [rest(word('name and parameters'))], 'The process to look for.');
export const PROCESS_PARAM_MATCH = keyword(
  'param_match',
  [choice('match', ['initial', 'partial'])],
  'partial: the first parameters have to match; initial: the last of them may be longer as well.',
  { default: 'all parameters, when some are given' },
);
export const PROCESS_WEIGHT = keyword('weight', WEIGHT, 'What it adds to the priority; 0: FAULT without quorum.', {
  default: '1',
});
export const PROCESS_QUORUM = keyword('quorum', COUNT, 'Fewest processes.', { default: '1' });
export const PROCESS_QUORUM_MAX = keyword(
  'quorum_max',
  [integer('count', { min: 0 })],
  'Most processes; 0: none may run.',
);
export const PROCESS_FORK_DELAY = keyword('fork_delay', DELAY, 'Time until a quorum changed by a start counts.', {
  default: 'delay, 0',
});
export const PROCESS_TERMINATE_DELAY = keyword(
  'terminate_delay',
  DELAY,
  'Time until a quorum changed by an end counts.',
  { default: 'delay, 0' },
);
export const PROCESS_DELAY = keyword('delay', DELAY, 'Both delays.', { default: '0' });
export const PROCESS_FULL_COMMAND = keyword(
  'full_command',
  [],
  'Compares with the first word of the command line, not with the name of the process.',
);

const PROCESS_TABLE = new KeywordTable('vrrp_track_process', [
  PROCESS_COMMAND,
  PROCESS_PARAM_MATCH,
  PROCESS_WEIGHT,
  PROCESS_QUORUM,
  PROCESS_QUORUM_MAX,
  PROCESS_FORK_DELAY,
  PROCESS_TERMINATE_DELAY,
  PROCESS_DELAY,
  PROCESS_FULL_COMMAND,
]);

export const VRRP_SCRIPT = keyword('vrrp_script', [word('name')], 'A script run again and again.', {
  block: { kind: 'keywords', table: SCRIPT_TABLE },
  repeat: 'list',
});
export const VRRP_TRACK_PROCESS = keyword('vrrp_track_process', [word('name')], 'A process that has to run.', {
  block: { kind: 'keywords', table: PROCESS_TABLE },
  repeat: 'list',
});

/** Top-level definitions. */
export const TRACK_DEFINITIONS = [VRRP_SCRIPT, TRACK_FILE_DEFINITION, VRRP_TRACK_PROCESS];
