/** Take-over after a crash and hand-over after a stop, on the wire: one capture with the kernel's timestamps. */
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { configuration, instance } from '../topology/lib/config.js';
import { eventually } from '../topology/lib/eventually.js';
import { masterDownMs, skewMs, takeover } from '../topology/lib/expectations.js';
import { FIRST, type Pair, pair, SECOND, VIP } from '../topology/lib/pair.js';
import type { Router } from '../topology/lib/router.js';
import type { Software } from '../topology/lib/software.js';

// Equal priorities: whoever comes back stays backup, so the two take turns and no time goes into giving back.
const PRIORITY = 100;
const CONFIG = configuration(instance({ priority: PRIORITY, addresses: [`${VIP}/24`] }));

/** One turn: the master leaves, the other one becomes master, the first returns as its backup. */
type Leave = (
  capture: Capture,
  master: Router,
  addresses: { readonly master: string; readonly backup: string },
) => Promise<number>;

async function turns(software: Software, rounds: number, leave: Leave): Promise<number[]> {
  const topology: Pair = await pair(software, software);
  try {
    const capture = await Capture.start(topology.lab);
    let [master, backup] = [topology.first, topology.second];
    let addresses = { master: FIRST, backup: SECOND };
    await bringUp(topology.lab, master, CONFIG);
    await capture.advertOf(FIRST);
    await bringUp(topology.lab, backup, CONFIG);
    const samples: number[] = [];
    for (let round = 0; round < rounds; round++) {
      // The backup counts from an advertisement it heard itself.
      await capture.advertOf(addresses.master, Date.now());
      samples.push(await leave(capture, master, addresses));
      await eventually('the new master has the address', () => backup.host.hasAddress('eth0', VIP));
      await bringUp(topology.lab, master, CONFIG);
      [master, backup] = [backup, master];
      addresses = { master: addresses.backup, backup: addresses.master };
    }
    return samples;
  } finally {
    await topology.lab.close();
  }
}

/** Milliseconds beyond Master_Down_Interval from the last advertisement of the crashed master to the first of the new one. */
export function takeoverExcess(software: Software, rounds: number): Promise<number[]> {
  return turns(software, rounds, async (capture, master, addresses) => {
    const crashedAt = Date.now();
    await master.crash();
    const first = await capture.advertOf(addresses.backup, crashedAt);
    const excess = takeover(capture, addresses.master, first) - masterDownMs(PRIORITY);
    await master.revive();
    return excess;
  });
}

/** Milliseconds from the goodbye (priority 0) of the old master to the first advertisement of the new one. */
export function handOver(software: Software, rounds: number): Promise<number[]> {
  return turns(software, rounds, async (capture, master, addresses) => {
    const stoppedAt = Date.now();
    const stopping = master.stop();
    const goodbye = await capture.advert('goodbye', (advert) => {
      return advert.source === addresses.master && advert.priority === 0 && advert.at > stoppedAt - 1;
    });
    const { at } = await capture.advertOf(addresses.backup, goodbye.at);
    await stopping;
    return at - goodbye.at;
  });
}

/** What the protocol itself asks for in a hand-over, in milliseconds. */
export const HAND_OVER_SKEW = skewMs(PRIORITY);
