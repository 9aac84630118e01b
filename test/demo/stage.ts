/** Two routers with the guide's interfaces and addresses, a client, and a mail server on each router. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lab } from '../topology/lib/lab.js';
import type { Cable } from '../topology/lib/network.js';
import { Prober } from '../topology/lib/prober.js';
import { Recorder } from '../topology/lib/recorder.js';
import { Router } from '../topology/lib/router.js';
import { SmtpSink } from '../topology/lib/smtpSink.js';
import type { Software } from '../topology/lib/software.js';
import { type GuideRouter, guideConfig, ROUTERS, SCRIPT, VIRTUAL_ADDRESS } from './guide.js';

/** One router and what it tells the world. */
export interface StageRouter {
  readonly router: Router;
  readonly config: string;
  readonly script: Recorder;
  readonly mail: SmtpSink;
}

/** Everything set up, nothing started. */
export interface Stage {
  readonly lab: Lab;
  readonly first: StageRouter;
  readonly second: StageRouter;
  /** Starts a client that pings the virtual address. */
  probe(): Prober;
}

/** The guide keeps its script under /root; that folder can be the router's own unless this program lives there. */
function guideScriptIsUsable(): boolean {
  const needed = [process.execPath, fileURLToPath(import.meta.url)].map((path) => realpathSync(path));
  return !needed.some((path) => path.startsWith('/root/'));
}

async function layRouter(lab: Lab, name: string, guide: GuideRouter, software: Software): Promise<StageRouter> {
  const host = await lab.host(name);
  const last = guide.address.split('.').at(-1);
  const own = new Map([
    ['eth0', [`10.0.0.${last}/24`]],
    ['eth1', [`${guide.address}/24`]],
  ]);
  const cables = new Map<string, Cable>();
  for (const [device, addresses] of own) {
    cables.set(device, await lab.network.connect(host, device, device === 'eth0' ? 'outside' : 'inside', addresses));
  }
  let path = SCRIPT;
  let visiblePath = join(host.directory, 'script', 'notify_mail.sh');
  if (guideScriptIsUsable()) {
    await host.ownFolder('/root');
    visiblePath = host.path(dirname(SCRIPT)).concat('/notify_mail.sh');
  } else {
    path = visiblePath;
  }
  const script = Recorder.create(visiblePath, join(host.directory, 'script.calls'));
  const mail = SmtpSink.listen(lab, host);
  return { router: new Router(host, software, cables, own), config: guideConfig(guide, path), script, mail };
}

export async function layStage(software: Software): Promise<Stage> {
  const lab = await Lab.start();
  try {
    const first = await layRouter(lab, 'router-3', ROUTERS.first, software);
    const second = await layRouter(lab, 'router-4', ROUTERS.second, software);
    const client = await lab.host('client');
    await lab.network.connect(client, 'eth0', 'inside', ['192.168.1.50/24']);
    return { lab, first, second, probe: () => lab.own(Prober.start(client, VIRTUAL_ADDRESS)) };
  } catch (error) {
    await lab.close();
    throw error;
  }
}
