/** What instances and groups track, and the definitions of what can be tracked. */
import { choice, decimal, integer, optional, rest, script, timer, word } from '../../../shared/config/argument.js';
import { KeywordTable, keyword, pending } from '../../../shared/config/keyword.js';

/** Options after the name of what is tracked, with the weights that keepalived takes. */
const trackedOptions = (scope: string, most: number, make: typeof keyword): KeywordTable =>
  new KeywordTable(scope, [
    make(
      'weight',
      [integer('weight', { min: -most, max: most })],
      'What it adds to the priority; 0: FAULT when it fails.',
      {
        default: 'the weight of its definition',
      },
    ),
    make('reverse', [], 'Turns the direction round.'),
    make('noreverse', [], 'Does not, whatever the definition says.', { aliases: ['no_reverse'] }),
  ]);

export const TRACK_INTERFACE = keyword(
  'track_interface',
  [],
  'Interfaces whose failure means FAULT or moves the priority.',
  {
    block: {
      kind: 'lines',
      line: 'interface [weight <-253..253>] [reverse|noreverse]',
      options: trackedOptions('a tracked interface', 253, keyword),
    },
    repeat: 'list',
  },
);

const tracked = (name: string, what: string, most: number, doc: string) =>
  pending(name, [], doc, {
    block: {
      kind: 'lines',
      line: `name [weight <-${most}..${most}>] [reverse|noreverse]`,
      options: trackedOptions(`a tracked ${what}`, most, pending),
    },
    repeat: 'list',
  });

// keepalived reads -254 and 254 for scripts too and takes them as -253 and 253.
export const TRACK_SCRIPT = tracked('track_script', 'script', 254, 'Scripts that move the priority or mean FAULT.');
export const TRACK_FILE = tracked('track_file', 'file', 254, 'Files whose number moves the priority.');
export const TRACK_PROCESS = tracked('track_process', 'process', 254, 'Processes that have to run.');
export const TRACK_BFD = tracked('track_bfd', 'BFD session', 253, 'BFD sessions that have to be up.');

/** The tracking blocks that instances and sync groups share. */
export const TRACK_KEYWORDS = [TRACK_INTERFACE, TRACK_SCRIPT, TRACK_FILE, TRACK_PROCESS, TRACK_BFD];

const REVERSE = optional(choice('reverse', ['reverse', 'noreverse', 'no_reverse']));
const WEIGHT = [integer('weight', { min: -254, max: 254 }), REVERSE] as const;
const USER = [word('user'), optional(word('group'))] as const;

export const SCRIPT_COMMAND = pending(
  'script',
  [script(), optional(word('user')), optional(word('group'))],
  'What to run.',
);
export const SCRIPT_WEIGHT = pending('weight', WEIGHT, 'What a result adds to the priority.', { default: '0' });

const SCRIPT_TABLE = new KeywordTable('vrrp_script', [
  SCRIPT_COMMAND,
  pending('interval', [timer('seconds', { min: 0.001, max: 4294 })], 'Time between two runs.', { default: '1' }),
  pending('timeout', [timer('seconds', { min: 0.001, max: 4294 })], 'Time after which a run has failed.'),
  SCRIPT_WEIGHT,
  pending('rise', [integer('count', { min: 1 })], 'Successes until it is good.', { default: '1' }),
  pending('fall', [integer('count', { min: 1 })], 'Failures until it is bad.', { default: '1' }),
  pending('user', USER, 'User and group of the script.'),
  pending('init_fail', [], 'Bad until it succeeded.'),
]);

export const FILE_PATH = pending('file', [word('path')], 'The file to watch.');

const FILE_TABLE = new KeywordTable('track_file', [
  FILE_PATH,
  pending('weight', [integer('weight', { min: -2147483647, max: 2147483647 }), REVERSE], 'Multiplier of its number.', {
    default: '1',
  }),
  pending('init_file', [rest(word('value, overwrite'), { atLeast: 0 })], 'Writes the file at the start.'),
]);

export const PROCESS_COMMAND = pending('process', [rest(word('name and parameters'))], 'The process to look for.');
export const PROCESS_WEIGHT = pending('weight', WEIGHT, 'What it adds to the priority.', { default: '1' });
export const PROCESS_QUORUM = pending('quorum', [integer('count', { min: 1 })], 'Fewest processes.', { default: '1' });
export const PROCESS_QUORUM_MAX = pending('quorum_max', [integer('count', { min: 0 })], 'Most processes.');

const PROCESS_TABLE = new KeywordTable('vrrp_track_process', [
  PROCESS_COMMAND,
  pending('param_match', [choice('match', ['initial', 'partial'])], 'How its parameters are compared.'),
  PROCESS_WEIGHT,
  PROCESS_QUORUM,
  PROCESS_QUORUM_MAX,
  pending('fork_delay', [decimal('seconds', { min: 0 })], 'Delay before it counts as up.'),
  pending('terminate_delay', [decimal('seconds', { min: 0 })], 'Delay before it counts as down.'),
  pending('delay', [decimal('seconds', { min: 0 })], 'Both delays.'),
  pending('full_command', [], 'Compares the whole command line.'),
]);

export const VRRP_SCRIPT = pending('vrrp_script', [word('name')], 'A script run again and again.', {
  block: { kind: 'keywords', table: SCRIPT_TABLE },
  repeat: 'list',
});
export const TRACK_FILE_DEFINITION = pending('track_file', [word('name')], 'A file with a number.', {
  aliases: ['vrrp_track_file'],
  block: { kind: 'keywords', table: FILE_TABLE },
  repeat: 'list',
});
export const VRRP_TRACK_PROCESS = pending('vrrp_track_process', [word('name')], 'A process that has to run.', {
  block: { kind: 'keywords', table: PROCESS_TABLE },
  repeat: 'list',
});

/** Top-level definitions. */
export const TRACK_DEFINITIONS = [VRRP_SCRIPT, TRACK_FILE_DEFINITION, VRRP_TRACK_PROCESS];
