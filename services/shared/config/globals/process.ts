/** `global_defs`: processes, scheduling, files, reload, SNMP and D-Bus. */
import { flag, integer, optional, rest, word } from '../argument.js';
import { type KeywordSpec, keyword, pending } from '../keyword.js';
import { MODULE_KEYWORDS } from './modules.js';

const NICE = [integer('nice', { min: -20, max: 19 })] as const;
const REALTIME = [integer('priority', { min: 1, max: 99 })] as const;
const CPUS = [rest(integer('cpu', { min: 0, max: 1023 }))] as const;
const RTTIME = [integer('µs', { min: 2 })] as const;
const BYTES = [integer('bytes', { min: 1, max: 2 ** 31 - 1 })] as const;

/** The keywords about the scheduling of one service's process. */
export interface SchedulingKeywords {
  readonly realtimePriority: KeywordSpec<typeof REALTIME>;
  readonly realtimeLimit: KeywordSpec<typeof RTTIME>;
  readonly nice: KeywordSpec<typeof NICE>;
  readonly cpuAffinity: KeywordSpec<typeof CPUS>;
  readonly noSwap: KeywordSpec<readonly []>;
}

const schedulingOf = (prefix: string, service: string, automatic?: string): SchedulingKeywords => ({
  realtimePriority: keyword(`${prefix}_rt_priority`, REALTIME, `Runs ${service} under SCHED_RR.`, {
    ...(automatic === undefined ? {} : { default: automatic }),
  }),
  realtimeLimit: keyword(
    `${prefix}_rlimit_rttime`,
    RTTIME,
    'CPU time between two blocking calls under SCHED_RR after which the process is ended; at least 1000000.',
    { aliases: [`${prefix}_rlimit_rtime`], default: 'none' },
  ),
  nice: keyword(`${prefix}_priority`, NICE, `Nice value of ${service}.`),
  cpuAffinity: keyword(`${prefix}_cpu_affinity`, CPUS, `CPUs ${service} may run on.`, { default: 'all' }),
  noSwap: keyword(
    `${prefix}_no_swap`,
    [],
    `Keeps ${service} in memory. Not possible by mlockall(2), which ends V8; a warning says how instead.`,
  ),
});

const AUTOMATIC = '10 when an advert_int is below 1 s and the kernel allows it';
const AUTOMATIC_BFD = '10 when a session sends or receives more than once a second and the kernel allows it';

export const VRRP_SCHEDULING = schedulingOf('vrrp', 'vrrpd', AUTOMATIC);
export const CHECKER_SCHEDULING = schedulingOf('checker', 'healthcheckerd');
export const BFD_SCHEDULING = schedulingOf('bfd', 'bfdd', AUTOMATIC_BFD);

export const MAX_AUTO_PRIORITY = keyword(
  'max_auto_priority',
  [optional(integer('priority', { min: -1, max: 99 }))],
  'Highest SCHED_RR priority that vrrpd and bfdd take by themselves; 0 or -1: none.',
  { default: '10' },
);
export const MIN_AUTO_PRIORITY_DELAY = keyword(
  'min_auto_priority_delay',
  [integer('µs', { min: 1, max: 10_000_000 })],
  'Lateness after which vrrpd takes that priority although no advert_int calls for it.',
  { default: '1000000 with max_auto_priority, else never' },
);

export const INCLUDE_CHECK = keyword(
  'include_check',
  [rest(word('check'), { atLeast: 0 })],
  'Makes missing include files errors: readable, match, wildcard_match, brace_match, with + or - before them.',
  { since: '2.2.3', repeat: 'list' },
);

export const PROCESS_MONITOR_RCV_BUFS = keyword(
  'process_monitor_rcv_bufs',
  BYTES,
  'Receive buffer of the monitor of processes.',
  { default: '1048576' },
);

export const PROCESS_NAMES = keyword(
  'process_names',
  [],
  'Names the processes as keepalived does: keepalived, keepalived_vrrp, keepalived_ipvs, keepalived_bfd.',
);

const PROCESS_NAME_ARGUMENT = [word('name')] as const;
const processName = (keywordName: string, whose: string) =>
  keyword(keywordName, PROCESS_NAME_ARGUMENT, `Name of ${whose} as ps -o comm shows it; the first 15 bytes count.`);

/** By the prefix of the keywords of each process. */
export const PROCESS_NAME = {
  main: processName('process_name', 'keepwatchd'),
  vrrp: processName('vrrp_process_name', 'vrrpd'),
  checker: processName('checker_process_name', 'healthcheckerd'),
  bfd: processName('bfd_process_name', 'bfdd'),
};

export const PROCESS_KEYWORDS = [
  ...Object.values(VRRP_SCHEDULING),
  ...Object.values(CHECKER_SCHEDULING),
  ...Object.values(BFD_SCHEDULING),
  MAX_AUTO_PRIORITY,
  MIN_AUTO_PRIORITY_DELAY,
  INCLUDE_CHECK,
  keyword('random_seed', [integer('seed', { min: 0, max: 2 ** 32 - 1 })], 'Seed of the parameter _RANDOM.', {
    since: '2.2.4',
  }),
  PROCESS_NAMES,
  ...Object.values(PROCESS_NAME),
  PROCESS_MONITOR_RCV_BUFS,
  keyword('process_monitor_rcv_bufs_force', [flag()], 'Lets that buffer exceed rmem_max; it does wherever it may.'),
  keyword('tmp_config_directory', [word('directory')], 'Accepted: the files are read once, and no copy is made.', {
    since: '2.2.4',
  }),
  pending('config_save_dir', [word('directory')], 'Directory for configurations before and after a reload.', {
    since: '2.2.7',
  }),
  pending('state_file_location', [word('directory')], 'Directory of dump files.', { since: '2.3.0' }),
  keyword('umask', [word('mode')], 'Accepted: files are for their owner alone, whatever it says.'),
  ...MODULE_KEYWORDS,
];
