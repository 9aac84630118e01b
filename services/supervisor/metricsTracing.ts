/** Metrics of the traces that are sent; nothing where none are. Pure. */
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { familyOf, type MetricFamily } from './metricsFamily.js';

export function tracingFamilies({ tracing }: SuiteStatus): MetricFamily[] {
  if (tracing === undefined) return [];
  const results = [
    { result: 'exported', count: tracing.exported },
    { result: 'dropped', count: tracing.dropped },
  ];
  return [
    familyOf('counter', 'keepwatch_trace_spans_total', 'Steps of traces.', results, ({ result, count }) => ({
      labels: { result },
      value: count,
    })),
  ];
}
