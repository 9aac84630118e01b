import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressMonitor } from './lib/addressMonitor.js';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { gaps, masterDownMs } from './lib/expectations.js';
import { FIRST, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { listProcesses } from './lib/processes.js';
import type { Router } from './lib/router.js';
import { wholeKeepwatch } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

const SERVICES = ['notifierd', 'ipvsd', 'healthcheckerd', 'vrrpd'] as const;

/** The process of a service, as seen from the test: the suite reports the pids of its own namespace. */
function processOf(router: Router, service: string): number {
  const program = new RegExp(`/cmd/${service}/main\\.js$`);
  const found = router.host.processes().filter(({ argv }) => argv.some((word) => program.test(word)));
  const [only] = found;
  if (!only || found.length !== 1) throw new Error(`${found.length} processes of ${service} on ${router.name}`);
  return only.pid;
}

async function replaced(router: Router, service: string, before: number): Promise<void> {
  await eventually(
    `${service} runs again`,
    () => {
      const now = processOf(router, service);
      return now !== before;
    },
    { within: 10_000 },
  );
}

describe('kill -9 on the master', { skip: await keepwatchSkip() }, () => {
  test('each service in turn, then the supervisor: the peer and the clients notice nothing', async () => {
    await withPair(wholeKeepwatch, wholeKeepwatch, async (topology, capture) => {
      const { lab, first, second } = topology;
      const config = (priority: number) => configuration(instance({ priority, addresses: [`${VIP}/24`] }));
      await bringUp(lab, first, config(150));
      await bringUp(lab, second, config(100));
      await capture.advertOf(FIRST);
      const control = Control.of(lab, first);
      await control.ready();
      const monitor = await AddressMonitor.start(lab, first.host);
      const prober = probe(topology);
      const from = await prober.answered();

      for (const service of SERVICES) {
        const pid = processOf(first, service);
        const { incarnation } = await control.service(service);
        process.kill(pid, 'SIGKILL');
        await replaced(first, service, pid);
        await eventually(
          `${service} is back in the status`,
          async () => (await control.service(service)).incarnation !== incarnation,
          { within: 10_000 },
        );
        await control.ready();
        await control.reaches('MASTER');
        const { restarts } = await control.service(service);
        assert.equal(restarts, 1, `${service}: restarts`);
        // Two advertisements later everything still runs.
        const now = Date.now();
        await capture.advertOf(FIRST, (await capture.advertOf(FIRST, now)).at);
      }

      // The supervisor last: its services stay, and a new one adopts them.
      const services = SERVICES.map((service) => processOf(first, service));
      process.kill(first.pid, 'SIGKILL');
      await first.exited();
      const deathAt = Date.now();
      await capture.advertOf(FIRST, (await capture.advertOf(FIRST, deathAt)).at);
      assert.deepEqual(
        SERVICES.map((service) => processOf(first, service)),
        services,
        'the services outlive their supervisor',
      );
      await bringUp(lab, first);
      const status = await control.ready();
      assert.deepEqual(
        status.services.map(({ origin }) => origin),
        status.services.map(() => 'adopted'),
      );
      assert.deepEqual(
        SERVICES.map((service) => processOf(first, service)),
        services,
        'a new supervisor adopts them',
      );
      await capture.advertOf(FIRST, Date.now());

      assert.equal(
        capture.lastAdvert((advert) => advert.source === SECOND),
        undefined,
        'the peer never became master',
      );
      assert.equal(
        capture.lastAdvert((advert) => advert.priority === 0),
        undefined,
        'nobody said goodbye',
      );
      assert.deepEqual(monitor.changes(VIP), { added: 0, deleted: 0 }, 'the address never left');
      const widest = Math.max(...gaps(capture.adverts, FIRST, from));
      assert.ok(widest < masterDownMs(100), `widest gap between advertisements ${widest} ms`);
      // The kernel answers, whoever dies: its address, its neighbours' entries and its filters stay as they are.
      assert.equal(prober.longestOutage(from).lost, 0, 'the client lost answers');

      const zombies = listProcesses().filter(({ pid }) => services.includes(pid)).length;
      assert.equal(zombies, services.length);
      await first.stop();
      assert.ok(!(await first.host.hasAddress('eth0', VIP)));
      await capture.advertOf(SECOND, Date.now() - 2_000);
      await second.stop();
    });
  });
});
