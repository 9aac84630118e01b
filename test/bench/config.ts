/** How long `-t` takes for configurations of several sizes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../topology/lib/command.js';
import { builtCommand, keepwatch, type Software } from '../topology/lib/software.js';

/** What is repeated how often. */
export interface ConfigSize {
  readonly kind: 'vrrp_instance' | 'real_server';
  readonly count: number;
}

export const CONFIG_SIZES: readonly ConfigSize[] = [
  { kind: 'vrrp_instance', count: 10 },
  { kind: 'vrrp_instance', count: 1_000 },
  { kind: 'vrrp_instance', count: 10_000 },
  { kind: 'real_server', count: 10_000 },
  { kind: 'real_server', count: 100_000 },
];

/** Name of a size in results. */
export const sizeName = ({ kind, count }: ConfigSize): string => `${count} ${kind}`;

/** A VRID may stand once on an interface. */
const INSTANCES_PER_INTERFACE = 250;
const INTERFACES = 10_000 / INSTANCES_PER_INTERFACE;

/** In one pool keepalived compares each server with all others, which takes minutes for 100 000. */
const POOL = 100;

const address = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;

function instances(count: number): string {
  const one = (index: number): string => `vrrp_instance VI_${index} {
    state BACKUP
    interface kb${Math.floor(index / INSTANCES_PER_INTERFACE)}
    virtual_router_id ${(index % INSTANCES_PER_INTERFACE) + 1}
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${address(index)}/32
    }
}
`;
  return Array.from({ length: count }, (_, index) => one(index)).join('');
}

function realServers(count: number): string {
  const one = (index: number): string => `    real_server ${address(index)} 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 3
        }
    }
`;
  const pool = (number: number): string => `virtual_server ${address(number)} 443 {
    delay_loop 6
    lvs_sched rr
    lvs_method NAT
    protocol TCP
${Array.from({ length: POOL }, (_, index) => one(number * POOL + index)).join('')}}
`;
  return Array.from({ length: count / POOL }, (_, number) => pool(number)).join('');
}

/** keepalived looks for the interfaces while it reads. */
const SETUP = `for i in $(seq 0 ${INTERFACES - 1}); do echo "link add kb$i type veth peer name kc$i"; echo "link set kb$i up"; done | ip -batch -`;

const TIMEOUT_MS = 300_000;

/** Milliseconds of each run by size; the interfaces exist in a network namespace for the time of it. */
export async function configTimes(software: Software, rounds: number): Promise<Record<string, number[]>> {
  const directory = mkdtempSync(join(tmpdir(), 'keepwatch-bench-'));
  try {
    const found: Record<string, number[]> = {};
    for (const size of CONFIG_SIZES) {
      const file = join(directory, `${size.kind}-${size.count}.conf`);
      writeFileSync(file, size.kind === 'vrrp_instance' ? instances(size.count) : realServers(size.count));
      found[sizeName(size)] = await timesOf(software, file, rounds);
    }
    return found;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function timesOf(software: Software, file: string, rounds: number): Promise<number[]> {
  const program = software === keepwatch ? `"${process.execPath}" "${builtCommand('keepwatchd')}"` : 'keepalived';
  // The configurations have no mistakes: another exit code ends the script and thereby the bench.
  const script = `${SETUP}
    for round in $(seq ${rounds}); do
      from=$(date +%s%N); ${program} -t -f "$1" >&2; echo $(($(date +%s%N) - from))
    done`;
  const output = await run(['unshare', '-n', 'sh', '-ec', script, 'sh', file], TIMEOUT_MS);
  return output
    .trim()
    .split('\n')
    .map((nanoseconds) => Number(nanoseconds) / 1e6);
}
