/** Causes of transitions in words. Pure. */
import { formatDuration } from '../shared/time/duration.js';
import type { Cause } from './fsm/events.js';
import { DIAG_NONE, diagnosticText } from './packet/controlPacket.js';

/** One line for a human: why a session with `peer` changed its state. */
export function causeText(cause: Cause, peer: string): string {
  switch (cause.code) {
    case 'resumed':
      return 'goes on after a restart of bfdd that the other end did not notice';
    case 'handshake':
      return `${peer} answers`;
    case 'detection-expired':
      return `nothing heard from ${peer} for ${formatDuration(cause.silentFor)} (detection time ${formatDuration(cause.detectionTime)})`;
    case 'neighbor-down':
      return `${peer} says it is down${because(cause.diagnostic)}`;
    case 'neighbor-admin-down':
      return `${peer} says it is administratively down`;
    case 'shutdown':
      return 'shut down here';
  }
}

const because = (diagnostic: number): string => (diagnostic === DIAG_NONE ? '' : ` (${diagnosticText(diagnostic)})`);
