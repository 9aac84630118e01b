/** Orders in force, BFD sessions, and the processes of the suite. */
import type { OrderView, ServiceView } from '../view.js';
import { Badge, Dot, Moment } from './marks.js';
import { now, view } from './state.js';
import { lengthText } from './times.js';

export function Orders() {
  const orders = view.value?.orders ?? [];
  return (
    <section id="orders" aria-labelledby="orders-title">
      <h2 id="orders-title">Orders in force</h2>
      {orders.length === 0 ? (
        <p class="none">
          None: everything is as the configuration says. Orders are given with <code>keepwatchctl</code>.
        </p>
      ) : (
        <ul class="lines">
          {orders.map((order) => (
            <Order key={order.id} order={order} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Order({ order: { id, text, by, givenAt, expiresAt } }: { order: OrderView }) {
  return (
    <li>
      <Dot tone="busy" />
      <b>{text}</b>
      <span>
        {by}
        <span class="dim">
          {givenAt !== undefined && (
            <>
              {' '}
              at <Moment at={givenAt} />
            </>
          )}
          {expiresAt === undefined
            ? ', until it is taken back'
            : `, for another ${lengthText(Math.max(0, expiresAt - now.value))}`}{' '}
          · {id}
        </span>
      </span>
    </li>
  );
}

export function Sessions() {
  const sessions = view.value?.sessions ?? [];
  if (sessions.length === 0) return null;
  return (
    <section id="bfd" aria-labelledby="bfd-title">
      <h2 id="bfd-title">BFD sessions</h2>
      <ul class="lines">
        {sessions.map(({ name, state, tone, peer, since, why }) => (
          <li key={name}>
            <Badge text={state} tone={tone} />
            <b>{name}</b>
            <span>
              with {peer}
              <span class="dim">
                {since !== undefined && (
                  <>
                    , since <Moment at={since} />
                  </>
                )}
                {why !== '' && `: ${why}`}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Services() {
  const found = view.value;
  if (found === undefined) return null;
  return (
    <section id="services" aria-labelledby="services-title">
      <h2 id="services-title">Services</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by the keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Table of services">
        <table>
          <thead>
            <tr>
              {['Service', 'Health', 'Pid', 'Version', 'Restarts', 'Started', 'Heard', 'Rights'].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.services.map((service) => (
              <ServiceRow key={service.name} service={service} />
            ))}
          </tbody>
        </table>
      </section>
      <dl class="facts">
        {found.facts.map(({ name, text, tone }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Dot tone={tone} /> {text}
            </dd>
          </div>
        ))}
        <div>
          <dt>Configuration</dt>
          <dd>
            {found.appliedFrom === '' ? found.configFile : `${found.appliedFrom} (not ${found.configFile})`}, generation{' '}
            {found.generation}
            {found.configuredAt !== undefined && (
              <>
                , since <Moment at={found.configuredAt} />
              </>
            )}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function ServiceRow({ service }: { service: ServiceView }) {
  const { name, health, tone, pid, version, restarts, startedAt, rights, silenceMs, detail, heard } = service;
  const quiet = silenceMs === undefined ? '' : `${(silenceMs / 1_000).toFixed(1)} s ago`;
  return (
    <>
      <tr>
        <th scope="row">{name}</th>
        <td>
          <Badge text={health} tone={tone} />
        </td>
        <td>{pid === 0 ? '' : pid}</td>
        <td>{version}</td>
        <td class={restarts > 0 ? 'busy' : ''}>{restarts}</td>
        <td>{startedAt !== undefined && <Moment at={startedAt} />}</td>
        <td>{heard ? quiet : 'silent'}</td>
        <td>{rights}</td>
      </tr>
      {detail !== '' && (
        <tr class="detail">
          <td />
          <td colSpan={7}>{detail}</td>
        </tr>
      )}
    </>
  );
}
