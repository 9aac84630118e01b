/** The meaning of the whole configuration, service by service, for `-t` and for what no service judges. */
import { hostname } from 'node:os';
import { interpretBfdConfig } from '../../services/bfdd/config/interpret.js';
import type { BfdConfig } from '../../services/bfdd/config/model.js';
import { patternProblem } from '../../services/healthcheckerd/checkers/patterns.js';
import { interpretHealthConfig } from '../../services/healthcheckerd/config/interpret.js';
import type { HealthConfig } from '../../services/healthcheckerd/config/model.js';
import { interpretIpvsConfig } from '../../services/ipvsd/config/interpret.js';
import type { IpvsConfig } from '../../services/ipvsd/config/model.js';
import { interpretNotifyConfig } from '../../services/notifierd/config/interpret.js';
import type { NotifyConfig } from '../../services/notifierd/config/model.js';
import { type CommonConfig, interpretCommon } from '../../services/shared/config/common.js';
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { splitTree } from '../../services/shared/config/splitTree.js';
import { systemRoutingNames } from '../../services/shared/config/systemRoutingNames.js';
import type { ConfigTree } from '../../services/shared/config/tree.js';
import { interpretVrrpConfig } from '../../services/vrrpd/config/interpret.js';
import type { VrrpConfig } from '../../services/vrrpd/config/model.js';

const environment = () => ({ hostname: hostname(), routingNames: systemRoutingNames() });

/** What belongs to no service: top-level keywords and `global_defs`. */
export const checkCommon = (tree: ConfigTree): readonly Diagnostic[] =>
  interpretCommon(tree, environment()).diagnostics;

/** What vrrpd makes of its part. */
export const interpretVrrp = (tree: ConfigTree) => interpretVrrpConfig(tree, environment());

/** The typed configuration of each service; absent where an error stands in the way. */
export interface TypedConfig {
  readonly common?: CommonConfig;
  readonly vrrpd?: VrrpConfig;
  readonly healthcheckerd?: HealthConfig;
  readonly ipvsd?: IpvsConfig;
  readonly notifierd?: NotifyConfig;
  readonly bfdd?: BfdConfig;
}

/** Everything a configuration means, and everything found in it. */
export function interpretTyped(tree: ConfigTree): {
  readonly typed: TypedConfig;
  readonly diagnostics: readonly Diagnostic[];
} {
  const parts = splitTree(tree);
  const common = interpretCommon(tree, environment());
  const vrrpd = interpretVrrp(parts.vrrpd);
  const healthcheckerd = interpretHealthConfig(parts.healthcheckerd, { ...environment(), patternProblem });
  const ipvsd = interpretIpvsConfig(parts.ipvsd, environment());
  const notifierd = interpretNotifyConfig(parts.notifierd, environment());
  const bfdd = interpretBfdConfig(parts.bfdd);
  return {
    typed: {
      ...(vrrpd.model === undefined ? {} : { vrrpd: vrrpd.model }),
      ...(healthcheckerd.model === undefined ? {} : { healthcheckerd: healthcheckerd.model }),
      ...(ipvsd.model === undefined ? {} : { ipvsd: ipvsd.model }),
      ...(notifierd.model === undefined ? {} : { notifierd: notifierd.model }),
      ...(bfdd.model === undefined ? {} : { bfdd: bfdd.model }),
      ...(common.model === undefined ? {} : { common: common.model }),
    },
    diagnostics: [...[common, bfdd, vrrpd, healthcheckerd, ipvsd, notifierd].flatMap(({ diagnostics }) => diagnostics)],
  };
}
