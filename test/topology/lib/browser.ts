/** Debian's Chromium without a screen, inside the network of a machine, driven by playwright-core. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Host } from './host.js';
import type { Closable, Lab } from './lab.js';

const PROGRAM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why no browser can be started here, for the `skip` option; undefined when one can. */
export const whyNoBrowser = (): string | undefined =>
  existsSync(PROGRAM) ? undefined : 'Debian package chromium is not installed';

/** A browser and what its pages complained of. */
export class LabBrowser implements Closable {
  /** Errors of scripts, and everything else the console told as an error: a breach of the content security policy too. */
  readonly complaints: string[] = [];
  /** Hosts that pages asked for something. */
  readonly hosts = new Set<string>();

  private constructor(private readonly browser: Browser) {}

  static async start(lab: Lab, host: Host): Promise<LabBrowser> {
    const launcher = join(host.directory, 'chromium');
    const command = ['setpriv', '--pdeathsig', 'KILL', '--', ...host.networkCommand([PROGRAM])];
    writeFileSync(launcher, `#!/bin/sh\nexec ${command.join(' ')} "$@" 2>/dev/null\n`);
    chmodSync(launcher, 0o755);
    const browser = await chromium.launch({ executablePath: launcher, args: FLAGS, timeout: 30_000 });
    return lab.own(new LabBrowser(browser));
  }

  async page(url: string, colorScheme: 'dark' | 'light' = 'light'): Promise<Page> {
    const context = await this.browser.newContext({
      colorScheme,
      viewport: { width: 1280, height: 900 },
      timezoneId: 'UTC',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('request', (request) => this.hosts.add(new URL(request.url()).host));
    await page.goto(url, { waitUntil: 'load', timeout: 15_000 });
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}
