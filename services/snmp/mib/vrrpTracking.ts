/** What is tracked, by instances and by itself: the tracking tables of KEEPALIVED-MIB. Pure. */
import type { VrrpInstance, VrrpTracker, VrrpTrackerState } from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { gauge32, integer, type SnmpValue, text, truth, type Varbind } from '../agentx/value.js';
import { type ConfigBlock, configBlock } from '../configBlock.js';
import { entryOf, VRRP } from './keepalived.js';
import { scriptColumn } from './scripts.js';
import type { Machine, Served } from './served.js';
import { type Row, table } from './table.js';
import type { Numbered } from './vrrpNumbers.js';

/** Tables of what instances track; all of them have name, weight and reverse, behind an index or an interface number. */
const TRACKED = [
  { kind: 'script', table: 5 },
  { kind: 'file', table: 12 },
  { kind: 'bfd', table: 17 },
  { kind: 'process', table: 20 },
] as const;

/** vrrpTrackedInterfaceTable, …ScriptTable, …FileTable, …BfdTable and …ProcessTable. */
export function trackedObjects(instances: readonly Numbered<VrrpInstance>[], machine: Machine): Varbind[] {
  const rows = (kind: string): Row[] =>
    instances.flatMap(({ number, item }) =>
      item.trackers
        .filter((tracker) => tracker.kind === kind)
        .map((tracker, place) => ({
          index: [number, place + 1],
          cells: { 2: text(tracker.name), 3: integer(tracker.weight), 4: truth(tracker.reverse) },
        })),
    );
  return [
    ...table(
      entryOf(VRRP, 4),
      instances.flatMap(({ number, item }) => trackedInterfaces(number, item.trackers, machine)),
    ),
    ...TRACKED.flatMap(({ kind, table: number }) => table(entryOf(VRRP, number), rows(kind))),
  ];
}

const trackedInterfaces = (instance: number, trackers: readonly VrrpTracker[], machine: Machine): Row[] =>
  trackers.flatMap(({ kind, name, weight, reverse }) => {
    const index = kind === 'interface' ? machine.interfaceIndex(name) : undefined;
    if (index === undefined) return [];
    return [{ index: [instance, index], cells: { 1: text(name), 2: integer(weight), 3: truth(reverse) } }];
  });

/** vrrpScriptTable, vrrpFileTable, vrrpBfdTable and vrrpProcessTable: the definitions, in the order of the configuration. */
export function trackerObjects({ status, configuration }: Pick<Served, 'status' | 'configuration'>): Varbind[] {
  const tree = configBlock(configuration.trees.get('vrrpd'));
  const states = new Map((status.vrrp?.trackers ?? []).map((state) => [`${state.kind} ${state.name}`, state]));
  const rows = (
    kind: string,
    blocks: ReturnType<ConfigBlock['blocks']>,
    cells: (block: ConfigBlock, name: string, state: VrrpTrackerState | undefined) => Row['cells'],
  ): Row[] =>
    blocks.map(({ words: [name = ''], block }, place) => ({
      index: [place + 1],
      cells: { 2: text(name), ...cells(block, name, states.get(`${kind} ${name}`)) },
    }));
  const files = [...tree.blocks('vrrp_track_file'), ...tree.blocks('track_file')];
  return [
    ...table(entryOf(VRRP, 9), rows('script', tree.blocks('vrrp_script'), scriptCells)),
    ...table(entryOf(VRRP, 13), rows('file', files, fileCells)),
    ...table(entryOf(VRRP, 18), rows('bfd', tree.blocks('bfd_instance'), bfdCells)),
    ...table(entryOf(VRRP, 21), rows('process', tree.blocks('vrrp_track_process'), processCells)),
  ];
}

/** vrrpScriptResult: init(1), bad(2), good(3), initfailed(5). */
const SCRIPT_RESULTS: ReadonlyMap<string, number> = new Map([
  ['pending', 1],
  ['bad', 2],
  ['good', 3],
]);

const scriptCells = (block: ConfigBlock, _name: string, state: VrrpTrackerState | undefined): Row['cells'] => {
  const result = state === undefined ? undefined : SCRIPT_RESULTS.get(state.condition);
  return {
    3: scriptColumn(block, 'script'),
    4: integer(Math.round(block.number('interval') ?? 1)),
    5: integer(block.number('weight') ?? 0),
    6: result === undefined ? undefined : integer(result),
    7: gauge32(block.number('rise') ?? 1),
    8: gauge32(block.number('fall') ?? 1),
    9: reversed(block),
  };
};

const fileCells = (block: ConfigBlock, _name: string, state: VrrpTrackerState | undefined): Row['cells'] => {
  const file = block.word('file');
  return {
    3: file === undefined ? undefined : text(file),
    4: state?.value === undefined ? undefined : integer(Number(BigInt.asIntN(32, state.value))),
    5: integer(block.number('weight') ?? 1),
    6: reversed(block),
  };
};

const bfdCells = (block: ConfigBlock, _name: string, state: VrrpTrackerState | undefined): Row['cells'] => ({
  3: state === undefined ? undefined : truth(state.condition === 'good'),
  4: integer(block.number('weight') ?? 0),
  5: reversed(block),
});

/** vrrpProcessParamMatch: none(0), exact(1), partial(2), initial(3). */
const PARAMETER_MATCHES: ReadonlyMap<string, number> = new Map([
  ['exact', 1],
  ['partial', 2],
  ['initial', 3],
]);
const MICROSECONDS = 1_000_000;

const processCells = (block: ConfigBlock, _name: string, state: VrrpTrackerState | undefined): Row['cells'] => {
  const [path, ...parameters] = block.words('process') ?? [];
  const match = block.has('param_match') ? (PARAMETER_MATCHES.get(block.word('param_match') ?? 'exact') ?? 1) : 0;
  const delay = (name: string): SnmpValue =>
    gauge32(Math.round((block.number(name) ?? block.number('delay') ?? 0) * MICROSECONDS));
  const running = /^(\d+) of /.exec(state?.detail ?? '')?.[1];
  return {
    3: path === undefined ? undefined : text(path),
    4: parameters.length === 0 ? undefined : text(parameters.join(' ')),
    5: integer(match),
    6: integer(block.number('weight') ?? 0),
    7: reversed(block),
    8: gauge32(block.number('quorum') ?? 1),
    9: block.number('quorum_max') === undefined ? undefined : integer(block.number('quorum_max') ?? 0),
    10: delay('fork_delay'),
    11: delay('terminate_delay'),
    12: truth(block.has('full_command')),
    13: running === undefined ? undefined : integer(Number(running)),
    14: state === undefined ? undefined : truth(state.condition === 'good'),
  };
};

/** `weight 10 reverse`. */
const reversed = (block: ConfigBlock): SnmpValue => truth(block.words('weight')?.includes('reverse') === true);
