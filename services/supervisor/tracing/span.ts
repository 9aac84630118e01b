/** One step of a trace, as OpenTelemetry means it. Pure. */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Absent: the root of its trace. */
  readonly parentSpanId?: string;
  /** The process it happened in. */
  readonly service: string;
  readonly name: string;
  /** `client`: a call to another process. */
  readonly kind: 'internal' | 'client';
  /** Nanoseconds of the wall clock since 1970. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** What went wrong; absent: nothing did. */
  readonly error?: string;
}
