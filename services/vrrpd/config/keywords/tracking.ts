/** What instances and groups track, and the definitions of what can be tracked. */
import { decimal, integer, optional, rest, script, timer, word } from '../../../shared/config/argument.js';
import { KeywordTable, keyword, pending } from '../../../shared/config/keyword.js';

export const TRACK_INTERFACE = keyword(
  'track_interface',
  [],
  'Interfaces whose failure means FAULT or moves the priority.',
  {
    block: { kind: 'lines', line: 'interface [weight <-253..253>] [reverse|noreverse]' },
    repeat: 'list',
  },
);

const TRACKED = { kind: 'lines', line: 'name [weight <-254..254>] [reverse|noreverse]' } as const;

/** The tracking blocks that instances and sync groups share. */
export const TRACK_KEYWORDS = [
  TRACK_INTERFACE,
  pending('track_script', [], 'Scripts that move the priority or mean FAULT.', { block: TRACKED, repeat: 'list' }),
  pending('track_file', [], 'Files whose number moves the priority.', { block: TRACKED, repeat: 'list' }),
  pending('track_process', [], 'Processes that have to run.', { block: TRACKED, repeat: 'list' }),
  pending('track_bfd', [], 'BFD sessions that have to be up.', { block: TRACKED, repeat: 'list' }),
];

const WEIGHT = [integer('weight', { min: -254, max: 254 }), optional(word('reverse'))] as const;
const USER = [word('user'), optional(word('group'))] as const;

const SCRIPT_TABLE = new KeywordTable('vrrp_script', [
  pending('script', [script(), optional(word('user')), optional(word('group'))], 'What to run.'),
  pending('interval', [timer('seconds', { min: 0.001, max: 4294 })], 'Time between two runs.', { default: '1' }),
  pending('timeout', [timer('seconds', { min: 0.001, max: 4294 })], 'Time after which a run has failed.'),
  pending('weight', WEIGHT, 'What a result adds to the priority.', { default: '0' }),
  pending('rise', [integer('count', { min: 1 })], 'Successes until it is good.', { default: '1' }),
  pending('fall', [integer('count', { min: 1 })], 'Failures until it is bad.', { default: '1' }),
  pending('user', USER, 'User and group of the script.'),
  pending('init_fail', [], 'Bad until it succeeded.'),
]);

const FILE_TABLE = new KeywordTable('track_file', [
  pending('file', [word('path')], 'The file to watch.'),
  pending(
    'weight',
    [integer('weight', { min: -2147483647, max: 2147483647 }), optional(word('reverse'))],
    'Multiplier of its number.',
    { default: '1' },
  ),
  pending('init_file', [rest(word('value, overwrite'), { atLeast: 0 })], 'Writes the file at the start.'),
]);

const PROCESS_TABLE = new KeywordTable('vrrp_track_process', [
  pending('process', [rest(word('name and parameters'))], 'The process to look for.'),
  pending('param_match', [word('initial|partial')], 'How its parameters are compared.'),
  pending('weight', WEIGHT, 'What it adds to the priority.', { default: '1' }),
  pending('quorum', [integer('count', { min: 1 })], 'Fewest processes.', { default: '1' }),
  pending('quorum_max', [integer('count', { min: 0 })], 'Most processes.'),
  pending('fork_delay', [decimal('seconds', { min: 0 })], 'Delay before it counts as up.'),
  pending('terminate_delay', [decimal('seconds', { min: 0 })], 'Delay before it counts as down.'),
  pending('delay', [decimal('seconds', { min: 0 })], 'Both delays.'),
  pending('full_command', [], 'Compares the whole command line.'),
]);

/** Top-level definitions. */
export const TRACK_DEFINITIONS = [
  pending('vrrp_script', [word('name')], 'A script run again and again.', {
    block: { kind: 'keywords', table: SCRIPT_TABLE },
    repeat: 'list',
  }),
  pending('track_file', [word('name')], 'A file with a number.', {
    aliases: ['vrrp_track_file'],
    block: { kind: 'keywords', table: FILE_TABLE },
    repeat: 'list',
  }),
  pending('vrrp_track_process', [word('name')], 'A process that has to run.', {
    block: { kind: 'keywords', table: PROCESS_TABLE },
    repeat: 'list',
  }),
];
