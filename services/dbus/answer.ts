/** What a method call is answered with, or what has to be done first. Pure. */

import type { VrrpInstance } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { introspect } from './introspection.js';
import { INSTANCE_INTERFACE, type ObjectTree, stateOf, VRRP_INTERFACE } from './objects.js';

/** A method call as it came. */
export interface Call {
  readonly path: string;
  /** Empty: not said. */
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** A value with its signature, to stand in a variant. */
export interface TypedValue {
  readonly signature: string;
  readonly value: unknown;
}

/** What the suite has to do before the call is answered with nothing. */
export type Task = 'reload' | 'data' | 'statistics';

export type Reply =
  | { readonly kind: 'values'; readonly signature: string; readonly body: readonly unknown[] }
  | { readonly kind: 'variant'; readonly value: TypedValue }
  | { readonly kind: 'dictionary'; readonly values: Readonly<Record<string, TypedValue>> }
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'error'; readonly name: string; readonly text: string };

const ERROR = 'org.freedesktop.DBus.Error';
const INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

const TASKS: ReadonlyMap<string, Task> = new Map([
  ['ReloadConfig', 'reload'],
  ['PrintData', 'data'],
  ['PrintStats', 'statistics'],
]);

/** Methods of keepalived that are not done here, and what does the same. */
const NOT_HERE: ReadonlyMap<string, string> = new Map([
  [
    'SendGarp',
    'Keepwatch announces its addresses by itself; garp_master_refresh and garp_lower_prio_delay say how often more',
  ],
  ['PrintStatsClear', 'counters are never set to zero here: take PrintStats, or /metrics, and the difference'],
]);

const METHODS: ReadonlyMap<string, readonly string[]> = new Map([
  [VRRP_INTERFACE, ['PrintData', 'PrintStats', 'PrintStatsClear', 'ReloadConfig']],
  [INSTANCE_INTERFACE, ['SendGarp']],
]);

/** Answers a call to an object of the tree. */
export function answer(call: Call, tree: ObjectTree): Reply {
  const { path, member } = call;
  if (isOf(call, INTROSPECTABLE) && member === 'Introspect') {
    const xml = introspect(path, tree);
    return xml === undefined ? unknownObject(path) : { kind: 'values', signature: 's', body: [xml] };
  }
  if (!tree.has(path)) return unknownObject(path);
  const instance = tree.get(path);
  if (isOf(call, PROPERTIES) && ['Get', 'GetAll', 'Set'].includes(member)) return property(call, instance);
  const own = instance === undefined ? VRRP_INTERFACE : INSTANCE_INTERFACE;
  if (!isOf(call, own) || METHODS.get(own)?.includes(member) !== true) {
    return error(
      'UnknownMethod',
      `${path} has no method ${member}${call.interface === '' ? '' : ` of ${call.interface}`}`,
    );
  }
  const task = TASKS.get(member);
  if (task !== undefined) return { kind: 'task', task };
  return error('NotSupported', `${member}: ${NOT_HERE.get(member) ?? 'is not done here'}`);
}

/** The interface is the one, or none is said. */
const isOf = (call: Call, name: string): boolean => call.interface === '' || call.interface === name;

function property({ path, member, body }: Call, instance: VrrpInstance | undefined): Reply {
  const [interfaceName, name] = body;
  const known = interfaceName === (instance === undefined ? VRRP_INTERFACE : INSTANCE_INTERFACE);
  if (!known) return error('UnknownInterface', `${path} has no interface ${String(interfaceName)}`);
  const values = instance === undefined ? {} : propertiesOf(instance);
  if (member === 'GetAll') return { kind: 'dictionary', values };
  const value = Object.hasOwn(values, String(name)) ? values[String(name)] : undefined;
  if (value === undefined) return error('UnknownProperty', `${path} has no property ${String(name)}`);
  if (member === 'Set') return error('PropertyReadOnly', `${String(name)} can only be read`);
  return { kind: 'variant', value };
}

function propertiesOf({ name, state }: VrrpInstance): Readonly<Record<string, TypedValue>> {
  return {
    // The introspection data says `s`; keepalived answers with a structure of one, and so its clients expect it.
    Name: { signature: '(s)', value: [name] },
    State: { signature: '(us)', value: stateOf(state) },
  };
}

const unknownObject = (path: string): Reply => error('UnknownObject', `there is no object ${path}`);

const error = (name: string, text: string): Reply => ({ kind: 'error', name: `${ERROR}.${name}`, text });
