/** Where each service is started: in which network namespace, and what a configuration may not change about it. */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PlacedName, Placement } from '../shared/config/placement.js';
import type { PlainDiagnostic } from '../shared/rpc/diagnostics.js';
import type { ServiceName } from '../shared/rpc/service.js';
import { entered } from '../shared/script/launch.js';
import type { ServiceCommand } from './serviceProcess.js';

/** Where `ip netns add` keeps namespaces (ip-netns(8)). */
const NAMESPACES = '/run/netns';

/** A network namespace as a file. */
export const namespacePath = (name: string): string => join(NAMESPACES, name);

/** The namespace a service runs in; undefined: the one keepwatchd was started in. Pure. */
export function namespaceFor(name: ServiceName, { netNamespace, ipvsNamespace }: Placement): PlacedName | undefined {
  const chosen = name === 'ipvsd' ? (ipvsNamespace ?? netNamespace) : netNamespace;
  return chosen?.name === '' ? undefined : chosen;
}

/**
 * The command that starts a service in its namespace: by nsenter(1), which becomes the service, so that every thread of it
 * and every script it starts is inside and the process is the one that was started. To be put around what confines the
 * service, for only the privileged may enter. Pure.
 */
export function placedCommand(
  name: ServiceName,
  command: ServiceCommand,
  placement: Placement,
  nsenter: string,
): ServiceCommand {
  const namespace = namespaceFor(name, placement);
  if (namespace === undefined) return command;
  return entered(command, { nsenter, path: namespacePath(namespace.name) });
}

/** What a reload cannot do, as errors: processes do not move to another namespace, nor files to another directory. Pure. */
export function placementChanges(inForce: Placement, wanted: Placement): PlainDiagnostic[] {
  return [
    change('the network namespace (net_namespace)', inForce.netNamespace, wanted.netNamespace),
    change('the network namespace of IPVS (net_namespace_ipvs)', inForce.ipvsNamespace, wanted.ipvsNamespace),
    change('the name of the suite (instance)', inForce.instance, wanted.instance),
  ].flat();
}

function change(what: string, inForce: PlacedName | undefined, wanted: PlacedName | undefined): PlainDiagnostic[] {
  if (inForce?.name === wanted?.name) return [];
  const said = (name: PlacedName | undefined): string =>
    name === undefined ? 'not set' : name.name === '' ? 'the default' : `'${name.name}'`;
  return [
    {
      severity: 'error',
      ...(wanted?.position === undefined ? {} : { position: wanted.position }),
      code: 'needs-restart',
      message: `${what} cannot change while the suite runs: it is ${said(inForce)}, wanted is ${said(wanted)}`,
      hint: 'put it back, or stop the suite and start it with this configuration',
    },
  ];
}

/** Tries a namespace; the reason why it cannot be entered. */
export type TryNamespace = (path: string) => string | undefined;

/** Why services cannot be started where the configuration wants them, as errors with their places. */
export function placementProblems(
  placement: Placement,
  names: readonly ServiceName[],
  attempt: TryNamespace,
): PlainDiagnostic[] {
  const wanted = new Map<string, PlacedName>();
  for (const name of names) {
    const namespace = namespaceFor(name, placement);
    if (namespace !== undefined) wanted.set(namespace.name, namespace);
  }
  return [...wanted.values()].flatMap(({ name, position }): PlainDiagnostic[] => {
    const reason = attempt(namespacePath(name));
    if (reason === undefined) return [];
    return [
      {
        severity: 'error',
        ...(position === undefined ? {} : { position }),
        code: 'no-namespace',
        message: `network namespace '${name}' cannot be entered: ${reason}`,
        hint: `ip netns list shows those there are, ip netns add ${name} makes it`,
      },
    ];
  });
}

/** Why there is nothing to enter at `path`; undefined when there is something. Looks, and does not try. */
export function missingNamespace(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? `there is no ${path}` : undefined;
}

/** nsenter(1) of util-linux or BusyBox; undefined when this machine has none. */
export function findNsenter(): string | undefined {
  return ['/usr/bin/nsenter', '/bin/nsenter'].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
