/** The guard of the control socket: everybody who may open it is an admin, and still may not keep the supervisor from its work. */
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Logger } from '../../shared/log/logger.js';
import type { Clock } from '../../shared/time/clock.js';
import type { AuditLog } from './auditLog.js';
import { localCallers } from './callers.js';
import { type CallerLimits, Gate } from './gate.js';
import { guard } from './guard.js';

/** What one user may do. Many programs may be one user here, so the limits are wide. */
const LIMITS: CallerLimits = { perSecond: 100, burst: 200, calls: 256, streams: 128 };

export const localGuard = (audit: AuditLog, clock: Clock, logger: Logger): ServerInterceptor =>
  guard({ gate: new Gate(clock, LIMITS), audit, clock, callerOf: localCallers(), logger });
