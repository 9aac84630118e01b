/** The dashboard in a real browser: two routers, one of them watched while the other takes over. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { bringUp } from './lib/bringUp.js';
import { LabBrowser, whyNoBrowser } from './lib/browser.js';
import { block, configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { pair, SECOND, VIP } from './lib/pair.js';
import { servingPid } from './lib/serviceProcesses.js';
import { keepwatch, type Software } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

const PLACE = '127.0.0.1:9651';
const watched: Software = {
  name: 'keepwatch',
  command: (paths) => [...keepwatch.command(paths), '--dashboard', PLACE],
};

/** What the page shows as the state of an instance. */
const stateOf = (page: Page, name = 'VI_1'): Promise<string | null> =>
  page.locator(`#instance-${name} .node .badge`).textContent({ timeout: 5_000 });

const shows = (page: Page, state: string, within = 5_000): Promise<unknown> =>
  eventually(
    `the page shows ${state}`,
    async () => {
      const now = await stateOf(page);
      if (now !== state) throw new Error(`it shows ${now}`);
      return true;
    },
    { within },
  );

/** Notes every state that is shown from now on, with its moment: some last only a second. Text, because it runs in the page. */
const NOTE_STATES = `{
  const badge = () => document.querySelector('#instance-VI_1 .node .badge')?.textContent ?? '';
  globalThis.notes = [{ state: badge(), at: performance.now() }];
  new MutationObserver(() => {
    const state = badge();
    if (state !== notes.at(-1).state) notes.push({ state, at: performance.now() });
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}`;

interface Note {
  readonly state: string;
  readonly at: number;
}

/** Where the focus is, as a person would name it. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(
    "(document.activeElement.textContent || document.activeElement.getAttribute('placeholder') || '').trim()",
  );

const styleOf = (page: Page, element: string, property: string): Promise<string> =>
  page.evaluate(`getComputedStyle(${element}).${property}`);

const skip = (await keepwatchSkip()) || (whyNoBrowser() ?? false);

describe('the dashboard', { skip }, () => {
  test('shows a failover as it happens, with its cause; then silence, and the end of the stream', async () => {
    const topology = await pair(watched, keepwatch);
    const { lab, first, second, client } = topology;
    try {
      const uplink = join(lab.directory, 'uplink');
      const script = join(lab.directory, 'check');
      writeFileSync(uplink, '0');
      writeFileSync(script, `#!/bin/sh\nexit $(cat ${uplink})\n`);
      chmodSync(script, 0o755);
      const checked = block('vrrp_script uplink', [
        `script ${script}`,
        'interval 1',
        'fall 1',
        'rise 1',
        'weight -60',
        'user root',
      ]);
      const pool = block(`virtual_server ${VIP} 80`, [
        'delay_loop 1',
        'protocol TCP',
        ...[8_001, 8_002].map((port) =>
          block(`real_server 10.9.0.50 ${port}`, [block('TCP_CHECK', ['connect_timeout 1', 'retry 0'])]),
        ),
      ]);
      const tracked = instance({
        priority: 150,
        addresses: [`${VIP}/24`],
        more: [block('track_script', ['uplink'])],
      });
      const listener = client.spawnInNetwork([
        process.execPath,
        '-e',
        "require('net').createServer((s) => s.destroy()).listen(8001)",
      ]);
      lab.own({ close: () => void listener.kill('SIGKILL') });

      const [browser] = await Promise.all([
        LabBrowser.start(lab, first.host),
        bringUp(lab, first, configuration(checked, tracked, pool)),
      ]);
      const control = Control.of(lab, first);
      const page = await browser.page(`http://${PLACE}/`);
      await control.reaches('MASTER');
      await shows(page, 'MASTER', 2_000);
      await page.evaluate('globalThis.sameDocument = true');

      // Topology: what it depends on, its address, the pool and why one server is out of it.
      await page.locator('#instance-VI_1 .trackers').getByText('good').waitFor();
      await page.locator('#instance-VI_1 .addresses').getByText(/^here/).waitFor();
      const servers = page.locator('#pools .servers > li');
      await eventually('the page shows the servers', async () => {
        const [up, down] = [await servers.nth(0).textContent(), await servers.nth(1).textContent()];
        return up?.startsWith('UP') && down?.startsWith('DOWN') && down.includes('connection refused');
      });
      await page.locator('#pools canvas').waitFor();
      assert.match((await servers.nth(0).textContent()) ?? '', /\d ms/, 'the latency of a check');

      // The keyboard alone: past the header, to the instance's button, which narrows the time line.
      await page.keyboard.press('Tab');
      assert.equal(await focused(page), 'Skip to the states');
      assert.notEqual(await styleOf(page, 'document.activeElement', 'outlineStyle'), 'none', 'the focus is visible');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      assert.equal(await focused(page), 'Time line of VI_1');
      await page.keyboard.press('Enter');
      assert.equal(await focused(page), 'instance, server, word …');
      assert.equal(await page.locator('#timeline-filter').inputValue(), 'vrrp_instance VI_1');

      // The other router takes over.
      await bringUp(lab, second, configuration(instance({ priority: 100, addresses: [`${VIP}/24`] })));
      await control.reaches('MASTER');
      writeFileSync(uplink, '1');
      await control.reaches('BACKUP');
      await shows(page, 'BACKUP', 1_500);
      const newest = page.locator('.entries .entry').filter({ hasText: 'MASTER' }).first();
      assert.match(
        (await newest.textContent()) ?? '',
        /VI_1\s*MASTER → to\s+BACKUP10\.9\.0\.2 advertises priority 100, ours is 90 /,
      );
      const node = (await page.locator('#instance-VI_1 .node').textContent()) ?? '';
      assert.match(node, new RegExp(`master is ${SECOND.replaceAll('.', '\\.')} with priority 100`));
      assert.match(node, /priority 90 = 150 configured − 60 script uplink/);
      assert.match(await page.title(), /BACKUP/);
      await page
        .locator('#instance-VI_1 .addresses')
        .getByText(/^not here/)
        .waitFor();
      await page.getByRole('img', { name: /^VI_1: BACKUP for .*, before that MASTER for / }).waitFor();

      // And gives back, with an order in force.
      writeFileSync(uplink, '0');
      await control.reaches('MASTER');
      await shows(page, 'MASTER', 1_500);

      // vrrpd hangs: what it said last is not shown as true for longer than the limit of silence.
      await page.evaluate(NOTE_STATES);
      const pid = await servingPid(first, control, 'vrrpd');
      const stopped = await page.evaluate<number>('performance.now()');
      process.kill(pid, 'SIGSTOP');
      const notes = await eventually(
        'the page shows UNKNOWN',
        async () => {
          const found = await page.evaluate<Note[]>('notes');
          return found.some(({ state }) => state === 'UNKNOWN') && found;
        },
        { within: 4_000 },
      );
      const silence = (notes.find(({ state }) => state === 'UNKNOWN')?.at ?? 0) - stopped;
      assert.ok(silence < 3_000, `UNKNOWN after ${silence.toFixed(0)} ms`);
      await shows(page, 'MASTER', 8_000);

      // So does the supervisor: nothing is known at all.
      first.signal('SIGSTOP');
      await page.getByRole('heading', { name: 'Connection lost' }).waitFor({ timeout: 5_000 });
      assert.equal(await stateOf(page), 'UNKNOWN');
      first.signal('SIGCONT');
      first.wake();
      await shows(page, 'MASTER', 5_000);
      assert.equal(await page.evaluate('globalThis.sameDocument'), true, 'the page was never loaded again');

      // Dark and light, by the system and by the switch.
      const ground = (): Promise<string> => styleOf(page, 'document.documentElement', 'backgroundColor');
      const light = await ground();
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await ground();
      assert.notEqual(dark, light);
      await page.locator('input[name=theme]').nth(0).focus();
      await page.keyboard.press('ArrowRight');
      assert.equal(await ground(), light);

      assert.deepEqual(browser.complaints, [], 'nothing breaks the content security policy, no script fails');
      assert.deepEqual([...browser.hosts], [PLACE], 'nobody else is asked for anything');

      // The last words of a suite that stops are that it has no instance; and nobody is master of one here.
      await first.stop();
      await page.getByRole('heading', { name: 'Connection lost' }).waitFor({ timeout: 3_000 });
      assert.equal(await page.locator('#routers .badge').filter({ hasText: 'MASTER' }).count(), 0);
      await second.stop();
    } catch (error) {
      for (const router of [first, second]) console.error(`--- log of ${router.name}\n${router.log()}`);
      throw error;
    } finally {
      await lab.close();
    }
  });
});
