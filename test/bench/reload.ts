/** A master that reloads at 10 ms: whether its backup or a client notices. */

import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { block, configuration, instance } from '../topology/lib/config.js';
import { FIRST, type Pair, pair, SECOND, VIP } from '../topology/lib/pair.js';
import type { Software } from '../topology/lib/software.js';
import { alternately, cells, judgeOurs, mapValues, type Part } from './part.js';
import { Pinger } from './pinger.js';
import type { Row } from './table.js';

const VRID = 51;
/** How long after a reload is asked for the segment is watched. */
const WATCHED_MS = 1_500;
const MORE = '10.9.0.101';

interface Extra {
  readonly address?: boolean;
  readonly excluded?: boolean;
  readonly instance?: boolean;
}

const VARIANTS: Readonly<Record<string, readonly Extra[]>> = {
  'nothing changed': [{}],
  'address added and removed': [{ address: true }, {}],
  'excluded address added and removed': [{ excluded: true }, {}],
  'instance added and removed': [{ instance: true }, {}],
};

function config(priority: number, extra: Extra = {}): string {
  const fast = { priority, advertInt: 0.01 };
  const excluded = extra.excluded ? [block('virtual_ipaddress_excluded', ['10.9.0.102/24'])] : [];
  const addresses = [`${VIP}/24`, ...(extra.address ? [`${MORE}/24`] : [])];
  const own = instance({ ...fast, vrid: VRID, addresses, more: ['version 3', ...excluded] });
  const other = { ...fast, name: 'VI_2', vrid: 52, addresses: ['10.9.0.103/24'], more: ['version 3'] };
  return configuration(own, ...(extra.instance ? [instance(other)] : []));
}

interface Noticed {
  readonly takeovers: number;
  readonly lost: number;
}

/** Advertisements of the backup as a master, after a moment. */
const intrusions = (capture: Capture, since: number): number =>
  capture.adverts.filter(({ source, vrid, priority, at }) => {
    return source === SECOND && vrid === VRID && priority > 0 && at >= since;
  }).length;

async function reloads(topology: Pair, capture: Capture, steps: readonly Extra[]): Promise<Noticed> {
  const pinger = await Pinger.start(topology.lab, topology.client, VIP);
  const from = Date.now();
  for (const step of steps) {
    // Both routers get the new addresses, the backup first.
    topology.second.reload(config(100, step));
    topology.first.reload(config(150, step));
    await capture.advertOf(FIRST, Date.now() + WATCHED_MS);
  }
  const { lost } = await pinger.stop();
  return { takeovers: intrusions(capture, from), lost: lost.length };
}

interface ReloadResult {
  readonly variants: Readonly<Record<string, Noticed>>;
  /** One router alone has reloaded with one more address: both advertise afterwards. */
  readonly twoMasters: boolean;
}

async function measure(software: Software): Promise<ReloadResult> {
  const topology = await pair(software, software);
  try {
    const { lab, first, second } = topology;
    const capture = await Capture.start(lab);
    await bringUp(lab, first, config(150));
    await capture.advertOf(FIRST);
    await bringUp(lab, second, config(100));
    await capture.advertOf(FIRST, Date.now() + WATCHED_MS);
    const variants: Record<string, Noticed> = {};
    for (const [name, steps] of Object.entries(VARIANTS)) variants[name] = await reloads(topology, capture, steps);
    first.reload(config(150, { address: true }));
    const { at } = await capture.advertOf(FIRST, Date.now() + WATCHED_MS);
    await capture.advertOf(FIRST, at + 500);
    return { variants, twoMasters: intrusions(capture, at) > 0 };
  } finally {
    await topology.lab.close();
  }
}

/** See the head of the file. */
export const reloadPart: Part = async (programs, { rounds }) => {
  const times = Math.min(rounds, 3);
  const found = await alternately(programs, times, measure);
  const part = 'reload';
  const sum = (name: string, field: keyof Noticed) =>
    mapValues(found, (list) => list.reduce((total, { variants }) => total + (variants[name]?.[field] ?? 0), 0));
  const rows = Object.keys(VARIANTS).map((name): Row => {
    const [takeovers, lost] = [sum(name, 'takeovers'), sum(name, 'lost')];
    const both = mapValues(takeovers, (count) => ({ takeovers: count, lost: 0 }));
    for (const [program, count] of Object.entries(lost))
      both[program] = { takeovers: takeovers[program] ?? 0, lost: count };
    return {
      part,
      quantity: `reload at 10 ms, ${name}: the backup's advertisements, pings lost; ${times} times`,
      values: cells(both, (one) => `${one.takeovers}, ${one.lost}`),
      aim: '0, 0',
      met: judgeOurs(both, (ours) => ours.takeovers === 0 && ours.lost === 0),
    };
  });
  const two = mapValues(found, (list) => list.filter(({ twoMasters }) => twoMasters).length);
  rows.push({
    part,
    quantity: 'one router alone reloads with one more address: two masters afterwards',
    values: cells(two, (count) => `${count} of ${times}`),
    aim: 'never',
    met: judgeOurs(two, (ours) => ours === 0),
  });
  return { samples: found, rows };
};
