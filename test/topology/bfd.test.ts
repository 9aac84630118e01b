/** BFD sessions with FRR and with keepalived, each side dying, and what VRRP and the checkers make of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { BfdSession } from '../../services/shared/rpc/generated/keepwatch/v1/bfd.js';
import { bfdPacket, TO_US } from './lib/bfdPacket.js';
import { bringUp } from './lib/bringUp.js';
import { block, configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { frrDaemon } from './lib/frr.js';
import { FrrBfd } from './lib/frrBfd.js';
import { Lab } from './lib/lab.js';
import type { Cable } from './lib/network.js';
import { addRouter, FIRST, SECOND, VIP, withPair } from './lib/pair.js';
import { RawSender } from './lib/rawSender.js';
import { Router } from './lib/router.js';
import { servingPid } from './lib/serviceProcesses.js';
import { keepalived } from './lib/software.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const UP = 4;
const PATIENT = { within: 15_000 };

/** `bfd_instance` with intervals that a busy machine keeps. */
const session = (name: string, neighbor: string, lines: readonly string[] = []): string =>
  block(`bfd_instance ${name}`, [`neighbor_ip ${neighbor}`, 'min_rx 300', 'min_tx 300', 'multiplier 5', ...lines]);

async function sessionOf(control: Control, name: string): Promise<BfdSession> {
  const found = (await control.status()).bfd?.sessions.find((one) => one.name === name);
  if (found === undefined) throw new Error(`bfdd has no session ${name}`);
  return found;
}

const isUp = (control: Control, name: string): Promise<BfdSession> =>
  eventually(
    `${name} is Up`,
    async () => {
      const found = await sessionOf(control, name);
      if (found.state !== UP) throw new Error(found.detail);
      return found;
    },
    PATIENT,
  );

const isLost = (control: Control, name: string, why: RegExp): Promise<BfdSession> =>
  eventually(
    `${name} is lost: ${why}`,
    async () => {
      const found = await sessionOf(control, name);
      if (found.state === UP) throw new Error('it is Up');
      assert.match(found.detail, why);
      return found;
    },
    PATIENT,
  );

/** Records BFD packets to a file until `end`, which gives what tshark reads in them. */
async function recordBfd(lab: Lab): Promise<{ end: () => Promise<readonly Readonly<Record<string, string>>[]> }> {
  const file = join(lab.directory, 'bfd.pcap');
  const options = ['-p', '-n', '-U', '--immediate-mode', '-Z', 'root', '-w', file];
  const tcpdump = lab.network.host.spawnInNetwork(['tcpdump', '-i', 'lan', ...options, 'udp port 3784']);
  let messages = '';
  tcpdump.stderr?.on('data', (chunk: Buffer) => {
    messages += chunk.toString();
  });
  const close = async (): Promise<void> => {
    if (tcpdump.exitCode !== null || tcpdump.signalCode !== null) return;
    const gone = new Promise((resolve) => tcpdump.once('exit', resolve));
    tcpdump.kill('SIGTERM');
    await gone;
  };
  lab.own({ close });
  await eventually('tcpdump listens', () => messages.includes('listening on'), PATIENT);
  return {
    end: async () => {
      await close();
      const names = ['ip.src', 'ip.ttl', 'ipv6.src', 'ipv6.hlim', 'udp.srcport', 'bfd.version', 'bfd.sta'];
      names.push('bfd.flags.p', 'bfd.flags.f', 'bfd.message_length', '_ws.malformed', 'frame.time_epoch');
      const fields = names.flatMap((name) => ['-e', name]);
      const text = execFileSync('tshark', ['-r', file, '-T', 'fields', ...fields], { encoding: 'utf8' });
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => Object.fromEntries(line.split('\t').map((value, index) => [names[index] ?? '', value])));
    },
  };
}

const noFrr = existsSync(frrDaemon('bfdd')) ? false : "FRR's bfdd is not installed";

describe("together with FRR's bfdd", { skip: (await keepwatchSkip('vtysh', 'tshark')) || noFrr }, () => {
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
      const record = await recordBfd(lab);
      const frr = await FrrBfd.start(frrHost, ['10.9.0.2', 'fd09::2'], { intervalMs: 300, multiplier: 5 });
      const config = configuration(
        session('four', '10.9.0.1', ['source_ip 10.9.0.2']),
        session('six', 'fd09::1', ['hoplimit 255', 'weight -40']),
        instance({
          priority: 150,
          advertInt: 0.2,
          addresses: [`${VIP}/24`],
          more: ['version 3', block('track_bfd', ['four', 'six'])],
        }),
      );
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
      assert.equal(await frr.downs('10.9.0.2'), 1, 'only when it was shut down');

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

      const packets = (await record.end()).filter(
        (one) => one['ip.src'] === '10.9.0.2' || one['ipv6.src'] === 'fd09::2',
      );
      assert.ok(packets.length > 50);
      for (const one of packets) {
        assert.equal(one['ip.ttl'] || one['ipv6.hlim'], '255', 'RFC 5881 section 5');
        assert.ok(Number(one['udp.srcport']) >= 49_152, 'RFC 5881 section 4');
        assert.deepEqual([one['bfd.version'], one['bfd.message_length'], one['_ws.malformed']], ['1', '24', '']);
        assert.notDeepEqual([one['bfd.flags.p'], one['bfd.flags.f']], ['1', '1'], 'RFC 5880 section 6.8.7');
      }
      assert.equal(new Set(packets.map((one) => `${one['ipv6.src']} ${one['udp.srcport']}`)).size, 2, 'one port each');
    } catch (error) {
      console.error(ours?.log());
      throw error;
    } finally {
      await lab.close();
    }
  });

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
