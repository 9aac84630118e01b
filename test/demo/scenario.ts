/** The demo itself: what happens in which order, and what has to be true after each step. */
import { Control } from '../topology/lib/control.js';
import { eventually, never } from '../topology/lib/eventually.js';
import { masterDownMs } from '../topology/lib/expectations.js';
import type { Router } from '../topology/lib/router.js';
import { underTest } from '../topology/lib/underTest.js';
import { status, Watch } from './ctl.js';
import { ROUTERS, VIRTUAL_ADDRESS } from './guide.js';
import { layStage, type Stage, type StageRouter } from './stage.js';
import { quote, say, step, title } from './story.js';

/** What a busy machine may add to the protocol's own time, in milliseconds. */
const SLACK = 600;
const ours = underTest.name === 'keepwatch';

const holdsAddress = ({ router }: StageRouter) => router.host.hasAddress('eth1', VIRTUAL_ADDRESS);

/** A watch goes on by itself when its suite comes back. */
const watched = new Map<Router, Watch>();

async function startSuite(stage: Stage, { router, config }: StageRouter): Promise<void> {
  await step(
    `${router.name}: ${underTest.name} starts`,
    async () => {
      const from = performance.now();
      await router.start(config);
      if (ours) {
        await Control.of(stage.lab, router).ready();
        if (!watched.has(router)) watched.set(router, Watch.start(stage.lab, router));
      }
      return performance.now() - from;
    },
    (ms) => (ours ? `every service answers after ${ms.toFixed(0)} ms` : ''),
  );
}

async function toldTheWorld({ router, script, mail }: StageRouter): Promise<void> {
  await step(
    `${router.name}: the notify script was called`,
    () => eventually('the call', () => script.lines().at(-1) === 'master' && script.calls().at(-1)),
    ({ at, args }) => `notify_mail.sh ${args.join(' ')}, at ${new Date(at).toISOString().slice(11, 23)}`,
  );
  const received = await step(
    `${router.name}: the mail arrived`,
    () => eventually('the mail', () => mail.mails.find(({ subject }) => subject.includes('MASTER')), { within: 8_000 }),
    ({ to }) => `for ${to.join(', ')}`,
  );
  quote(received.text.replaceAll('\r', ''));
}

async function showStatus({ router }: StageRouter): Promise<void> {
  if (ours) quote(await status(router));
}

/** Plays it; fails with the step that did not come true. */
export async function play(): Promise<void> {
  title('Two HAProxy routers, one virtual address (section 3.1 of the guide)');
  const stage = await step('two routers, a client and two switches, each in namespaces of its own', () =>
    layStage(underTest),
  );
  const { lab, first, second } = stage;
  try {
    say(
      `router-3 192.168.1.3, priority 150, nopreempt · router-4 192.168.1.4, priority 100 · both track eth0 and eth1`,
    );
    title('Start');
    await startSuite(stage, first);
    await startSuite(stage, second);
    await step(`router-3 becomes master of ${VIRTUAL_ADDRESS}`, () =>
      eventually('router-3 has the address', () => holdsAddress(first), { within: 10_000 }),
    );
    const prober = stage.probe();
    await step(`the client reaches ${VIRTUAL_ADDRESS}`, () => prober.answered());
    await toldTheWorld(first);
    await showStatus(first);

    title('Power cut on router-3');
    const cutAt = Date.now();
    await step('router-3 dies without a word: every process killed at once, both cables dead', () =>
      first.router.crash(),
    );
    await step(`router-4 takes ${VIRTUAL_ADDRESS} over`, () =>
      eventually('router-4 has the address', () => holdsAddress(second), { within: 8_000 }),
    );
    await step('the client reaches the address again', () => prober.answered(cutAt + 500));
    const allowed = masterDownMs(ROUTERS.second.priority) + SLACK;
    await step(
      `the client went without the address for less than ${(allowed / 1_000).toFixed(1)} s`,
      async () => {
        const outage = prober.longestOutage(cutAt - 1_000);
        if (outage.duration === 0) throw new Error('no outage was seen, so nothing was cut');
        if (outage.duration > allowed) throw new Error(`${(outage.duration / 1_000).toFixed(3)} s`);
        return outage;
      },
      ({ duration, lost }) =>
        `${(duration / 1_000).toFixed(3)} s, ${lost} pings lost (the protocol needs up to ${(masterDownMs(ROUTERS.second.priority) / 1_000).toFixed(3)} s)`,
    );
    await toldTheWorld(second);
    await showStatus(second);

    title('router-3 comes back');
    await first.router.revive();
    await startSuite(stage, first);
    const backAt = Date.now();
    await step('nopreempt: it stays backup, although its priority is higher', async () => {
      if (ours) await Control.of(lab, first.router).reaches('BACKUP');
      await never('router-3 takes the address', () => holdsAddress(first), {
        during: masterDownMs(ROUTERS.first.priority) + 1_000,
        every: 100,
      });
      if (!(await holdsAddress(second))) throw new Error('router-4 lost the address');
    });
    await step('the client noticed nothing of that', async () => {
      const { lost, duration } = prober.longestOutage(backAt);
      if (lost > 3) throw new Error(`${lost} pings lost, ${duration.toFixed(0)} ms`);
    });
    await showStatus(first);

    title('Clean up');
    await step('both suites stop in good order and leave no process, socket or address', async () => {
      await Promise.all([first.router.stop(), second.router.stop()]);
      for (const each of [first, second]) {
        if (await holdsAddress(each)) throw new Error(`${each.router.name} keeps ${VIRTUAL_ADDRESS}`);
      }
    });
    await step('namespaces, processes and files are gone', () => lab.close());
  } catch (error) {
    for (const { router } of [first, second]) {
      say(`end of the log of ${router.name}:`);
      quote(router.log().split('\n').slice(-25).join('\n'));
    }
    throw error;
  } finally {
    await lab.close();
  }
}
