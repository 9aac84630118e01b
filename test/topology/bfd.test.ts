/** BFD sessions with FRR and with keepalived, each side dying, and what VRRP and the checkers make of them. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isLost, isUp, PATIENT, session } from './lib/bfdSessions.js';
import { bringUp } from './lib/bringUp.js';
import { block, configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { frrDaemon } from './lib/frr.js';
import { FrrBfd } from './lib/frrBfd.js';
import { Lab } from './lib/lab.js';
import { addRouter, FIRST, SECOND, VIP, withPair } from './lib/pair.js';
import type { Router } from './lib/router.js';
import { keepalived } from './lib/software.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const noFrr = existsSync(frrDaemon('bfdd')) ? false : "FRR's bfdd is not installed";

describe("together with FRR's bfdd", { skip: (await keepwatchSkip('vtysh')) || noFrr }, () => {
  test('FRR sees us leave, and sees us die', async () => {
    const lab = await Lab.start();
    let ours: Router | undefined;
    try {
      const frrHost = await lab.host('frr');
      await lab.network.connect(frrHost, 'eth0', 'lan', ['10.9.0.1/24']);
      ours = await addRouter(lab, 'r2', underTest, { eth0: '10.9.0.2/24' });
      const frr = await FrrBfd.start(frrHost, ['10.9.0.2'], { intervalMs: 300, multiplier: 5 });
      const config = configuration(session('b', '10.9.0.1'));
      await bringUp(lab, ours, config);
      await isUp(Control.of(lab, ours), 'b');
      await ours.stop();
      await eventually(
        'FRR knows that we left',
        async () => {
          const { status, diagnostic } = await frr.session('10.9.0.2');
          if (status === 'up') throw new Error('it is up');
          assert.match(diagnostic, /neighbor signaled session down/i);
          return true;
        },
        PATIENT,
      );
      await bringUp(lab, ours, config);
      await eventually('FRR is up again', async () => (await frr.session('10.9.0.2')).status === 'up', PATIENT);
      await ours.crash();
      await eventually(
        'FRR misses us',
        async () => {
          const { status, diagnostic } = await frr.session('10.9.0.2');
          if (status === 'up') throw new Error('it is up');
          assert.match(diagnostic, /detection time/i);
          return true;
        },
        PATIENT,
      );
    } catch (error) {
      console.error(ours?.log());
      throw error;
    } finally {
      await lab.close();
    }
  });
});

describe("together with keepalived's BFD", { skip: await keepwatchSkip('keepalived') }, () => {
  test('a weighted session moves the priority and a checked server goes, each side dying', async () => {
    await withPair(underTest, keepalived, async ({ lab, first, second }) => {
      const [ours, theirs] = [
        configuration(
          session('peer', SECOND, [`source_ip ${FIRST}`, 'weight -50']),
          instance({
            priority: 150,
            advertInt: 0.2,
            addresses: [`${VIP}/24`],
            more: ['version 3', block('track_bfd', ['peer'])],
          }),
          block('virtual_server 10.9.9.9 80', [
            'protocol TCP',
            'lvs_sched rr',
            'lvs_method NAT',
            block(`real_server ${SECOND} 80`, [block('BFD_CHECK', ['name peer'])]),
          ]),
        ),
        configuration(session('peer', FIRST, [`source_ip ${SECOND}`])),
      ];
      await bringUp(lab, first, ours);
      await second.start(theirs);
      const control = Control.of(lab, first);
      const entered = (state: string, times: number) =>
        eventually(
          `keepalived is ${state} for the ${times}. time`,
          () => second.log().split(`(peer) Entering ${state} state`).length - 1 >= times,
          PATIENT,
        );
      const server = async () => {
        const [virtual] = (await control.status()).health?.virtualServers ?? [];
        return virtual?.realServers[0];
      };
      await isUp(control, 'peer');
      await entered('Up', 1);
      await eventually('the server is up', async () => (await server())?.checkers[0]?.checked === true, PATIENT);
      assert.equal((await server())?.up, true);
      await control.reaches('MASTER', 'VI_1', PATIENT);
      assert.equal((await control.instance()).effectivePriority, 150);

      // It leaves: AdminDown, or silence, as this keepalived does it.
      await second.crash();
      const { detail } = await isLost(
        control,
        'peer',
        /session with 10\.9\.0\.2 is Down: control detection time expired/,
      );
      await eventually(
        'the priority follows',
        async () => (await control.instance()).effectivePriority === 100,
        PATIENT,
      );
      await eventually('the server goes', async () => (await server())?.up === false, PATIENT);
      assert.equal((await server())?.checkers[0]?.lastError, detail, 'and says why');

      await second.revive();
      await second.start(theirs);
      await isUp(control, 'peer');
      await eventually(
        'the priority is back',
        async () => (await control.instance()).effectivePriority === 150,
        PATIENT,
      );
      await eventually('the server is back', async () => (await server())?.up === true, PATIENT);
      const ups = second.log().split('(peer) Entering Up state').length - 1;

      // A reload without sessions ends bfdd; keepalived hears goodbye.
      const without = configuration(
        instance({ priority: 150, advertInt: 0.2, addresses: [`${VIP}/24`], more: ['version 3'] }),
      );
      first.reload(without);
      await eventually(
        'bfdd is gone',
        async () => (await control.status()).services.every(({ name }) => name !== 'bfdd'),
        PATIENT,
      );
      await control.reaches('MASTER');
      first.reload(ours);
      await isUp(control, 'peer');
      await entered('Up', ups + 1);

      await first.crash();
      await entered('Down', 1);
    });
  });
});
