/** Every process of a master replaced by the installed version, again and again: what a peer and a client notice. */
import { AddressMonitor } from '../topology/lib/addressMonitor.js';
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { configuration, instance } from '../topology/lib/config.js';
import { Control } from '../topology/lib/control.js';
import { gaps } from '../topology/lib/expectations.js';
import { FIRST, pair, SECOND, VIP } from '../topology/lib/pair.js';
import { builtCommand, keepwatch, quietKeepalived } from '../topology/lib/software.js';
import { ms, type Part } from './part.js';
import { Pinger } from './pinger.js';
import { summarize } from './statistics.js';

/** `--upgrades` in place of this. */
const DEFAULT_UPGRADES = 100;

const config = (priority: number): string => configuration(instance({ priority, addresses: [`${VIP}/24`] }));

interface Noticed {
  readonly upgrades: number;
  /** Advertisements of the peer, and goodbyes of anybody. */
  readonly transitions: number;
  /** Of a question every millisecond. */
  readonly asked: number;
  readonly lost: number;
  /** How often the address came or went. */
  readonly moves: number;
  /** Milliseconds: each upgrade, and the gaps between advertisements. */
  readonly took: readonly number[];
  readonly gaps: readonly number[];
}

async function upgradeAgainAndAgain(upgrades: number): Promise<Noticed> {
  const topology = await pair(keepwatch, quietKeepalived);
  const { lab, first, second, client } = topology;
  try {
    const capture = await Capture.start(lab);
    await bringUp(lab, first, config(150));
    await bringUp(lab, second, config(100));
    await capture.advertOf(FIRST);
    const control = Control.of(lab, first);
    await control.ready();
    const monitor = await AddressMonitor.start(lab, first.host);
    const pinger = await Pinger.start(lab, client, VIP);
    const since = Date.now();
    const took: number[] = [];
    const command = [process.execPath, builtCommand('keepwatchctl'), '--run-dir', first.paths.runDirectory, 'upgrade'];
    for (let round = 1; round <= upgrades; round++) {
      const begun = performance.now();
      const { status, stdout, stderr } = await first.host.tryInside(command, 120_000);
      if (status !== 0) throw new Error(`upgrade ${round}: ${stdout}${stderr}`);
      took.push(performance.now() - begun);
    }
    await capture.advertOf(FIRST, Date.now());
    const { asked, lost } = await pinger.stop();
    const { added, deleted } = monitor.changes(VIP);
    const noticed = {
      upgrades,
      transitions: capture.adverts.filter(
        ({ at, source, priority }) => at > since && (source === SECOND || priority === 0),
      ).length,
      asked,
      lost: lost.length,
      moves: added + deleted,
      took,
      gaps: gaps(capture.adverts, FIRST, since),
    };
    await first.stop();
    await second.stop();
    return noticed;
  } finally {
    await lab.close();
  }
}

/** See the head of the file. keepalived has nothing to compare: it is restarted. */
export const upgradePart: Part = async (programs, { upgrades = DEFAULT_UPGRADES }) => {
  if (!programs.includes(keepwatch)) return { samples: {}, rows: [] };
  const noticed = await upgradeAgainAndAgain(upgrades);
  const took = summarize([...noticed.took]);
  const gap = summarize([...noticed.gaps]);
  const part = 'upgrade';
  const row = (quantity: string, text: string) => ({ part, quantity, values: { [keepwatch.name]: text } });
  const nothing = (quantity: string, count: number) => ({ ...row(quantity, `${count}`), aim: '0', met: count === 0 });
  return {
    samples: { noticed },
    rows: [
      nothing(
        `${upgrades} upgrades beside keepalived, advert_int 1: the peer's advertisements and goodbyes`,
        noticed.transitions,
      ),
      nothing(`  pings of one a millisecond lost, of ${noticed.asked}`, noticed.lost),
      nothing('  changes of the address', noticed.moves),
      row('  gap between advertisements: median, worst', `${ms(gap.p50, 0)}, ${ms(gap.max, 0)}`),
      row('  one upgrade: median, worst', `${ms(took.p50, 0)}, ${ms(took.max, 0)}`),
    ],
  };
};
