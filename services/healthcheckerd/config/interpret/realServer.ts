import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { readScript } from '../../../shared/config/scriptWords.js';
import { checkCheckers } from '../checks/checkers.js';
import * as K from '../keywords/server.js';
import type { Forwarding, RealServerConfig } from '../model.js';
import { readCheckers } from './checkers.js';
import { readEndpoint } from './endpoint.js';
import { readForwarding } from './forwarding.js';
import type { CheckerSurroundings } from './surroundings.js';
import { readTiming, type TimingSettings } from './timing.js';

/** ip_vs_ctl.c takes more, but schedulers multiply weights: what ipvsadm(8) allows. */
const MAXIMUM_WEIGHT = 65_535;

/** What a real server takes from its virtual server. */
export interface RealServerDefaults {
  readonly timing: TimingSettings;
  readonly forwarding: Forwarding;
  readonly inhibitOnFailure: boolean;
  readonly smtpAlert: boolean;
  readonly virtualhost?: string;
  /** Port of the virtual server; 0 when it has none. */
  readonly port: number;
  readonly surroundings: CheckerSurroundings;
}

/** Gives meaning to one `real_server`; undefined when it is wrong, which is reported. */
export function readRealServer(
  found: Occurrence,
  defaults: RealServerDefaults,
  report: Reporter,
): RealServerConfig | undefined {
  const { block, keyword, statement } = found;
  const endpoint = readEndpoint(keyword, statement.words.slice(1), report);
  const timing = readTiming(block, defaults.timing);
  const method = block.last(K.LVS_METHOD);
  const forwarding = method === undefined ? defaults.forwarding : readForwarding(method.statement.words, report);
  const up = block.last(K.NOTIFY_UP);
  const down = block.last(K.NOTIFY_DOWN);
  const notifyUp = up === undefined ? undefined : readScript(up.statement.words, report);
  const notifyDown = down === undefined ? undefined : readScript(down.statement.words, report);
  const virtualhost = block.last(K.VIRTUALHOST)?.values[0] ?? defaults.virtualhost;
  const snmpName = block.last(K.SNMP_NAME)?.values[0];
  const { upper, lower } = readThresholds(block, report);
  checkCheckers(block, report);
  if (endpoint === undefined || forwarding === undefined) return undefined;
  const server: Draft = {
    address: endpoint.address,
    port: endpoint.port,
    weight: readWeight(block, report),
    forwarding,
    inhibitOnFailure: block.last(K.INHIBIT_ON_FAILURE)?.values[0] ?? defaults.inhibitOnFailure,
    upperThreshold: upper,
    lowerThreshold: lower,
    smtpAlert: block.last(K.SMTP_ALERT)?.values[0] ?? defaults.smtpAlert,
    checkers: readCheckers(
      block,
      {
        surroundings: defaults.surroundings,
        server: endpoint,
        virtualPort: defaults.port,
        timing,
        virtualhost,
      },
      report,
    ),
    position: report.position(keyword),
  };
  // Set only where there is something, one by one: there may be a hundred thousand servers.
  if (notifyUp !== undefined) server.notifyUp = notifyUp;
  if (notifyDown !== undefined) server.notifyDown = notifyDown;
  if (virtualhost !== undefined) server.virtualhost = virtualhost;
  if (snmpName !== undefined) server.snmpName = snmpName;
  return server;
}

type Draft = { -readonly [K in keyof RealServerConfig]: RealServerConfig[K] };

function readWeight(block: Block, report: Reporter): number {
  const found = block.last(K.WEIGHT);
  const weight = found?.values[0] ?? 1;
  if (weight <= MAXIMUM_WEIGHT) return weight;
  const message = `'weight' is at most ${MAXIMUM_WEIGHT}; ${weight} is taken as that`;
  report.warning(found?.statement.words[1], 'out-of-range', message);
  return MAXIMUM_WEIGHT;
}

function readThresholds(block: Block, report: Reporter): { readonly upper: number; readonly lower: number } {
  const upper = block.last(K.UTHRESHOLD)?.values[0] ?? 0;
  const found = block.last(K.LTHRESHOLD);
  const lower = found?.values[0] ?? 0;
  if (upper > 0 && lower > upper) {
    report.warning(found?.keyword, 'out-of-range', `lthreshold ${lower} is above uthreshold ${upper}`);
  }
  return { upper, lower };
}
