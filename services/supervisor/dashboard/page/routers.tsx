/** Instances in their sync groups: what they track on the left, their addresses on the right. */
import type { AddressView, DashboardView, GroupView, InstanceView, TrackerView } from '../view.js';
import { Age, anchorOf, Badge, Dot, Moment, toneOfState } from './marks.js';
import { filter, view } from './state.js';

export function Routers() {
  const found = view.value;
  if (found === undefined) return null;
  const { instances, groups } = found;
  const alone = instances.filter(({ group }) => !groups.some(({ name }) => name === group));
  return (
    <section id="routers" aria-labelledby="routers-title">
      <h2 id="routers-title">Virtual routers</h2>
      {instances.length === 0 && <p class="none">No VRRP instance is configured.</p>}
      {groups.map((group) => (
        <Group key={group.name} group={group} view={found} />
      ))}
      {alone.map((instance) => (
        <Instance key={instance.name} instance={instance} />
      ))}
    </section>
  );
}

function Group({ group, view: { instances } }: { group: GroupView; view: DashboardView }) {
  const members = instances.filter((instance) => instance.group === group.name);
  return (
    <section class="group" aria-label={`Sync group ${group.name}`}>
      <header>
        <h3>
          <span class="kind">sync group</span> {group.name}
        </h3>
        <Badge text={group.state} tone={toneOfState(group.state)} />
        {group.since !== undefined && (
          <p class="why">
            {group.state === 'UNKNOWN' ? 'last change' : 'since'} <Moment at={group.since} />
            {group.why !== '' && `: ${group.why}`}
          </p>
        )}
      </header>
      {members.map((instance) => (
        <Instance key={instance.name} instance={instance} />
      ))}
    </section>
  );
}

function Instance({ instance }: { instance: InstanceView }) {
  const { name, state, trackers, addresses } = instance;
  return (
    <article class="instance" id={anchorOf('instance', name)} aria-label={`Instance ${name}, ${state}`}>
      <ul class="trackers leaves" aria-label={`What ${name} depends on`}>
        <li>
          <Dot tone="calm" />
          <span>
            <span class="kind">interface</span> {instance.interface}
          </span>
          <small>its own</small>
        </li>
        {trackers.map((tracker) => (
          <Tracker key={`${tracker.kind} ${tracker.name}`} tracker={tracker} />
        ))}
      </ul>
      <Node instance={instance} />
      <ul class="addresses leaves" aria-label={`Virtual addresses of ${name}`}>
        {addresses.map((address) => (
          <Address key={`${address.address} ${address.interface}`} address={address} />
        ))}
      </ul>
    </article>
  );
}

function Node({ instance }: { instance: InstanceView }) {
  const { name, state, since, why, master, faults, waits } = instance;
  return (
    <div class={`node ${toneOfState(state)}`}>
      <header>
        <Badge large text={state} tone={toneOfState(state)} />
        <h3>{name}</h3>
        <p class="dim">
          vrid {instance.vrid} · {instance.protocol} · every {instance.advertIntervalMs / 1_000} s
          {!instance.preempt && ' · nopreempt'}
        </p>
      </header>
      {since !== undefined && (
        <p class="why">
          <span class="dim">{state === 'UNKNOWN' ? 'last change' : 'since'}</span> <Moment at={since} />
          {why !== '' && <>: {why}</>}
        </p>
      )}
      {faults.map((text) => (
        <p key={text} class="line bad">
          <Dot tone="bad" /> {text}
        </p>
      ))}
      {waits.map((text) => (
        <p key={text} class="line busy">
          <Dot tone="busy" /> {text}
        </p>
      ))}
      {master !== undefined && (
        <p class="line">
          <span class="dim">master is</span> <b>{master.address}</b> <span class="dim">with priority</span>{' '}
          {master.priority}
          {master.heardAt !== undefined && (
            <span class="dim">
              , heard <Age at={master.heardAt} /> ago
            </span>
          )}
        </p>
      )}
      <Priority instance={instance} />
      <footer>
        <button type="button" onClick={() => showInTimeline(`vrrp_instance ${name}`)}>
          Time line of {name}
        </button>
        <span class="dim">
          adverts: {instance.advertsSent} sent, {instance.advertsReceived} heard · master {instance.becameMaster}×
        </span>
      </footer>
    </div>
  );
}

/** `100 = 150 configured − 50 script chk` */
function Priority({ instance: { priority, terms } }: { instance: InstanceView }) {
  const [first, ...more] = terms;
  return (
    <p class="priority">
      <span class="dim">priority</span> <b>{priority}</b>
      {first !== undefined && more.length > 0 && (
        <>
          {' = '}
          {first.value} <span class="dim">{first.reason}</span>
          {more.map(({ reason, value }) => (
            <span key={reason} class={value < 0 ? 'term bad' : 'term'}>
              {` ${value < 0 ? '−' : '+'} ${Math.abs(value)} ${reason}`}
            </span>
          ))}
        </>
      )}
    </p>
  );
}

function Tracker({ tracker }: { tracker: TrackerView }) {
  const { kind, name, tone, condition, weight, detail, since } = tracker;
  return (
    <li class={tone}>
      <Dot tone={tone} />
      <span>
        <span class="kind">{kind}</span> {name}
      </span>
      <small>
        {condition}
        {weight !== 0 && `, weight ${weight}`}
        {detail !== '' && `: ${detail}`}
        {since !== undefined && (
          <>
            , <Age at={since} />
          </>
        )}
      </small>
    </li>
  );
}

function Address({ address: { address, interface: on, present, excluded } }: { address: AddressView }) {
  const where = present === undefined ? 'unknown' : present ? 'here' : 'not here';
  const tone = present === undefined ? 'unknown' : present ? 'master' : 'calm';
  return (
    <li class={tone}>
      <Dot tone={tone} />
      <span>{address}</span>
      <small>
        {where} · {on}
        {excluded && ' · not advertised'}
      </small>
    </li>
  );
}

/** Narrows the time line to one subject and goes there. */
export function showInTimeline(subject: string): void {
  filter.value = subject;
  const section = document.getElementById('timeline');
  section?.scrollIntoView();
  document.getElementById('timeline-filter')?.focus({ preventScroll: true });
}
