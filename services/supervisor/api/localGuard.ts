/** The guard of the control socket: everybody who may open it is an admin, and still may not keep the supervisor from its work. */
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Logger } from '../../shared/log/logger.js';
import type { ModuleName } from '../../shared/rpc/moduleMain.js';
import type { Clock } from '../../shared/time/clock.js';
import type { AuditLog } from './auditLog.js';
import { localCallers } from './callers.js';
import { type Caller, type CallerLimits, Gate } from './gate.js';
import { guard } from './guard.js';

/** What one user may do. Many programs may be one user here, so the limits are wide. */
const LIMITS: CallerLimits = { perSecond: 100, burst: 200, calls: 256, streams: 128 };

/**
 * The guard of the door of an optional process, which nobody else can open: what is changed there is written down under its
 * name.
 */
export function moduleGuard(name: ModuleName, audit: AuditLog, clock: Clock, logger: Logger): ServerInterceptor {
  const who = `keepwatch-${name}`;
  const caller: Caller = { key: who, who, from: 'unix', role: 'admin', certified: true };
  return guard({ gate: new Gate(clock, LIMITS), audit, clock, callerOf: () => caller, logger });
}

export const localGuard = (audit: AuditLog, clock: Clock, logger: Logger): ServerInterceptor =>
  guard({ gate: new Gate(clock, LIMITS), audit, clock, callerOf: localCallers(), logger });
