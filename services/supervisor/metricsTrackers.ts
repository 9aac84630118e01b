/** Metrics of tracked scripts, files, processes and BFD sessions. While vrrpd is silent nothing is told of them. Pure. */
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { VrrpTrackerState } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { familyOf, type MetricFamily } from './metricsFamily.js';
import { isServiceHeard } from './metricsHeard.js';

export function trackerFamilies(status: SuiteStatus): MetricFamily[] {
  const all = isServiceHeard(status, 'vrrpd') ? (status.vrrp?.trackers ?? []) : [];
  // One that has no result yet, or cannot be watched here, is neither.
  const judged = all.filter(({ condition }) => condition === 'good' || condition === 'bad');
  const labels = ({ kind, name }: VrrpTrackerState) => ({ kind, name });
  return [
    familyOf(
      'gauge',
      'keepalived_script_status',
      'Result of the tracking script: 0 BAD, 1 GOOD.',
      judged.filter(({ kind }) => kind === 'script'),
      ({ name, condition }) => ({ labels: { name }, value: condition === 'good' }),
    ),
    familyOf('gauge', 'keepwatch_tracker_good', 'What is tracked is good.', judged, (tracker) => ({
      labels: labels(tracker),
      value: tracker.condition === 'good',
    })),
    familyOf('gauge', 'keepwatch_tracker_value', 'The number in a tracked file.', judged, (tracker) =>
      tracker.value === undefined ? undefined : { labels: labels(tracker), value: tracker.value },
    ),
    familyOf('gauge', 'keepwatch_tracker_known', 'What is tracked has a result.', all, (tracker) => ({
      labels: labels(tracker),
      value: tracker.condition === 'good' || tracker.condition === 'bad',
    })),
  ];
}
