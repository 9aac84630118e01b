// The demo: node --import tsx test/demo/demo.ts, after a build. Exit status 0 only if all of it happened.
import { existsSync } from 'node:fs';
import { whyNoLab } from '../topology/lib/lab.js';
import { builtCommand } from '../topology/lib/software.js';
import { underTest } from '../topology/lib/underTest.js';
import { enterUserNamespace, insideUserNamespace } from './rootless.js';
import { play } from './scenario.js';
import { StepFailed, verdict } from './story.js';

/** The demo promises to end within a minute; a hang is a failure, too. */
const LONGEST_MS = 90_000;

async function main(): Promise<number> {
  if (underTest.name === 'keepwatch' && !existsSync(builtCommand('keepwatchd'))) {
    console.error('not built: npm run build');
    return 2;
  }
  if (process.getuid?.() !== 0 && !insideUserNamespace()) return enterUserNamespace();
  const obstacle = await whyNoLab();
  if (obstacle !== undefined) {
    console.error(`The demo needs Linux namespaces, as root or through a user namespace: ${obstacle}`);
    return 2;
  }
  process.once('SIGINT', () => console.log('\ninterrupted: everything is removed'));
  setTimeout(() => {
    console.error(`✗ not finished after ${LONGEST_MS / 1_000} s`);
    process.exit(1);
  }, LONGEST_MS).unref();
  try {
    await play();
    verdict(undefined);
    return 0;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    verdict(error);
    return 1;
  }
}

process.exit(await main());
