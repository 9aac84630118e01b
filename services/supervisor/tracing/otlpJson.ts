/** Spans as OTLP wants them in JSON (opentelemetry-proto, trace/v1): ids in hexadecimal, 64-bit numbers as strings. Pure. */
import type { Span } from './span.js';

/** SpanKind and StatusCode by number. */
const KINDS = { internal: 1, client: 3 } as const;
const STATUS_ERROR = 2;

/** What every span says of where it comes from. */
export interface TraceSource {
  readonly version: string;
  readonly host: string;
}

/** The body of an ExportTraceServiceRequest. */
export function otlpJson(spans: readonly Span[], { version, host }: TraceSource): object {
  const services = [...new Set(spans.map(({ service }) => service))];
  return {
    resourceSpans: services.map((service) => ({
      resource: {
        attributes: attributesOf({
          'service.name': service,
          'service.namespace': 'keepwatch',
          'service.version': version,
          'host.name': host,
        }),
      },
      scopeSpans: [
        { scope: { name: 'keepwatch', version }, spans: spans.filter((span) => span.service === service).map(spanOf) },
      ],
    })),
  };
}

const spanOf = ({ traceId, spanId, parentSpanId, name, kind, startNs, endNs, attributes, error }: Span): object => ({
  traceId,
  spanId,
  ...(parentSpanId === undefined ? {} : { parentSpanId }),
  name,
  kind: KINDS[kind],
  startTimeUnixNano: startNs.toString(),
  endTimeUnixNano: endNs.toString(),
  attributes: attributesOf(attributes),
  ...(error === undefined ? {} : { status: { code: STATUS_ERROR, message: error } }),
});

const attributesOf = (attributes: Span['attributes']): object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));

function anyValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
