/** What changed and why: states side by side as lanes, and every entry as a line, the newest first. */
import { signal } from '@preact/signals';
import type { TimelineEntry } from '../view.js';
import { Lanes } from './lanesFigure.js';
import { Badge, Dot } from './marks.js';
import { filter, timeline, view } from './state.js';
import { dayText, preciseClockText } from './times.js';

/** Lines shown at first; older ones on request. */
const FIRST_LINES = 40;

const all = signal(false);

export function Timeline() {
  const found = view.value;
  if (found === undefined) return null;
  const wanted = filter.value.toLowerCase();
  const entries = timeline.value.filter((entry) => matches(entry, wanted)).reverse();
  const shown = all.value ? entries : entries.slice(0, FIRST_LINES);
  return (
    <section id="timeline" aria-labelledby="timeline-title">
      <div class="heading">
        <h2 id="timeline-title">Time line</h2>
        <form onSubmit={(event) => event.preventDefault()}>
          <label for="timeline-filter">Only</label>
          <input
            id="timeline-filter"
            type="search"
            placeholder="instance, server, word …"
            autocomplete="off"
            spellcheck={false}
            value={filter.value}
            onInput={({ currentTarget }) => {
              filter.value = currentTarget.value;
            }}
          />
          {filter.value !== '' && (
            <button
              type="button"
              onClick={() => {
                filter.value = '';
              }}
            >
              All
            </button>
          )}
        </form>
      </div>
      <Lanes view={found} />
      {entries.length === 0 && <p class="none">{wanted === '' ? 'Nothing has changed yet.' : 'Nothing matches.'}</p>}
      <ol class="entries" aria-label="Changes, newest first">
        {shown.map((entry, index) => (
          <Entry key={entry.number} entry={entry} before={shown[index - 1]} />
        ))}
      </ol>
      {entries.length > shown.length && (
        <button
          type="button"
          onClick={() => {
            all.value = true;
          }}
        >
          {entries.length - shown.length} older
        </button>
      )}
    </section>
  );
}

const matches = ({ subject, change, cause }: TimelineEntry, wanted: string): boolean =>
  wanted === '' || `${subject} ${change} ${cause}`.toLowerCase().includes(wanted);

/** With the day above it where that is another than that of the entry before. */
function Entry({ entry, before }: { entry: TimelineEntry; before: TimelineEntry | undefined }) {
  const { at, subject, change, cause, tone } = entry;
  const day = dayText(at);
  return (
    <li>
      {(before === undefined || dayText(before.at) !== day) && <h3 class="day">{day}</h3>}
      <div class="entry">
        <time dateTime={new Date(at).toISOString()}>{preciseClockText(at)}</time>
        <Dot tone={tone} />
        <span class="subject">
          <Subject text={subject} />
        </span>
        <span class="change">
          <Change text={change} tone={tone} />
        </span>
        {cause !== '' && <p class="why">{cause}</p>}
      </div>
    </li>
  );
}

/** `vrrp_instance VI_1`: the keyword is less than the name. */
function Subject({ text }: { text: string }) {
  const blank = text.indexOf(' ');
  if (blank === -1) return <>{text}</>;
  return (
    <>
      <span class="kind">{text.slice(0, blank)}</span> {text.slice(blank + 1)}
    </>
  );
}

function Change({ text, tone }: { text: string; tone: TimelineEntry['tone'] }) {
  const states = /^([A-Z]+) -> ([A-Z]+)$/.exec(text);
  if (states !== null) {
    return (
      <>
        {states[1]} <span aria-hidden="true">→</span>
        <span class="hidden"> to </span> <Badge text={states[2] ?? ''} tone={tone} />
      </>
    );
  }
  if (/^(?:UP|DOWN)$/.test(text)) return <Badge text={text} tone={tone} />;
  return <>{text.replace(' -> ', ' → ')}</>;
}
