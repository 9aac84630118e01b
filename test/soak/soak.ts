// Long chaos. After a build: node --import tsx test/soak/soak.ts --help
import { parseArgs } from 'node:util';
import { playChaos } from '../chaos/chaos.js';
import { whyNoLab } from '../topology/lib/lab.js';

const HELP = `usage: npm run soak -- [--minutes N] [--seed N] [--chapters N]
  --minutes N   chapters are begun for so long (10)
  --seed N      seed of the first chapter; each further one has the next (the time of day)
  --chapters N  so many chapters, in place of --minutes
A chapter that fails prints its seed, and what happened in it; --seed SEED --chapters 1 plays it again.`;

const CHAPTER_MS = 20_000;
/** A chapter with the calm after it takes about so long. */
const WITH_CALM_MS = 30_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000) % 1_000_000) },
    chapters: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${option}: '${text}' is not a whole number`);
  return value;
}

try {
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const obstacle = await whyNoLab('tcpdump', 'keepalived');
  if (obstacle !== undefined) throw new Error(`cannot run here: ${obstacle}`);
  const seed = count('seed', values.seed);
  const chapters =
    values.chapters === undefined
      ? Math.ceil((count('minutes', values.minutes) * 60_000) / WITH_CALM_MS)
      : count('chapters', values.chapters);
  console.log(`${chapters} chapters from seed ${seed}`);
  await playChaos({ seed, chapters, chapterMs: CHAPTER_MS, weighs: true, report: console.log });
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
