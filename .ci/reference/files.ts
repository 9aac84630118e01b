/** All generated files of docs/ and what has to stand in them. */
import { apiReference } from './api.js';
import { referenceBlocks } from './blocks.js';
import { keepwatchctl, keepwatchd } from './commands.js';
import { bashCompletion, fishCompletion, zshCompletion } from './completion.js';
import { manPage } from './manPage.js';
import { configurationReference } from './markdown.js';
import { configSchema } from './schema.js';

/** Contents by path from the root of the project. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const blocks = referenceBlocks();
  const files = new Map([
    ['docs/api.md', apiReference()],
    ['docs/configuration.md', configurationReference(blocks)],
    ['docs/man/keepwatch.conf.5', manPage(blocks)],
    ['docs/config.schema.json', configSchema()],
  ]);
  for (const command of [keepwatchd(), keepwatchctl()]) {
    files.set(`docs/completion/${command.name}.bash`, bashCompletion(command));
    files.set(`docs/completion/_${command.name}`, zshCompletion(command));
    files.set(`docs/completion/${command.name}.fish`, fishCompletion(command));
  }
  return files;
}
