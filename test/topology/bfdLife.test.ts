/** A long life beside FRR's bfdd: forged packets, kill -9, shut down over there, a new interval, death. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { bfdPacket, TO_US } from './lib/bfdPacket.js';
import { isLost, isUp, PATIENT, session, sessionOf, UP } from './lib/bfdSessions.js';
import { bringUp } from './lib/bringUp.js';
import { block, configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { frrDaemon } from './lib/frr.js';
import { FrrBfd } from './lib/frrBfd.js';
import { Lab } from './lib/lab.js';
import type { Cable } from './lib/network.js';
import { VIP } from './lib/pair.js';
import { RawSender } from './lib/rawSender.js';
import { Router } from './lib/router.js';
import { servingPid } from './lib/serviceProcesses.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const noFrr = existsSync(frrDaemon('bfdd')) ? false : "FRR's bfdd is not installed";

describe("a long life beside FRR's bfdd", { skip: (await keepwatchSkip('vtysh')) || noFrr }, () => {
  test('IPv4 and IPv6 come up; shut down, forged packets, kill -9 and death are what they are', async () => {
    const lab = await Lab.start();
    let ours: Router | undefined;
    try {
      const frrHost = await lab.host('frr');
      const cable: Cable = await lab.network.connect(frrHost, 'eth0', 'lan', ['10.9.0.1/24', 'fd09::1/64']);
      const stranger = await lab.host('stranger');
      await lab.network.connect(stranger, 'eth0', 'lan', ['10.9.0.66/24']);
      const host = await lab.host('r2');
      const own = ['10.9.0.2/24', 'fd09::2/64'];
      ours = new Router(
        host,
        underTest,
        new Map([['eth0', await lab.network.connect(host, 'eth0', 'lan', own)]]),
        new Map([['eth0', own]]),
      );
      const frr = await FrrBfd.start(frrHost, ['10.9.0.2', 'fd09::2'], { intervalMs: 300, multiplier: 5 });
      // FRR waits for 20 of our intervals, 6 s: as long as a busy machine may need to start a process anew.
      const config = configuration(
        session('four', '10.9.0.1', ['source_ip 10.9.0.2']),
        session('six', 'fd09::1', ['hoplimit 255', 'weight -40']),
        instance({
          priority: 150,
          advertInt: 0.2,
          addresses: [`${VIP}/24`],
          more: ['version 3', block('track_bfd', ['four', 'six'])],
        }),
      ).replaceAll('multiplier 5', 'multiplier 20');
      await bringUp(lab, ours, config);
      const control = Control.of(lab, ours);
      const four = await isUp(control, 'four');
      await eventually(
        'the detection time follows from what FRR says: five times 300 ms',
        async () => (await sessionOf(control, 'four')).detectionTimeUs === 1_500_000n,
        PATIENT,
      );
      await isUp(control, 'six');
      await control.reaches('MASTER', 'VI_1', PATIENT);
      for (const peer of own.map((address) => address.split('/')[0] ?? '')) {
        await eventually(`FRR: ${peer} is up`, async () => (await frr.session(peer)).status === 'up', PATIENT);
      }

      // Forged: from further away, for no session, with a state that needs to know us, and half a packet.
      const forger = RawSender.open(lab, stranger);
      const facts = { source: '10.9.0.1', destination: '10.9.0.2', yours: four.localDiscriminator };
      forger.send(bfdPacket({ ...facts, ttl: 254, state: TO_US.down }));
      forger.send(bfdPacket({ ...facts, yours: 12345, state: TO_US.adminDown }));
      forger.send(bfdPacket({ ...facts, yours: 0, state: TO_US.up }));
      forger.send(bfdPacket({ ...facts, length: 20, state: TO_US.down }));
      forger.send(bfdPacket({ ...facts, multiplier: 0, state: TO_US.down }));
      await eventually('forged packets are counted by reason', async () => {
        const { drops, state } = await sessionOf(control, 'four');
        assert.equal(state, UP, 'and change nothing');
        assert.deepEqual(Object.fromEntries(drops.map(({ reason, count }) => [reason, Number(count)])), {
          ttl: 1,
          'no-session': 1,
          'your-discriminator': 1,
          short: 1,
          'detect-multiplier': 1,
        });
        return true;
      });

      // A bfdd that is killed takes up its sessions: FRR sees none go down, VRRP stays what it is.
      const { incarnation } = await control.service('bfdd');
      process.kill(await servingPid(ours, control, 'bfdd'), 'SIGKILL');
      await eventually(
        'bfdd runs again',
        async () => {
          const found = await control.service('bfdd');
          return found.incarnation !== '' && found.incarnation !== incarnation;
        },
        PATIENT,
      );
      await isUp(control, 'four');
      const resumed = await isUp(control, 'six');
      assert.equal(resumed.lastTransition?.code, 'resumed');
      assert.equal((await sessionOf(control, 'four')).localDiscriminator, four.localDiscriminator);
      assert.equal(await frr.downs('10.9.0.2'), 0);
      assert.equal(await frr.downs('fd09::2'), 0);
      assert.doesNotMatch(ours.log(), /VI_1\) Entering FAULT/);

      // Administratively down over there.
      await frr.shutdown('10.9.0.2', true);
      await isLost(control, 'four', /session with 10\.9\.0\.1 is Down: .*administratively down/);
      await control.reaches('FAULT', 'VI_1', PATIENT);
      const { faults, lastTransition } = await control.instance();
      const why = /tracked bfd four: session with 10\.9\.0\.1 is Down: neighbor signaled session down/;
      assert.match(faults.join(), why);
      assert.match(lastTransition?.cause?.text ?? '', why);
      await frr.shutdown('10.9.0.2', false);
      await isUp(control, 'four');
      await control.reaches('MASTER', 'VI_1', PATIENT);

      // A new configuration: told by a poll sequence, without losing the session.
      ours.reload(config.replaceAll('min_rx 300', 'min_rx 400'));
      await eventually(
        'the new interval counts',
        async () => {
          const { detectionTimeUs, state } = await sessionOf(control, 'four');
          assert.equal(state, UP);
          return detectionTimeUs === 2_000_000n;
        },
        PATIENT,
      );
      assert.equal(await frr.downs('10.9.0.2'), 0, 'FRR never lost it');

      // It dies.
      await frrHost.powerOff();
      await cable.cut();
      const lost = /session with 10\.9\.0\.1 is Down: control detection time expired, nothing heard from 10\.9\.0\.1/;
      assert.equal((await isLost(control, 'four', lost)).lastTransition?.diagnostic, 1);
      await isLost(control, 'six', /control detection time expired/);
      await control.reaches('FAULT', 'VI_1', PATIENT);
      const terms = (await control.instance()).priorityTerms.map(({ reason, value }) => `${reason} ${value}`);
      assert.match(terms.join(), /bfd six: session with fd09::1 is Down: .* -40/);
      await ours.stop();
    } catch (error) {
      console.error(ours?.log());
      throw error;
    } finally {
      await lab.close();
    }
  });
});
