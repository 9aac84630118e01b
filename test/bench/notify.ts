/** How soon a notify_master script acts after the first gratuitous ARP. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configuration, instance } from '../topology/lib/config.js';
import { eventually } from '../topology/lib/eventually.js';
import { VIP } from '../topology/lib/pair.js';
import { cells, judge, ms, type Part, summaries } from './part.js';
import { takeTurns } from './turns.js';

/** Ours may be that much later than keepalived, in milliseconds. */
const ALLOWED = 3;

/** See the head of the file. */
export const notifyPart: Part = async (programs, { rounds }) => {
  const directory = mkdtempSync(join(tmpdir(), 'keepwatch-bench-'));
  try {
    chmodSync(directory, 0o755);
    const [script, record] = [join(directory, 'master.sh'), join(directory, 'times')];
    writeFileSync(record, '');
    // No program is started for the time: it is the script's first action.
    writeFileSync(script, `#!/bin/bash\necho "$EPOCHREALTIME" >> ${record}\n`);
    chmodSync(script, 0o755);
    const calls = () =>
      readFileSync(record, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((time) => Number(time) * 1_000);
    const more = ['version 3', `notify_master "${script}" root`];
    const config = configuration(instance({ priority: 100, advertInt: 0.1, addresses: [`${VIP}/24`], more }));
    const found = await takeTurns(programs, config, rounds, async ({ capture }, master, backup) => {
      const crashedAt = Date.now();
      await master.router.freeze();
      const advert = await capture.advertOf(backup.address, crashedAt);
      const announced = () => capture.gratuitous(VIP, advert.at - 1)[0];
      const { at } = await eventually('the new master announces', announced);
      const acted = await eventually('its script acts', () => calls().find((time) => time > crashedAt));
      await master.router.crash();
      await master.router.revive();
      return acted - at;
    });
    const summary = summaries(found);
    const part = 'notify';
    return {
      samples: found,
      rows: [
        {
          part,
          quantity: `first gratuitous ARP to the first action of notify_master: median of ${rounds}`,
          values: cells(summary, ({ p50 }) => ms(p50)),
          aim: `keepalived + ${ALLOWED} ms`,
          met: judge(summary, (ours, theirs) => ours.p50 <= theirs.p50 + ALLOWED),
        },
        { part, quantity: '  worst', values: cells(summary, ({ max }) => ms(max)) },
      ],
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
};
