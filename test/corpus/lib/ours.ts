/** What Keepwatch says about a file, in this process, as `keepwatchd -t` does it. */
import type { Diagnostic } from '../../../services/shared/config/diagnostic.js';
import { loadConfig } from '../../../services/shared/config/load.js';
import { nodeFileAccess } from '../../../services/shared/config/nodeFileAccess.js';
import { diagnose } from '../../unit/shared/config/support.js';
import { CONFIG_ID, ENVIRONMENT } from './keepalived.js';

export interface Opinion {
  /** `warns`: accepted, but not in silence. */
  readonly verdict: 'accepts' | 'warns' | 'refuses';
  readonly diagnostics: readonly Diagnostic[];
}

export const load = (file: string) =>
  loadConfig({ file, access: nodeFileAccess, configId: CONFIG_ID, environment: (name) => ENVIRONMENT[name] });

/** Loads a file and gives meaning to it. */
export function opinionOf(file: string): Opinion {
  const loaded = load(file);
  const diagnostics = diagnose(loaded);
  const refused = loaded.tree === undefined || diagnostics.some(({ severity }) => severity === 'error');
  return { verdict: refused ? 'refuses' : diagnostics.length > 0 ? 'warns' : 'accepts', diagnostics };
}
