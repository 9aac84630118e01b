/** Times and habits of VRRPv2 that several tests hold routers to. */
import type { Capture } from './capture.js';
import type { Advert } from './frames.js';

/** Skew_Time of RFC 3768 section 6.1 in milliseconds. */
export function skewMs(priority: number): number {
  return ((256 - priority) / 256) * 1_000;
}

/** Master_Down_Interval of RFC 3768 section 6.1 in milliseconds. */
export function masterDownMs(priority: number, advertIntMs = 1_000): number {
  return 3 * advertIntMs + skewMs(priority);
}

/** Time from the last advertisement of one router to the first of another one after it. */
export function takeover(capture: Capture, from: string, first: Advert): number {
  const last = capture.lastAdvert((advert) => advert.source === from && advert.at < first.at);
  if (!last) throw new Error(`no advertisement of ${from} before the take-over`);
  return first.at - last.at;
}

/** Times between the advertisements of a router, in milliseconds. */
export function gaps(adverts: readonly Advert[], source: string, since = 0): number[] {
  const times = adverts.filter((advert) => advert.source === source && advert.at >= since).map(({ at }) => at);
  return times.slice(1).map((at, index) => at - (times[index] ?? at));
}
