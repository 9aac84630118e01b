/** `keepwatchctl watch`. */
import { SuiteStatus, WatchEventsResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { type Colours, coloursFor } from './colours.js';
import { connectTo, failureOf } from './connection.js';
import { EXIT_GOOD } from './exitCode.js';
import { renderEvent } from './renderEvent.js';
import { renderStatus } from './renderStatus.js';
import type { Target } from './target.js';

const RETRY_MS = 500;
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

export interface WatchOptions {
  readonly json: boolean;
  /** Events line by line instead of the status. */
  readonly events: boolean;
}

/**
 * Follows the suite until it is interrupted: on a terminal the status is drawn in place, elsewhere events come line by
 * line; with --json one protobuf JSON message a line. When the supervisor goes, waits for the next one.
 */
export async function watch(target: Target, options: WatchOptions): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
  // The reader of a pipe went away: there is nobody to tell.
  process.stdout.on('error', () => interrupted.abort());
  const { signal } = interrupted;
  const status = !options.events && (options.json || process.stdout.isTTY === true);
  let reached = false;
  while (!signal.aborted) {
    try {
      for await (const text of status ? statuses(target, options.json, signal) : events(target, options.json, signal)) {
        reached = true;
        process.stdout.write(text);
      }
    } catch (error) {
      if (signal.aborted) break;
      const failure = failureOf(error, target);
      if (!reached) throw failure;
      process.stderr.write(`keepwatchctl: ${failure.message}; waiting for it\n`);
    }
    while (!signal.aborted && !(await answers(target))) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return EXIT_GOOD;
}

async function answers(target: Target): Promise<boolean> {
  const { channel, control } = connectTo(target);
  try {
    await control.getStatus({}, { deadlineMs: 2_000 });
    return true;
  } catch {
    return false;
  } finally {
    channel.close();
  }
}

async function* statuses(target: Target, json: boolean, signal: AbortSignal): AsyncGenerator<string> {
  const colours: Colours = coloursFor(process.stdout);
  const { channel, control } = connectTo(target);
  try {
    for await (const { status } of control.watchStatus({}, { signal })) {
      if (status === undefined) continue;
      yield json
        ? `${JSON.stringify(SuiteStatus.toJSON(status))}\n`
        : CLEAR_SCREEN + renderStatus(status, new Date(), colours);
    }
  } finally {
    channel.close();
  }
}

async function* events(target: Target, json: boolean, signal: AbortSignal): AsyncGenerator<string> {
  const { channel, control } = connectTo(target);
  try {
    for await (const event of control.watchEvents({}, { signal })) {
      const text = json ? JSON.stringify(WatchEventsResponse.toJSON(event)) : renderEvent(event);
      if (text !== undefined) yield `${text}\n`;
    }
  } finally {
    channel.close();
  }
}
