/** The whole page of metrics. Pure. */
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { bfdFamilies } from './metricsBfd.js';
import { familyLines } from './metricsFamily.js';
import { notifyFamilies } from './metricsNotify.js';
import { ipvsFamilies, serverFamilies } from './metricsServers.js';
import { suiteFamilies } from './metricsServices.js';
import { tracingFamilies } from './metricsTracing.js';
import { trackerFamilies } from './metricsTrackers.js';
import { trafficFamilies } from './metricsTraffic.js';
import { vrrpFamilies } from './metricsVrrp.js';

/** Everything the status tells, line by line: whoever writes a long page may pause anywhere. */
export function* metricsPage(status: SuiteStatus): Generator<string, void> {
  for (const families of [
    suiteFamilies,
    vrrpFamilies,
    trackerFamilies,
    bfdFamilies,
    serverFamilies,
    ipvsFamilies,
    trafficFamilies,
    notifyFamilies,
    tracingFamilies,
  ]) {
    for (const family of families(status)) yield* familyLines(family);
  }
}
