import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { eventually } from './lib/eventually.js';
import { type FrrVirtualRouter, FrrVrrp } from './lib/frrVrrp.js';
import type { Host } from './lib/host.js';
import { Lab } from './lib/lab.js';
import type { Cable } from './lib/network.js';
import { Router } from './lib/router.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const ROUTERS: readonly FrrVirtualRouter[] = [
  { vrid: 5, version: 2, family: 4, intervalMs: 1000, address: '10.9.0.105', prefixLength: 24 },
  { vrid: 6, version: 3, family: 4, intervalMs: 200, address: '10.9.0.106', prefixLength: 24 },
  { vrid: 7, version: 3, family: 6, intervalMs: 200, address: 'fd09::107', prefixLength: 64 },
];

const config = (priority: number, more: readonly string[] = []): string =>
  configuration(
    ...ROUTERS.map(({ vrid, version, intervalMs, address, prefixLength }) =>
      instance({
        name: `VI_${vrid}`,
        vrid,
        priority,
        advertInt: intervalMs / 1000,
        addresses: [`${address}/${prefixLength}`],
        more: [`version ${version}`, ...more],
      }),
    ),
  );

interface Topology {
  readonly lab: Lab;
  readonly frrHost: Host;
  readonly frrCable: Cable;
  readonly ours: Router;
}

async function withFrr(body: (topology: Topology) => Promise<void>): Promise<void> {
  const lab = await Lab.start();
  let ours: Router | undefined;
  try {
    const frrHost = await lab.host('frr');
    const frrCable = await lab.network.connect(frrHost, 'eth0', 'lan', ['10.9.0.1/24', 'fd09::1/64']);
    const host = await lab.host('r2');
    const own = ['10.9.0.2/24', 'fd09::2/64'];
    const cables = new Map<string, Cable>([['eth0', await lab.network.connect(host, 'eth0', 'lan', own)]]);
    ours = new Router(host, underTest, cables, new Map([['eth0', own]]));
    await body({ lab, frrHost, frrCable, ours });
  } catch (error) {
    console.error(ours?.log());
    throw error;
  } finally {
    await lab.close();
  }
}

const frrIs = (frr: FrrVrrp, status: 'Master' | 'Backup') =>
  eventually(`FRR is ${status} of all`, async () => {
    const found = await frr.status();
    assert.deepEqual(
      [...found.values()],
      ROUTERS.map(() => status),
    );
    return true;
  });

const oursHolds = ({ host }: Router, all: boolean) =>
  eventually(`Keepwatch holds ${all ? 'all' : 'none'}`, async () => {
    const held = await Promise.all(ROUTERS.map(({ address }) => host.hasAddress('eth0', address)));
    assert.deepEqual(
      held,
      ROUTERS.map(() => all),
    );
    return true;
  });

/** Nothing changes for longer than any backup waits. */
async function staysSo(frr: FrrVrrp, frrStatus: 'Master' | 'Backup', ours: Router, holds: boolean): Promise<void> {
  const until = Date.now() + 4_000;
  await eventually('it stays so', async () => {
    assert.deepEqual(new Set((await frr.status()).values()), new Set([frrStatus]));
    const held = await Promise.all(ROUTERS.map(({ address }) => ours.host.hasAddress('eth0', address)));
    assert.ok(held.every((has) => has === holds));
    return Date.now() > until;
  });
}

const skip =
  (await keepwatchSkip('vtysh')) || (existsSync('/usr/lib/frr/vrrpd') ? false : "FRR's vrrpd is not installed");

describe("together with FRR's vrrpd: version 2, version 3, IPv6", { skip, concurrency: 2 }, () => {
  test('FRR takes over from Keepwatch, is its master, and dies', async () => {
    await withFrr(async ({ lab, frrHost, frrCable, ours }) => {
      await bringUp(lab, ours, config(100));
      await oursHolds(ours, true);
      const frr = await FrrVrrp.start(frrHost, 150, ROUTERS);
      await frrIs(frr, 'Master');
      await oursHolds(ours, false);
      await staysSo(frr, 'Master', ours, false);
      await frrHost.powerOff();
      await frrCable.cut();
      await oursHolds(ours, true);
      await ours.stop();
    });
  });

  test('Keepwatch takes over from FRR, is its master, and dies', async () => {
    await withFrr(async ({ lab, frrHost, ours }) => {
      const frr = await FrrVrrp.start(frrHost, 100, ROUTERS);
      await frrIs(frr, 'Master');
      await bringUp(lab, ours, config(150));
      await frrIs(frr, 'Backup');
      await oursHolds(ours, true);
      await staysSo(frr, 'Backup', ours, true);
      await ours.crash();
      await frrIs(frr, 'Master');
    });
  });
});
