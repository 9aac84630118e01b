/** The lanes as a picture. */
import { signal } from '@preact/signals';
import type { DashboardView } from '../view.js';
import { type Lane, lanesOf } from './lanes.js';
import { toneOfState } from './marks.js';
import { now, timeline } from './state.js';
import { clockText, lengthText, momentText } from './times.js';

const SPANS = [
  { text: '5 min', ms: 300_000 },
  { text: '1 h', ms: 3_600_000 },
  { text: '24 h', ms: 86_400_000 },
] as const;
/** Width of a lane in its own units. */
const WIDTH = 1_000;

const span = signal<number>(SPANS[0].ms);

export function Lanes({ view }: { view: DashboardView }) {
  // With every view, not with every tick: a picture that moves once a second is live enough.
  const to = now.peek();
  const from = to - span.value;
  const lanes = lanesOf(view, timeline.value, from, to);
  if (lanes.length === 0) return null;
  return (
    <figure class="lanes">
      <figcaption>
        <span>States over time</span>
        <fieldset class="switch">
          <legend class="hidden">Length of time shown</legend>
          {SPANS.map(({ text, ms }) => (
            <label key={text}>
              <input
                type="radio"
                name="span"
                checked={span.value === ms}
                onChange={() => {
                  span.value = ms;
                }}
              />
              <span>{text}</span>
            </label>
          ))}
        </fieldset>
      </figcaption>
      {lanes.map((lane) => (
        <LaneRow key={lane.subject} lane={lane} from={from} to={to} />
      ))}
      <div class="scale" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75].map((part) => (
          <span key={part}>{clockText(from + part * (to - from)).slice(0, span.value > 300_000 ? 5 : 8)}</span>
        ))}
        <span>now</span>
      </div>
    </figure>
  );
}

function LaneRow({ lane: { name, segments }, from, to }: { lane: Lane; from: number; to: number }) {
  const x = (at: number): number => ((at - from) / (to - from)) * WIDTH;
  const spoken = segments
    .toReversed()
    .map((segment) => `${segment.state} for ${lengthText(segment.to - segment.from)}`)
    .join(', before that ');
  return (
    <div class="lane">
      <span class="name">{name}</span>
      <svg
        viewBox={`0 0 ${WIDTH} 20`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name}: ${spoken === '' ? 'not known' : spoken}`}
      >
        <rect class="rail" width={WIDTH} height="20" />
        {segments.map((segment) => (
          <rect
            key={segment.from}
            class={toneOfState(segment.state)}
            x={x(segment.from)}
            width={Math.max(2, x(segment.to) - x(segment.from) - 1)}
            height="20"
          >
            <title>
              {`${segment.state} from ${momentText(segment.from, to)}${segment.why === '' ? '' : `: ${segment.why}`}`}
            </title>
          </rect>
        ))}
      </svg>
      <span class="now">{segments.at(-1)?.state ?? 'not known'}</span>
    </div>
  );
}
