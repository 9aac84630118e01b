/** The meaning of the whole configuration, service by service, for `-t` and for what no service judges. */
import { hostname } from 'node:os';
import { interpretHealthConfig } from '../../services/healthcheckerd/config/interpret.js';
import { interpretIpvsConfig } from '../../services/ipvsd/config/interpret.js';
import { interpretNotifyConfig } from '../../services/notifierd/config/interpret.js';
import { interpretCommon } from '../../services/shared/config/common.js';
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { splitTree } from '../../services/shared/config/splitTree.js';
import type { ConfigTree } from '../../services/shared/config/tree.js';
import { interpretVrrpConfig } from '../../services/vrrpd/config/interpret.js';

const environment = () => ({ hostname: hostname() });

/** What belongs to no service: top-level keywords and `global_defs`. */
export const checkCommon = (tree: ConfigTree): readonly Diagnostic[] =>
  interpretCommon(tree, environment()).diagnostics;

/** Everything. */
export function interpretAll(tree: ConfigTree): readonly Diagnostic[] {
  const parts = splitTree(tree);
  return [
    ...checkCommon(tree),
    ...interpretVrrpConfig(parts.vrrpd, environment()).diagnostics,
    ...interpretHealthConfig(parts.healthcheckerd, environment()).diagnostics,
    ...interpretIpvsConfig(parts.ipvsd, environment()).diagnostics,
    ...interpretNotifyConfig(parts.notifierd, environment()).diagnostics,
  ];
}
