/** Stands before every call of the API: who is it, may he, is it too much; and writes down what he changed. */
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status as Status,
} from '@grpc/grpc-js';
import type { Logger } from '../../shared/log/logger.js';
import type { Clock } from '../../shared/time/clock.js';
import { elapsed, type Instant, toMillis } from '../../shared/time/duration.js';
import type { AuditFacts, AuditLog } from './auditLog.js';
import type { CallerOf } from './callers.js';
import type { Caller, Gate, Refusal, Visit } from './gate.js';
import { Oversized } from './messageLimits.js';
import { type Audited, type MethodName, methodOf } from './methods.js';

/**
 * How long somebody who calls too often waits for the answer that says so: he can have so many calls open at once, so the wait
 * bounds how many refusals he costs.
 */
const REFUSAL_PAUSE_MS = 250;

export interface GuardParts {
  readonly gate: Gate;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly callerOf: CallerOf;
  readonly logger: Logger;
}

const CODES: Readonly<Record<Refusal['kind'], Status>> = {
  role: Status.PERMISSION_DENIED,
  rate: Status.RESOURCE_EXHAUSTED,
  calls: Status.RESOURCE_EXHAUSTED,
  streams: Status.RESOURCE_EXHAUSTED,
};

type CallStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** The guard as gRPC wants it. */
export const guard =
  (parts: GuardParts): ServerInterceptor =>
  (method, call) => {
    const watched = new WatchedCall(parts, call, methodOf(method.path), method.requestStream || method.responseStream);
    /** An error here would be one of the whole supervisor. */
    const safely = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        parts.logger.error({ err: error, method: method.path }, 'a call failed by an error of this program');
        call.sendStatus({ code: Status.INTERNAL, details: 'an error of this program; see its log' });
      }
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => safely(() => watched.begin(metadata, forward)),
          onReceiveMessage: (message, forward) => safely(() => watched.request(message, forward)),
          onCancel: () => watched.over(),
        }),
      sendMessage: (message, forward) =>
        safely(() => {
          watched.answered(message);
          forward(message);
        }),
      sendStatus: (status, forward) => {
        watched.ended(status);
        forward(status);
      },
    });
  };

/** One call from its first to its last byte. */
class WatchedCall {
  readonly #parts: GuardParts;
  readonly #call: ServerInterceptingCallInterface;
  readonly #name: MethodName;
  readonly #isStream: boolean;
  #caller: Caller | undefined;
  #visit: Visit | undefined;
  #messages = 0;
  /** What the audit log will say, from the request on until it has said it. */
  #pending: { readonly facts: AuditFacts; readonly outcome: Audited['outcome']; readonly began: Instant } | undefined;
  #pausing: NodeJS.Timeout | undefined;

  constructor(parts: GuardParts, call: ServerInterceptingCallInterface, name: MethodName, isStream: boolean) {
    this.#parts = parts;
    this.#call = call;
    this.#name = name;
    this.#isStream = isStream;
  }

  begin(metadata: Metadata, forward: (metadata: Metadata) => void): void {
    const { gate, callerOf } = this.#parts;
    const caller = callerOf(this.#call);
    if ('stranger' in caller) {
      this.#call.sendStatus({ code: Status.UNAUTHENTICATED, details: caller.stranger });
      return;
    }
    this.#caller = caller;
    const outcome = gate.enter(caller, this.#name, this.#isStream);
    if ('kind' in outcome) this.#refuse(caller, outcome);
    else {
      this.#visit = outcome;
      forward(metadata);
    }
  }

  request(message: unknown, forward: (message: unknown) => void): void {
    const visit = this.#visit;
    const caller = this.#caller;
    if (visit === undefined || caller === undefined) return;
    if (message instanceof Oversized) {
      const details = `a message of ${message.bytes} bytes; ${this.#name.method} takes ${message.limit}`;
      this.#call.sendStatus({ code: Status.RESOURCE_EXHAUSTED, details });
      return;
    }
    // The first message of a call is paid for with the call.
    const tooMany = this.#messages++ === 0 ? undefined : this.#parts.gate.payForMessage(caller);
    if (tooMany !== undefined) {
      this.#refuse(caller, { kind: 'rate', text: tooMany });
      return;
    }
    const { audited } = visit.rule;
    if (audited === undefined) {
      forward(message);
      return;
    }
    const { clock } = this.#parts;
    const { who, from, role, certified } = caller;
    this.#pending = {
      facts: {
        at: clock.wall(),
        who,
        from,
        role,
        call: this.#name.method,
        arguments: JSON.stringify(audited.request(message as never)),
      },
      outcome: audited.outcome,
      began: clock.now(),
    };
    forward(certified && audited.signed !== undefined ? audited.signed(message as never, who) : message);
  }

  /** A call that changes something has done so, even if nobody is there any more to hear it. */
  answered(response: unknown): void {
    if (this.#pending !== undefined) this.#write('OK', this.#pending.outcome(response as never));
  }

  ended({ code, details }: CallStatus): void {
    if (code !== Status.OK) this.#write(Status[code] ?? String(code), details);
  }

  /** Nothing more will come or go, whatever ended it. */
  over(): void {
    clearTimeout(this.#pausing);
    if (this.#visit !== undefined) this.#parts.gate.leave(this.#visit);
    this.#visit = undefined;
  }

  #write(result: string, detail: string): void {
    if (this.#pending === undefined) return;
    const { facts, began } = this.#pending;
    this.#pending = undefined;
    const { audit, clock } = this.#parts;
    const durationMs = BigInt(Math.round(toMillis(elapsed(began, clock.now()))));
    audit.changed({ ...facts, detail, durationMs }, result);
  }

  #refuse({ key, who, from, role }: Caller, { kind, text }: Refusal): void {
    const { audit } = this.#parts;
    const code = CODES[kind];
    audit.refused(`${key} ${kind}`, { who, from, role, call: this.#name.method, detail: text }, Status[code] ?? kind);
    const answer = (): void => this.#call.sendStatus({ code, details: text });
    if (kind === 'rate') this.#pausing = setTimeout(answer, REFUSAL_PAUSE_MS);
    else answer();
  }
}
