/** In the guest: a large table, filled at the start and changed a little by a reload. */
import { readFileSync } from 'node:fs';
import type { Software } from '../../topology/lib/software.js';
import { address } from './guestChecks.js';
import { GuestSuite, until } from './guestSuite.js';
import type { TableResult, TableScenario } from './scenario.js';

const SERVERS_OF_A_POOL = 100;
const CHANGED = 10;

/** `weight` is that of the first real server of the first pools; all others have 1. */
function configuration(destinations: number, weight: number): string {
  const pool = (number: number): string => {
    const members = Array.from({ length: SERVERS_OF_A_POOL }, (_, index) => {
      const changed = number < CHANGED && index === 0;
      return `  real_server ${address(64, number * SERVERS_OF_A_POOL + index)} 80 {
    weight ${changed ? weight : 1}
  }
`;
    });
    return `virtual_server ${address(200, number)} 80 {
  delay_loop 10
  lvs_sched rr
  lvs_method NAT
  protocol TCP
${members.join('')}}
`;
  };
  return Array.from({ length: destinations / SERVERS_OF_A_POOL }, (_, number) => pool(number)).join('');
}

/** Destinations with a weight, in the kernel's own listing: address, forwarding, weight, two counts of connections. */
const withWeight = (weight: number): number =>
  (readFileSync('/proc/net/ip_vs', 'latin1').match(new RegExp(`^ {2}-> \\S+ +\\S+ +${weight} `, 'gm')) ?? []).length;

export async function measureTable(software: Software, { destinations }: TableScenario): Promise<TableResult> {
  const suite = GuestSuite.start(software, configuration(destinations, 1));
  const startMs = await suite.complete(destinations);
  const from = performance.now();
  suite.reload(configuration(destinations, 7));
  await until('the changed weights', () => withWeight(7) === CHANGED, 50);
  const reloadMs = performance.now() - from;
  return { startMs, reloadMs, residentKb: suite.residentKb(), stop: await suite.stop() };
}
