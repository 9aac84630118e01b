/** Virtual servers with their pools: who takes traffic, who does not and why, and how long the checks take. */
import type { CheckView, PoolView, RealView } from '../view.js';
import { LatencyPlot } from './latencyPlot.js';
import { medianOf } from './latencyRing.js';
import { anchorOf, Badge, Dot, toneOfState } from './marks.js';
import { showInTimeline } from './routers.js';
import { latency, latencyVersion, view } from './state.js';
import { durationText } from './times.js';

export function Pools() {
  const found = view.value;
  if (found === undefined) return null;
  return (
    <section id="pools" aria-labelledby="pools-title">
      <h2 id="pools-title">Virtual servers</h2>
      {found.pools.length === 0 && <p class="none">No virtual server is configured.</p>}
      {found.pools.map((pool) => (
        <Pool key={pool.name} pool={pool} />
      ))}
    </section>
  );
}

function Pool({ pool }: { pool: PoolView }) {
  const { name, state, heldBy, sorry, sorryActive, servers } = pool;
  return (
    <article class={`pool ${toneOfState(state)}`} aria-label={`Virtual server ${name}, ${state}`}>
      <header>
        <Badge large text={state} tone={toneOfState(state)} />
        <h3>{name}</h3>
        <Quorum pool={pool} />
        {heldBy.length > 0 && (
          <p class="dim">
            address of{' '}
            {heldBy.map((instance) => (
              <a key={instance} href={`#${anchorOf('instance', instance)}`}>
                {instance}
              </a>
            ))}
          </p>
        )}
        <button class="aside" type="button" onClick={() => showInTimeline(name)}>
          Time line
        </button>
      </header>
      <ol class="servers" aria-label={`Real servers of ${name}`}>
        {servers.map((server, index) => (
          <Server key={server.name} server={server} pool={name} line={index} />
        ))}
        {sorry !== undefined && (
          <li>
            {state === 'UNKNOWN' ? (
              <Badge text="UNKNOWN" tone="unknown" />
            ) : (
              <Badge text={sorryActive ? 'ACTIVE' : 'stands by'} tone={sorryActive ? 'busy' : 'calm'} />
            )}
            <span class="name">{sorry.name}</span>
            <span class="dim">sorry server</span>
          </li>
        )}
      </ol>
      {servers.some(({ checks }) => checks.length > 0) && <LatencyPlot pool={pool} />}
    </article>
  );
}

/** The weight that is up against the quorum. */
function Quorum({ pool: { state, weightUp, weightAll, quorum } }: { pool: PoolView }) {
  const whole = Math.max(weightAll, weightUp, quorum, 1);
  return (
    <div class="quorum">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rail" width="100" height="10" />
        {state !== 'UNKNOWN' && <rect class={toneOfState(state)} width={(100 * weightUp) / whole} height="10" />}
        <rect class="mark" x={Math.min(99, (100 * quorum) / whole - 0.5)} width="1" height="10" />
      </svg>
      <p>
        {state === 'UNKNOWN' ? 'weight unknown' : `weight ${weightUp} of ${weightAll} up`}, quorum {quorum}
      </p>
    </div>
  );
}

function Server({ server, pool, line }: { server: RealView; pool: string; line: number }) {
  const { name, state, weight, configuredWeight, inTable, why } = server;
  const weightText = weight === configuredWeight ? `weight ${weight}` : `weight ${weight} of ${configuredWeight}`;
  return (
    <li>
      <Badge text={state} tone={toneOfState(state)} />
      <span class="name">{name}</span>
      <span class="dim">
        {weightText}
        {!inTable && state !== 'UNKNOWN' && ' · not in the table'}
      </span>
      <ul class="checks">
        {server.checks.map((check) => (
          <li key={check.name}>
            <Dot tone={toneOfState(check.state)} />
            {check.name}
            {check.suspended && <span class="dim"> suspended</span>}
            {check.at !== undefined && check.state !== 'UNKNOWN' && (
              <Took pool={pool} server={name} check={check} line={line} />
            )}
          </li>
        ))}
      </ul>
      {why !== '' && <p class={`why ${toneOfState(state)}`}>{why}</p>}
    </li>
  );
}

/** What the plot shows, in numbers; with the colour of its line. */
function Took({ pool, server, check, line }: { pool: string; server: string; check: CheckView; line: number }) {
  latencyVersion.value;
  const median = medianOf(latency.of(pool, server, check.name));
  return (
    <span class="took">
      <span class={`key line-${line % 8}`} aria-hidden="true" />
      {check.state === 'DOWN' && 'failed after '}
      {durationText(check.durationMs)}
      {median !== undefined && <span class="dim"> · median {durationText(median)}</span>}
    </span>
  );
}
