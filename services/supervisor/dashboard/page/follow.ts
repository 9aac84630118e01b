/** Follows the supervisor's stream: comes back after every end of it, and knows when it says nothing any more. */
import { effect } from '@preact/signals';
import type { DashboardView, TimelineUpdate } from '../view.js';
import { age, link, takeTimeline, takeView } from './state.js';

/** A view comes every second: after this long the stream is not one any more. */
const QUIET_LIMIT_MS = 3_000;
/** Half-open connections say nothing for ever: a new one may. */
const RENEW_AFTER_MS = 8_000;
/** The browser does not try again by itself after an answer that is no stream. */
const RETRY_MS = 1_500;

/** `script`: name of the running script. A view of another one loads the page again. */
export function follow(script: string): void {
  let source = open(script, again);
  function again(): void {
    source.close();
    source = open(script, again);
  }
  let renewedAt = 0;
  effect(() => {
    if (link.value === 'connecting' || age.value < QUIET_LIMIT_MS) return;
    link.value = 'lost';
    const time = performance.now();
    if (age.value < RENEW_AFTER_MS || time - renewedAt < RENEW_AFTER_MS) return;
    renewedAt = time;
    if (source.readyState === EventSource.OPEN) again();
  });
}

function open(script: string, again: () => void): EventSource {
  const source = new EventSource('events');
  source.addEventListener('view', ({ data }: MessageEvent<string>) => {
    const view = JSON.parse(data) as DashboardView;
    if (view.script === script) takeView(view);
    else location.reload();
  });
  source.addEventListener('timeline', ({ data }: MessageEvent<string>) => {
    takeTimeline(JSON.parse(data) as TimelineUpdate);
  });
  source.onerror = () => {
    link.value = 'lost';
    if (source.readyState === EventSource.CLOSED) setTimeout(again, RETRY_MS);
  };
  return source;
}
