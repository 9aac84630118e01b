/** Commands of the configuration as KEEPALIVED-MIB shows them. Pure. */
import { splitCommandLine } from '../../shared/config/scriptWords.js';
import { type SnmpValue, text } from '../agentx/value.js';
import type { ConfigBlock } from '../configBlock.js';

/** The command after a keyword, each word in quotes, without the user it runs as; absent: there is none. */
export function scriptColumn(block: ConfigBlock, keyword: string): SnmpValue | undefined {
  const command = block.word(keyword);
  if (command === undefined || command === '') return undefined;
  return text(
    splitCommandLine(command)
      .map((word) => `'${word}'`)
      .join(' '),
  );
}
