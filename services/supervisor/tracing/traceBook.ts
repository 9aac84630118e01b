/**
 * Traces in the making: from the check that failed over the verdict to the change of the kernel's table and the end of the scripts.
 * Fed by what the relay hears and does; without I/O, ids and time are given.
 *
 *     real_server … DOWN                  healthcheckerd, from the check's start to the last step
 *     ├─ check TCP_CHECK 10.0.0.2:80      healthcheckerd
 *     ├─ IpvsService/Apply                keepwatchd → ipvsd: the kernel's table
 *     └─ NotifyService/Deliver            keepwatchd → notifierd
 *        └─ script /etc/…                 notifierd
 */
import type { Origin } from '../../shared/rpc/generated/keepwatch/v1/common.js';
import type { CheckerState, HealthEvent } from '../../shared/rpc/generated/keepwatch/v1/health.js';
import type { ServiceEvent } from '../../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { Notification, NotificationId, NotifyResult } from '../../shared/rpc/generated/keepwatch/v1/notify.js';
import { after, type Instant, type Micros, seconds } from '../../shared/time/duration.js';
import type { Span } from './span.js';

/** A trace that is not whole by then is told as far as it came: longer than a script may run by default. */
const PATIENCE: Micros = seconds(120);
/** Traces whose root is not told yet. */
const MAX_OPEN = 512;
/** Traces remembered for what comes late, such as a mail that is tried again. */
const MAX_KNOWN = 2_048;

/** Random ids as hexadecimal digits, of so many bytes. */
export type NewId = (bytes: 8 | 16) => string;

interface Trace {
  readonly traceId: string;
  readonly rootId: string;
  readonly deadline: Instant;
  readonly root: Pick<Span, 'service' | 'name' | 'attributes' | 'startNs'>;
  endNs: bigint;
  /** Steps that are still to come. */
  applying: boolean;
  delivering: boolean;
  scripts: number;
  deliverId: string | undefined;
  open: boolean;
}

/** When a step was. */
export interface StepTime {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export class TraceBook {
  readonly #newId: NewId;
  readonly #emit: (span: Span) => void;
  /** By the event that began them, oldest first. */
  readonly #traces = new Map<string, Trace>();
  readonly #heard = new Map<string, { readonly incarnation: string; readonly sequence: bigint }>();
  #unapplied: Trace[] = [];
  #openCount = 0;

  constructor(newId: NewId, emit: (span: Span) => void) {
    this.#newId = newId;
    this.#emit = emit;
  }

  /** An event of a service; one that is sent again says nothing new. */
  event(origin: Origin, { event, notifications }: ServiceEvent, now: Instant): void {
    const heard = this.#heard.get(origin.service);
    if (heard?.incarnation === origin.incarnation && origin.sequence <= heard.sequence) return;
    this.#heard.set(origin.service, { incarnation: origin.incarnation, sequence: origin.sequence });
    if (event?.$case === 'health') this.#verdict(origin, event.value, notifications, now);
    if (event?.$case === 'notify' && event.value.result !== undefined) this.#result(event.value.result);
  }

  /** Takes the traces that the Apply which begins now is about. */
  takeUnapplied(): readonly object[] {
    const taken = this.#unapplied;
    this.#unapplied = [];
    return taken;
  }

  /** How that Apply ended. After an error it is tried again, and the next one is about them too. */
  applied(
    traces: readonly object[],
    time: StepTime,
    outcome: { readonly operations: number; readonly errors: readonly string[] } | Error,
  ): void {
    const failed = outcome instanceof Error;
    for (const trace of traces as readonly Trace[]) {
      const error = failed ? outcome.message : outcome.errors.join('; ');
      this.#step(trace, this.#newId(8), trace.rootId, {
        service: 'keepwatchd',
        name: 'keepwatch.v1.IpvsService/Apply',
        kind: 'client',
        ...time,
        attributes: failed
          ? { 'rpc.system': 'grpc', 'peer.service': 'ipvsd' }
          : { 'rpc.system': 'grpc', 'peer.service': 'ipvsd', 'keepwatch.ipvs.operations': outcome.operations },
        ...(error === '' ? {} : { error }),
      });
      if (failed && trace.open) this.#unapplied.push(trace);
      else trace.applying = false;
      this.#closeIfWhole(trace);
    }
  }

  /** notifierd has these notifications in its journal. */
  delivered(notifications: readonly Pick<Notification, 'id'>[], time: StepTime): void {
    const traces = new Set(notifications.flatMap(({ id }) => this.#traceOf(id) ?? []));
    for (const trace of traces) {
      trace.deliverId ??= this.#newId(8);
      this.#step(trace, trace.deliverId, trace.rootId, {
        service: 'keepwatchd',
        name: 'keepwatch.v1.NotifyService/Deliver',
        kind: 'client',
        ...time,
        attributes: { 'rpc.system': 'grpc', 'peer.service': 'notifierd' },
      });
      trace.delivering = false;
      this.#closeIfWhole(trace);
    }
  }

  /** Tells what has waited too long as far as it came. */
  expire(now: Instant): void {
    for (const trace of this.#traces.values()) if (trace.open && trace.deadline <= now) this.#close(trace, true);
  }

  #verdict(origin: Origin, event: HealthEvent, notifications: readonly Notification[], now: Instant): void {
    const { transition } = event;
    if (transition?.at === undefined) return;
    const { virtualServer, realServer, up, cause, at } = transition;
    const atNs = nanos(at);
    const check = checkBehind(event);
    const checkTime = check === undefined ? undefined : timeOf(check);
    const subject = realServer === '' ? `virtual_server ${virtualServer}` : `real_server ${realServer}`;
    const trace: Trace = {
      traceId: this.#newId(16),
      rootId: this.#newId(8),
      deadline: after(now, PATIENCE),
      root: {
        service: origin.service,
        name: `${subject} ${up ? 'UP' : 'DOWN'}`,
        startNs: checkTime !== undefined && checkTime.startNs < atNs ? checkTime.startNs : atNs,
        attributes: {
          'keepwatch.virtual_server': virtualServer,
          ...(realServer === '' ? {} : { 'keepwatch.real_server': realServer }),
          'keepwatch.up': up,
          'keepwatch.cause': cause,
          'keepwatch.generation': Number(origin.generation),
        },
      },
      endNs: atNs,
      applying: event.desired.length > 0 || event.removedDesired.length > 0,
      delivering: notifications.length > 0,
      scripts: notifications.reduce((count, { scripts }) => count + scripts.length, 0),
      deliverId: undefined,
      open: true,
    };
    this.#remember(keyOf(origin.service, origin.incarnation, origin.sequence), trace);
    if (trace.applying) this.#unapplied.push(trace);
    if (check !== undefined && checkTime !== undefined) {
      this.#step(trace, this.#newId(8), trace.rootId, {
        service: origin.service,
        name: `check ${check.kind} ${check.target}`,
        kind: 'internal',
        ...checkTime,
        attributes: { 'keepwatch.failures_in_row': check.failuresInRow },
        ...(check.up ? {} : { error: check.lastError }),
      });
    }
    this.#closeIfWhole(trace);
  }

  #result({ id, kind, what, ok, detail, durationMs, attempts, at }: NotifyResult): void {
    const trace = this.#traceOf(id);
    if (trace === undefined || at === undefined) return;
    const endNs = nanos(at);
    this.#step(trace, this.#newId(8), trace.deliverId ?? trace.rootId, {
      service: 'notifierd',
      name: kind === 'script' ? `script ${what}` : kind,
      kind: 'internal',
      startNs: endNs - BigInt(durationMs) * 1_000_000n,
      endNs,
      attributes: { 'keepwatch.attempts': attempts, ...(detail === '' ? {} : { 'keepwatch.result': detail }) },
      ...(ok ? {} : { error: detail }),
    });
    if (kind === 'script') trace.scripts--;
    this.#closeIfWhole(trace);
  }

  #step(
    trace: Trace,
    spanId: string,
    parentSpanId: string,
    span: Omit<Span, 'traceId' | 'spanId' | 'parentSpanId'>,
  ): void {
    if (span.endNs > trace.endNs) trace.endNs = span.endNs;
    this.#emit({ traceId: trace.traceId, spanId, parentSpanId, ...span });
  }

  #closeIfWhole(trace: Trace): void {
    if (!trace.applying && !trace.delivering && trace.scripts <= 0) this.#close(trace, false);
  }

  #close(trace: Trace, incomplete: boolean): void {
    if (!trace.open) return;
    trace.open = false;
    this.#openCount--;
    const { traceId, rootId, root, endNs } = trace;
    const attributes = incomplete ? { ...root.attributes, 'keepwatch.incomplete': true } : root.attributes;
    this.#emit({ ...root, traceId, spanId: rootId, kind: 'internal', endNs, attributes });
    if (incomplete) this.#unapplied = this.#unapplied.filter((other) => other !== trace);
  }

  #remember(key: string, trace: Trace): void {
    this.#traces.set(key, trace);
    this.#openCount++;
    if (this.#openCount > MAX_OPEN) {
      for (const oldest of this.#traces.values()) {
        if (!oldest.open) continue;
        this.#close(oldest, true);
        break;
      }
    }
    for (const oldest of this.#traces.keys()) {
      if (this.#traces.size <= MAX_KNOWN) break;
      this.#traces.delete(oldest);
    }
  }

  #traceOf(id: NotificationId | undefined): Trace | undefined {
    return id === undefined ? undefined : this.#traces.get(keyOf(id.service, id.incarnation, id.sequence));
  }
}

const keyOf = (service: string, incarnation: string, sequence: bigint): string =>
  `${service} ${incarnation} ${sequence}`;

/** A time of the wall clock in nanoseconds. */
export const nanos = (at: Date): bigint => BigInt(Math.round(at.getTime() * 1_000)) * 1_000n;

/** The check that made the verdict: of the server's checkers that agree with it, the one that ended last. */
function checkBehind({ transition, virtualServers }: HealthEvent): CheckerState | undefined {
  const server = virtualServers
    .find(({ name }) => name === transition?.virtualServer)
    ?.realServers.find(({ name }) => name === transition?.realServer);
  return server?.checkers
    .filter(({ up, checked, lastCheckedAt }) => checked && lastCheckedAt !== undefined && up === transition?.up)
    .sort((one, other) => (other.lastCheckedAt?.getTime() ?? 0) - (one.lastCheckedAt?.getTime() ?? 0))[0];
}

function timeOf({ lastCheckedAt, lastDurationUs }: CheckerState): StepTime | undefined {
  if (lastCheckedAt === undefined) return undefined;
  const endNs = nanos(lastCheckedAt);
  return { startNs: endNs - lastDurationUs * 1_000n, endNs };
}
