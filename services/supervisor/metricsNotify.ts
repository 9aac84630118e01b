/** Metrics of what people and scripts are told. Nothing while notifierd is silent. Pure. */
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { familyOf, type MetricFamily, singleValue } from './metricsFamily.js';
import { isServiceHeard } from './metricsHeard.js';

export function notifyFamilies(status: SuiteStatus): MetricFamily[] {
  const { notify } = status;
  if (notify === undefined || !isServiceHeard(status, 'notifierd')) return [];
  const results = [
    { kind: 'script', result: 'ok', count: notify.scriptsOk },
    { kind: 'script', result: 'failed', count: notify.scriptsFailed },
    { kind: 'mail', result: 'ok', count: notify.mailsOk },
    { kind: 'mail', result: 'failed', count: notify.mailsFailed },
    { kind: 'fifo', result: 'ok', count: notify.fifoLines },
  ];
  return [
    singleValue('gauge', 'keepwatch_notify_queue', 'Notifications that wait.', notify.queued),
    singleValue('gauge', 'keepwatch_notify_running', 'Scripts and mails under way.', notify.running),
    singleValue(
      'gauge',
      'keepwatch_notify_oldest_seconds',
      'Age of the oldest notification not yet told.',
      Number(notify.oldestAgeMs) / 1000,
    ),
    familyOf('counter', 'keepwatch_notify_total', 'Scripts, mails and FIFO lines told.', results, (told) => ({
      labels: { kind: told.kind, result: told.result },
      value: told.count,
    })),
  ];
}
