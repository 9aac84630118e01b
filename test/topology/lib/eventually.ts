import { setTimeout as pause } from 'node:timers/promises';

/** Limits of a poll, in milliseconds. */
export interface PollLimits {
  readonly within?: number;
  readonly every?: number;
}

/**
 * Polls until the probe gives something other than `undefined` or `false`, and returns it.
 * A probe that throws has not succeeded yet; its last error is part of the failure.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  { within = 5_000, every = 20 }: PollLimits = {},
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + within;
  let last = '';
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
      last = '';
    } catch (error) {
      last = `; last error: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > deadline) throw new Error(`not within ${within} ms: ${what}${last}`);
    await pause(every);
  }
}

/** Polls for the whole duration and fails as soon as the probe gives true. */
export async function never(
  what: string,
  probe: () => boolean | Promise<boolean>,
  { during, every = 20 }: { readonly during: number; readonly every?: number },
): Promise<void> {
  const deadline = performance.now() + during;
  while (performance.now() < deadline) {
    if (await probe()) throw new Error(`must not happen, but did: ${what}`);
    await pause(every);
  }
}
