/** What a suite costs in memory while it holds one address. */
import { readFileSync } from 'node:fs';
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { configuration, instance } from '../topology/lib/config.js';
import { Lab } from '../topology/lib/lab.js';
import { addRouter, FIRST, VIP } from '../topology/lib/pair.js';
import { type ProcessInfo, privateDirtyKb } from '../topology/lib/processes.js';
import type { Software } from '../topology/lib/software.js';
import { cells, inTurn, megabytes, type Part } from './part.js';

/** One process. */
interface ProcessMemory {
  readonly process: string;
  readonly privateDirtyKb: number;
  readonly residentKb: number;
}

function nameOf({ argv }: ProcessInfo, index: number): string {
  const own = /\/cmd\/([^/]+)\/main\.js$/.exec(argv.find((word) => word.endsWith('/main.js')) ?? '');
  return own?.[1] ?? (index === 0 ? 'keepalived' : 'keepalived (VRRP)');
}

function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Every process of a master after its first five advertisements. */
async function memory(software: Software): Promise<ProcessMemory[]> {
  const lab = await Lab.start();
  try {
    const router = await addRouter(lab, 'r1', software, { eth0: '10.9.0.1/24' });
    const capture = await Capture.start(lab);
    await bringUp(lab, router, configuration(instance({ state: 'MASTER', priority: 255, addresses: [`${VIP}/24`] })));
    const { at } = await capture.advertOf(FIRST);
    await capture.advertOf(FIRST, at + 4_500);
    return router.host.processes().map((process, index) => ({
      process: nameOf(process, index),
      privateDirtyKb: privateDirtyKb(process.pid),
      residentKb: residentKb(process.pid),
    }));
  } finally {
    await lab.close();
  }
}

export const memoryPart: Part = async (programs) => {
  const samples = await inTurn(programs, (program) => memory(program));
  const part = 'memory';
  const sum = (field: 'privateDirtyKb' | 'residentKb') =>
    cells(samples, (processes) => megabytes(processes.reduce((total, process) => total + process[field], 0)));
  const names = [...new Set(Object.values(samples).flatMap((processes) => processes.map(({ process }) => process)))];
  return {
    samples,
    rows: [
      { part, quantity: 'memory, private dirty: all processes', values: sum('privateDirtyKb') },
      ...names.map((name) => ({
        part,
        quantity: `  ${name}`,
        values: Object.fromEntries(
          Object.entries(samples).flatMap(([program, processes]) => {
            const found = processes.find(({ process }) => process === name);
            return found ? [[program, megabytes(found.privateDirtyKb)]] : [];
          }),
        ),
      })),
      { part, quantity: 'memory, resident (shared pages counted each time)', values: sum('residentKb') },
    ],
  };
};
