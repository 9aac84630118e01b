/** `keepwatchctl config show`: what a configuration file comes to. */
import { printTree } from '../../services/shared/config/printTree.js';
import { hideSecrets } from '../../services/shared/config/secrets.js';
import { judgeFile } from '../keepwatchd/configTest.js';
import { exitCodeFor } from '../keepwatchd/exitCode.js';
import { findingsWithSource } from '../keepwatchd/findings.js';
import type { ConfigPlace } from '../keepwatchd/loadFile.js';
import { plainConfig, typedText } from './typedConfig.js';

/** `expanded`: the text with includes, conditions, parameters and sequences resolved; the others: what the services run on. */
export type ConfigForm = 'expanded' | 'typed' | 'json';

/** Prints the configuration, as far as it can be understood, and what is wrong with it; the exit code is that of a check. */
export function showConfig(place: ConfigPlace, form: ConfigForm, secrets: boolean): number {
  const { tree, typed, findings } = judgeFile(place);
  process.stderr.write(findingsWithSource(findings));
  if (tree !== undefined) {
    if (form === 'expanded') process.stdout.write(printTree(secrets ? tree : hideSecrets(tree)));
    else if (form === 'typed') process.stdout.write(typedText(typed, secrets));
    else process.stdout.write(`${JSON.stringify(plainConfig(typed, secrets), undefined, 2)}\n`);
  }
  return exitCodeFor(findings);
}
