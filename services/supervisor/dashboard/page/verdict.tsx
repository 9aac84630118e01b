/** The first thing to read: is all well, and if not, what. */
import type { DashboardView } from '../view.js';
import { Age } from './marks.js';
import { link, view } from './state.js';
import { clockText } from './times.js';

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
  return problemsOf(found).length === 0 ? 'good' : 'busy';
}

function Headline({ view: found }: { view: DashboardView | undefined }) {
  if (link.value === 'lost') return <Lost since={found?.at} />;
  if (found === undefined) return <h2>Waiting for the supervisor …</h2>;
  const problems = problemsOf(found);
  return (
    <>
      <h2>
        {problems.length === 0
          ? 'All is well'
          : `${problems.length} ${problems.length === 1 ? 'thing needs' : 'things need'} attention`}
      </h2>
      <p>{summaryOf(found)}</p>
      {problems.length > 0 && (
        <ul>
          {problems.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </>
  );
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
