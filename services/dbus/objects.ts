/**
 * The objects of org.keepalived.Vrrp1 and what they answer. Paths, interfaces and values are those of keepalived 2.2.7 (its
 * introspection files and its answers). Pure.
 */
import type { DbusSettings } from '../shared/config/modules.js';
import { type VrrpInstance, VrrpStateName } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';

export const VRRP_INTERFACE = 'org.keepalived.Vrrp1.Vrrp';
export const INSTANCE_INTERFACE = 'org.keepalived.Vrrp1.Instance';
const ROOT = '/org/keepalived/Vrrp1';

/** What decides about paths. */
export interface Naming {
  readonly settings: Pick<DbusSettings, 'noInterfaceName'>;
  /** `net_namespace`; empty: none. */
  readonly networkNamespace: string;
  /** `instance`; empty: none. */
  readonly instanceName: string;
}

const rootOf = ({ networkNamespace, instanceName }: Naming): string =>
  [ROOT, ...[networkNamespace, instanceName].filter((name) => name !== '').map(element)].join('/');

/** An element of a path has letters, digits and underscores only. */
const element = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, '_');

/** The object of the whole. */
export const vrrpPath = (naming: Naming): string => `${rootOf(naming)}/Vrrp`;

/** `/org/keepalived/Vrrp1/Instance/eth0/51/IPv4` */
export const instancePath = (
  naming: Naming,
  { interface: on, vrid, family }: Pick<VrrpInstance, 'interface' | 'vrid' | 'family'>,
): string =>
  `${rootOf(naming)}/Instance/${element(on === '' ? naming.settings.noInterfaceName : on)}/${vrid}/IPv${family}`;

/** keepalived's numbers and names of states. */
const STATES: ReadonlyMap<VrrpStateName, readonly [number, string]> = new Map([
  [VrrpStateName.VRRP_STATE_NAME_INIT, [0, 'Init']],
  [VrrpStateName.VRRP_STATE_NAME_BACKUP, [1, 'Backup']],
  [VrrpStateName.VRRP_STATE_NAME_MASTER, [2, 'Master']],
  [VrrpStateName.VRRP_STATE_NAME_FAULT, [3, 'Fault']],
  [VrrpStateName.VRRP_STATE_NAME_STOP, [98, 'Stop']],
]);
/** Nobody knows: vrrpd is silent. keepalived has the name and no number for it. */
const UNKNOWN = [99, 'Unknown'] as const;

/** The value of the property State. */
export const stateOf = (state: VrrpStateName): readonly [number, string] => STATES.get(state) ?? UNKNOWN;

/** All objects by their paths; undefined: the one of the whole. */
export type ObjectTree = ReadonlyMap<string, VrrpInstance | undefined>;

export const objectTree = (naming: Naming, instances: readonly VrrpInstance[]): ObjectTree =>
  new Map<string, VrrpInstance | undefined>([
    [vrrpPath(naming), undefined],
    ...instances.map((instance) => [instancePath(naming, instance), instance] as const),
  ]);

/** The names right below a path; undefined: there is nothing at or below it. */
export function childrenOf(path: string, tree: ObjectTree): readonly string[] | undefined {
  const prefix = path === '/' ? '/' : `${path}/`;
  const below = [...tree.keys()].filter((one) => one.startsWith(prefix));
  if (below.length === 0 && !tree.has(path)) return undefined;
  return [...new Set(below.map((one) => one.slice(prefix.length).split('/')[0] ?? ''))].sort();
}
