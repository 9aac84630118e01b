/** Signals that follow from an event of the suite. Pure. */
import type { WatchEventsResponse } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { VrrpInstance } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { INSTANCE_INTERFACE, instancePath, type Naming, stateOf, VRRP_INTERFACE, vrrpPath } from './objects.js';

export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}

/** Whether {@link signalsOf} may have something to tell. */
export const maySignal = ({ event }: WatchEventsResponse): boolean => {
  if (event?.$case === 'supervisor') return event.value.code === 'reloaded';
  return event?.value.event?.$case === 'vrrp' && event.value.event.value.transition !== undefined;
};

/** `known`: the instances before the event, for it may tell a change without the instance. */
export function signalsOf({ event }: WatchEventsResponse, naming: Naming, known: readonly VrrpInstance[]): Signal[] {
  if (event?.$case === 'supervisor') {
    return event.value.code === 'reloaded' ? [wholeSignal('VrrpReloaded', naming)] : [];
  }
  const told = event?.value.event;
  if (told?.$case !== 'vrrp') return [];
  const { transition, instances } = told.value;
  if (transition === undefined || transition.group) return [];
  const instance = [...instances, ...known].find(({ name }) => name === transition.name);
  return instance === undefined ? [] : [stateSignal({ ...instance, state: transition.to }, naming)];
}

/** VrrpStarted, VrrpReloaded and VrrpStopped. */
export const wholeSignal = (member: string, naming: Naming): Signal => ({
  path: vrrpPath(naming),
  interface: VRRP_INTERFACE,
  member,
  signature: '',
  body: [],
});

/** VrrpStatusChange. */
export const stateSignal = (instance: VrrpInstance, naming: Naming): Signal => ({
  path: instancePath(naming, instance),
  interface: INSTANCE_INTERFACE,
  member: 'VrrpStatusChange',
  signature: 'u',
  body: [stateOf(instance.state)[0]],
});
