/** The first thing to read: is all well, and if not, what. */
import type { DashboardView } from '../view.js';
import { Age } from './marks.js';
import { link, view } from './state.js';
import { clockText } from './times.js';

/** More lines than these nobody reads here; the parts below have all. */
const MOST_NOTES = 8;

export function Verdict() {
  const found = view.value;
  return (
    <section class={`verdict ${toneOf(found)}`} role="status" aria-live="polite">
      <Headline view={found} />
    </section>
  );
}

function toneOf(found: DashboardView | undefined): string {
  if (link.value === 'lost') return 'bad lost';
  if (found === undefined) return 'unknown';
  return problemsOf(found).length + notesOf(found).length === 0 ? 'good' : 'busy';
}

function Headline({ view: found }: { view: DashboardView | undefined }) {
  if (link.value === 'lost') return <Lost since={found?.at} />;
  if (found === undefined) return <h2>Waiting for the supervisor …</h2>;
  const problems = problemsOf(found);
  const notes = notesOf(found);
  return (
    <>
      <h2>{headlineText(problems.length, notes.length)}</h2>
      <p>{summaryOf(found)}</p>
      {problems.length + notes.length > 0 && (
        <ul>
          {[...problems, ...notes].map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function headlineText(problems: number, notes: number): string {
  if (problems > 0) return `${problems} ${problems === 1 ? 'thing needs' : 'things need'} attention`;
  return notes === 0 ? 'All is well' : `In service, ${notes === 1 ? 'one thing' : `${notes} things`} to look at`;
}

function Lost({ since }: { since: number | undefined }) {
  return (
    <>
      <h2>Connection lost</h2>
      {since === undefined ? (
        <p>The supervisor does not answer.</p>
      ) : (
        <p>
          Nothing is known since {clockText(since)}
          {/* Not read aloud with every second. */}
          <span aria-hidden="true">
            {' '}
            (<Age at={since} />)
          </span>
          : every state below is unknown. On the machine: <code>keepwatchctl status</code>.
        </p>
      )}
    </>
  );
}

/** What the supervisor says, and what has fallen silent since. */
function problemsOf({ problems, services }: DashboardView): string[] {
  const silent = services.filter(({ health }) => health === 'SILENT');
  return [...problems, ...silent.map(({ name }) => `${name} is silent: what it said last may not be true any more`)];
}

/** What is made good by others as long as it lasts: a server that is out, a tracker that failed, an order. */
function notesOf({ instances, pools, orders }: DashboardView): string[] {
  const servers = pools.flatMap(({ name, servers: all }) => {
    const down = all.filter(({ state }) => state === 'DOWN').length;
    return down === 0 ? [] : [`${down} of ${all.length} real servers of ${name} ${down === 1 ? 'is' : 'are'} down`];
  });
  const trackers = instances.flatMap(({ name, trackers: all }) =>
    all
      .filter(({ tone }) => tone === 'bad')
      .map((tracker) => `${tracker.kind} ${tracker.name} of ${name} is ${tracker.condition}`),
  );
  const given =
    orders.length === 0 ? [] : [`${orders.length === 1 ? 'an order is' : `${orders.length} orders are`} in force`];
  return [...servers, ...trackers, ...given].slice(0, MOST_NOTES);
}

/** `MASTER of VI_1, VI_2; BACKUP of VI_3; 2 of 2 virtual servers up` */
function summaryOf({ instances, pools }: DashboardView): string {
  const parts: string[] = [];
  for (const state of ['MASTER', 'BACKUP', 'FAULT', 'INIT', 'UNKNOWN'] as const) {
    const names = instances.filter((instance) => instance.state === state).map(({ name }) => name);
    if (names.length === 0) continue;
    const few = names.length <= 6 ? names.join(', ') : `${names.length} instances`;
    parts.push(`${state} of ${few}`);
  }
  const up = pools.filter(({ state }) => state === 'UP').length;
  const known = pools.every(({ state }) => state !== 'UNKNOWN');
  if (pools.length > 0) parts.push(known ? `${up} of ${pools.length} virtual servers up` : 'virtual servers unknown');
  return parts.join(' · ');
}

/** The same in the few words of a tab. */
export function titleText(): string {
  const found = view.value;
  if (found === undefined) return 'Keepwatch';
  if (link.value === 'lost') return `? ${found.host}`;
  const count = problemsOf(found).length;
  const states = new Set(found.instances.map(({ state }) => state));
  return `${count > 0 ? `(${count}) ` : ''}${found.host} ${[...states].join('+')}`.trim();
}
