/**
 * Notifications while everything that carries them is killed: the scripts are told exactly what vrrpd did, in order, each
 * transition once. KEEPWATCH_FLAPS=10000 makes it the long run, KEEPWATCH_SEED another one.
 */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../simulation/random.js';
import { bringUp } from './lib/bringUp.js';
import { block, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { Lab } from './lib/lab.js';
import { addRouter } from './lib/pair.js';
import { processOf } from './lib/serviceProcesses.js';
import { count, done, tells, told } from './lib/toldStates.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const FLAPS = Number(process.env.KEEPWATCH_FLAPS ?? 1000);
const SEED = Number(process.env.KEEPWATCH_SEED ?? 6);
/** Transitions of one change of the file: one of each instance, one of the group. */
const INSTANCES = 24;
/** Deaths per process of the long run and of the short one; more would only wait longer for each next start. */
const ROUNDS = FLAPS > 2000 ? 8 : 3;
/** A suite that never comes back must not hang the test. */
const LIMIT_MS = FLAPS > 2000 ? 300_000 : 120_000;
const VICTIMS = ['vrrpd', 'notifierd', 'keepwatchd'] as const;

describe('notifications under fire', { skip: await keepwatchSkip() }, () => {
  test(`${FLAPS} flaps, slow scripts, kill -9 of everything: strict order, none lost, none twice`, async (context) => {
    const lab = await Lab.start();
    try {
      const router = await addRouter(lab, 'r1', underTest, { eth0: '10.9.0.1/24' });
      const record = join(lab.directory, 'told');
      const script = join(lab.directory, 'tell.sh');
      writeFileSync(record, '');
      chmodSync(record, 0o666);
      // A line is one write. Two of the lanes are slow, so that there is always something running to be killed over.
      const slow = 'case $2 in VI_1|VG_1) sleep 0.1;; esac';
      writeFileSync(script, `#!/bin/sh\necho "$1 $2 $3" >> ${record}\n${slow}\n`, { mode: 0o755 });
      const tracked = join(lab.directory, 'value');
      writeFileSync(tracked, '0\n');
      const names = Array.from({ length: INSTANCES }, (_, index) => `VI_${index + 1}`);
      const config = [
        block('global_defs', ['router_id LAB', 'script_user root']),
        block('track_file flapping', [`file ${tracked}`]),
        block('vrrp_sync_group VG_1', [block('group', ['VI_1', 'VI_2']), `notify ${script}`]),
        ...names.map((name, index) =>
          instance({
            name,
            vrid: index + 1,
            priority: 100,
            addresses: [`10.9.0.${100 + index}/24`],
            more: [`notify ${script}`, block('track_file', ['flapping weight 0'])],
          }),
        ),
      ].join('\n');
      await bringUp(lab, router, config);
      const control = Control.of(lab, router);
      await control.ready();

      const random = randomFrom(SEED);
      const deaths = VICTIMS.flatMap((victim) => Array.from({ length: ROUNDS }, () => victim));
      for (let index = deaths.length - 1; index > 0; index--) {
        const other = Math.floor(random() * (index + 1));
        [deaths[index], deaths[other]] = [deaths[other] ?? 'vrrpd', deaths[index] ?? 'vrrpd'];
      }
      const began = Date.now();
      const between = FLAPS / (deaths.length + 1);
      let next = between;
      let value = 0;
      let kills = 0;
      const flapsNow = () => count(done(router.log()));
      for (let flaps = flapsNow(); flaps < FLAPS || deaths.length > 0; flaps = flapsNow()) {
        assert.ok(
          Date.now() - began < LIMIT_MS,
          `seed ${SEED}: ${flaps} flaps in ${LIMIT_MS} ms\n${router.log().slice(-4000)}`,
        );
        value = 1 - value;
        writeFileSync(tracked, `${value}\n`);
        await pause(20 + random() * 100);
        if (flaps < next) continue;
        next += between;
        const victim = deaths.pop();
        if (victim === undefined) continue;
        const pid = await eventually(`${victim} runs`, () => processOf(router, victim), { within: 60_000 });
        appendFileSync(join(lab.directory, 'deaths'), `${victim} ${flaps}\n`);
        process.kill(pid, 'SIGKILL');
        kills++;
        if (victim !== 'keepwatchd') continue;
        await router.exited();
        await router.start();
      }
      const flapped = (Date.now() - began) / 1000;
      await control.ready({ within: 120_000 });
      const complete = () => {
        const said = told(readFileSync(record, 'utf8'));
        const wrong = [...done(router.log())].filter(([lane, did]) => !tells(said.get(lane) ?? [], did));
        const [first] = wrong;
        if (first === undefined) return true;
        const [lane, did] = first;
        const line = did.map(({ state, perhaps }) => (perhaps ? `(${state})` : state)).join(' ');
        throw new Error(
          `seed ${SEED}: ${wrong.length} lanes differ, ${lane} did\n${line}\nand said\n${said.get(lane)?.join(' ')}`,
        );
      };
      await eventually('all is told', complete, { within: FLAPS > 2000 ? 240_000 : 90_000, every: 500 });
      const drained = (Date.now() - began) / 1000;
      await router.stop();
      await eventually('the end is told', complete, { within: 20_000 });
      const said = told(readFileSync(record, 'utf8'));
      assert.equal(said.size, INSTANCES + 1);
      for (const states of said.values()) {
        assert.equal(states.at(-1), 'STOP');
        for (const [index, state] of states.entries()) assert.notEqual(state, states[index - 1]);
      }
      context.diagnostic(
        `${count(said)} told, ${kills} kills, in ${flapped.toFixed(0)} s, all told after ${drained.toFixed(0)} s`,
      );
    } finally {
      await lab.close();
    }
  });
});
