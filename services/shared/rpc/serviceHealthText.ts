/** Health of a service in a word. Pure. */
import { ServiceHealth } from './generated/keepwatch/v1/control.js';

const PREFIX = 'SERVICE_HEALTH_';
const TEXTS = new Map<number, string>(
  Object.entries(ServiceHealth)
    .filter(([name, value]) => name.startsWith(PREFIX) && typeof value === 'number' && value > 0)
    .map(([name, value]) => [Number(value), name.slice(PREFIX.length)]),
);

/** `READY`, `DEGRADED`, …; `UNKNOWN` for one that is not told. */
export const serviceHealthText = (health: ServiceHealth): string => TEXTS.get(health) ?? 'UNKNOWN';
