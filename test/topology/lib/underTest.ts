/** What the topology tests run. KEEPWATCH_LAB_SOFTWARE=keepalived judges the tests themselves by running keepalived instead. */
import { existsSync } from 'node:fs';
import { whyNoLab } from './lab.js';
import { builtCommand, keepalived, keepwatch, type Software } from './software.js';

const reference = process.env.KEEPWATCH_LAB_SOFTWARE === 'keepalived';

export const underTest: Software = reference ? keepalived : keepwatch;

/** Why these tests cannot run here, for the `skip` option; false when they can. */
export async function labSkip(...programs: readonly string[]): Promise<string | false> {
  if (!reference && !existsSync(builtCommand('keepwatchd'))) return 'not built: npm run build';
  return (await whyNoLab('tcpdump', ...programs)) ?? false;
}

/** As labSkip, for what only Keepwatch offers. */
export async function keepwatchSkip(...programs: readonly string[]): Promise<string | false> {
  return reference ? 'a property of Keepwatch only' : labSkip(...programs);
}
