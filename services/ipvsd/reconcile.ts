/**
 * Desired table × kernel table → the fewest operations that make them agree, in an order that keeps traffic flowing: within a
 * service new destinations come before old ones go, and services nobody wants any more go last. Pure.
 *
 * Only what is ours is touched. A service becomes ours when it is desired: *created* when it was not there, else *adopted*. So
 * does a destination. What others put beside it stays, and an adopted service is never deleted, only relieved of our
 * destinations.
 */
import {
  type Destination,
  type DestinationKey,
  destinationName,
  FORWARDING,
  type Service,
  type ServiceKey,
  type ServiceSettings,
  serviceName,
  TUNNEL_CHECKSUM,
  TUNNEL_TYPE,
  type Tunnel,
} from './table.js';

/** One request to the kernel. */
export type IpvsOperation =
  | { readonly kind: 'new-service'; readonly key: ServiceKey; readonly settings: ServiceSettings }
  | { readonly kind: 'set-service'; readonly key: ServiceKey; readonly settings: ServiceSettings }
  | { readonly kind: 'delete-service'; readonly key: ServiceKey }
  | { readonly kind: 'new-destination'; readonly key: ServiceKey; readonly destination: Destination }
  | { readonly kind: 'set-destination'; readonly key: ServiceKey; readonly destination: Destination }
  | { readonly kind: 'delete-destination'; readonly key: ServiceKey; readonly destination: DestinationKey };

/** What of the kernel's table is ours, by {@link serviceName}. */
export type Ownership = ReadonlyMap<string, OwnedService>;

/** One service that is ours. */
export interface OwnedService {
  readonly key: ServiceKey;
  /** It was not there before us, so it may go with us. */
  readonly created: boolean;
  /** Our destinations, by {@link destinationName}. */
  readonly destinations: ReadonlyMap<string, DestinationKey>;
}

/** Services by {@link serviceName}. */
export type Table = ReadonlyMap<string, Service>;

/** Indexes services by name; later ones of a name win. */
export const tableOf = (services: Iterable<Service>): Table =>
  new Map([...services].map((service) => [serviceName(service.key), service]));

const destinationsOf = (service: Service | undefined): Map<string, Destination> =>
  new Map((service?.destinations ?? []).map((destination) => [destinationName(destination), destination]));

function sameSettings(left: ServiceSettings, right: ServiceSettings): boolean {
  return (
    left.scheduler === right.scheduler &&
    left.flags === right.flags &&
    left.persistenceTimeout === right.persistenceTimeout &&
    left.persistenceEngine === right.persistenceEngine &&
    // Without persistence the granularity has no effect; other tools leave anything there.
    (left.persistenceTimeout === 0 || left.persistencePrefix === right.persistencePrefix)
  );
}

function sameDestination(desired: Destination, kernel: Destination): boolean {
  return (
    desired.weight === kernel.weight &&
    (desired.forwarding === kernel.forwarding || // The kernel reports a destination on one of this machine's own addresses as LOCALNODE, whatever was asked for.
      kernel.forwarding === FORWARDING.localnode) &&
    desired.upperThreshold === kernel.upperThreshold &&
    desired.lowerThreshold === kernel.lowerThreshold &&
    (desired.forwarding !== FORWARDING.tunnel || sameTunnel(desired.tunnel, kernel.tunnel))
  );
}

const PLAIN_TUNNEL: Tunnel = { type: TUNNEL_TYPE.ipip, port: 0, checksum: TUNNEL_CHECKSUM.none };

function sameTunnel(desired: Tunnel = PLAIN_TUNNEL, kernel: Tunnel = PLAIN_TUNNEL): boolean {
  return desired.type === kernel.type && desired.port === kernel.port && desired.checksum === kernel.checksum;
}

function reconcileService(
  desired: Service,
  kernel: Service | undefined,
  owned: OwnedService | undefined,
): IpvsOperation[] {
  const { key, settings } = desired;
  const operations: IpvsOperation[] = [];
  if (kernel === undefined) operations.push({ kind: 'new-service', key, settings });
  else if (!sameSettings(settings, kernel.settings)) operations.push({ kind: 'set-service', key, settings });

  const present = destinationsOf(kernel);
  const wanted = destinationsOf(desired);
  for (const [name, destination] of wanted) {
    const current = present.get(name);
    if (current === undefined) operations.push({ kind: 'new-destination', key, destination });
    else if (!sameDestination(destination, current)) operations.push({ kind: 'set-destination', key, destination });
  }
  for (const [name, destination] of present) {
    if (!wanted.has(name) && owned?.destinations.has(name)) {
      operations.push({ kind: 'delete-destination', key, destination });
    }
  }
  return operations;
}

function relinquish(owned: OwnedService, kernel: Service): IpvsOperation[] {
  // The kernel drops the destinations of a deleted service itself.
  if (owned.created) return [{ kind: 'delete-service', key: owned.key }];
  const present = destinationsOf(kernel);
  return [...owned.destinations]
    .filter(([name]) => present.has(name))
    .map(([, destination]) => ({ kind: 'delete-destination', key: owned.key, destination }));
}

/** The operations that turn `kernel` into `desired`, touching only what is ours. Idempotent: applied, it gives none. */
export function reconcile(desired: Table, kernel: Table, owned: Ownership): IpvsOperation[] {
  const operations: IpvsOperation[] = [];
  for (const [name, service] of desired) {
    operations.push(...reconcileService(service, kernel.get(name), owned.get(name)));
  }
  for (const [name, ours] of owned) {
    const current = kernel.get(name);
    if (!desired.has(name) && current !== undefined) operations.push(...relinquish(ours, current));
  }
  return operations;
}

/**
 * What is ours once `desired` is being applied to `kernel`: everything desired, and what was ours and is still in the kernel.
 * To be recorded before the operations, so that a crash between them leaves nothing without an owner.
 */
export function claim(desired: Table, kernel: Table, owned: Ownership): Ownership {
  const claimed = new Map<string, OwnedService>();
  for (const [name, service] of desired) {
    const before = owned.get(name);
    const present = destinationsOf(kernel.get(name));
    const kept = [...(before?.destinations ?? [])].filter(([destination]) => present.has(destination));
    claimed.set(name, {
      key: service.key,
      // A service of ours that somebody deleted will be made again by us; one we adopted and that is gone as well.
      created: kernel.has(name) ? (before?.created ?? false) : true,
      destinations: new Map<string, DestinationKey>([...kept, ...destinationsOf(service)]),
    });
  }
  for (const [name, ours] of owned) if (!desired.has(name) && kernel.has(name)) claimed.set(name, ours);
  return claimed;
}

/** Both say the same of the same services. */
export function sameOwnership(left: Ownership, right: Ownership): boolean {
  if (left.size !== right.size) return false;
  for (const [name, owned] of left) {
    const other = right.get(name);
    if (other === undefined || other.created !== owned.created) return false;
    if (other.destinations.size !== owned.destinations.size) return false;
    for (const destination of owned.destinations.keys()) if (!other.destinations.has(destination)) return false;
  }
  return true;
}

/** Everything in the kernel is ours: what `lvs_flush` makes of the table, so that all that is not desired goes. */
export function claimAll(kernel: Table): Ownership {
  return new Map(
    [...kernel].map(([name, service]) => [
      name,
      { key: service.key, created: true, destinations: destinationsOf(service) },
    ]),
  );
}

/** Corrects a claim: the service turned out to be there already (EEXIST), so it is adopted, not created. */
export function adopted(owned: Ownership, key: ServiceKey): Ownership {
  const name = serviceName(key);
  const ours = owned.get(name);
  return ours === undefined ? owned : new Map(owned).set(name, { ...ours, created: false });
}

/** Takes successful operations into a picture of the kernel's table, in order. */
export function applied(kernel: Map<string, Service>, operations: readonly IpvsOperation[]): void {
  // Destinations by name, for the services touched: a change of many must not search a list for each.
  const touched = new Map<string, Map<string, Destination>>();
  const destinations = (name: string): Map<string, Destination> => {
    const found = touched.get(name) ?? destinationsOf(kernel.get(name));
    touched.set(name, found);
    return found;
  };
  for (const operation of operations) {
    const name = serviceName(operation.key);
    switch (operation.kind) {
      case 'new-service':
      case 'set-service':
        destinations(name);
        kernel.set(name, { key: operation.key, settings: operation.settings, destinations: [] });
        break;
      case 'delete-service':
        kernel.delete(name);
        touched.delete(name);
        break;
      case 'delete-destination':
        destinations(name).delete(destinationName(operation.destination));
        break;
      default:
        destinations(name).set(destinationName(operation.destination), operation.destination);
    }
  }
  for (const [name, members] of touched) {
    const service = kernel.get(name);
    if (service !== undefined) kernel.set(name, { ...service, destinations: [...members.values()] });
  }
}

/** The part of a table or of ownership that concerns the services named; all of it without a scope. */
export function within<Value>(
  all: ReadonlyMap<string, Value>,
  scope: ReadonlySet<string> | undefined,
): ReadonlyMap<string, Value> {
  if (scope === undefined) return all;
  const part = new Map<string, Value>();
  for (const name of scope) {
    const value = all.get(name);
    if (value !== undefined) part.set(name, value);
  }
  return part;
}

/** For logs and errors: `add tcp 10.0.0.1:80 (wlc)`, `weight of 10.0.0.2:80 in tcp 10.0.0.1:80 = 0`. */
export function describeOperation(operation: IpvsOperation): string {
  const service = serviceName(operation.key);
  switch (operation.kind) {
    case 'new-service':
      return `add service ${service} (${operation.settings.scheduler})`;
    case 'set-service':
      return `change service ${service} (${operation.settings.scheduler})`;
    case 'delete-service':
      return `remove service ${service}`;
    case 'new-destination':
      return `add ${destinationName(operation.destination)} weight ${operation.destination.weight} to ${service}`;
    case 'set-destination':
      return `set ${destinationName(operation.destination)} of ${service} to weight ${operation.destination.weight}`;
    case 'delete-destination':
      return `remove ${destinationName(operation.destination)} from ${service}`;
  }
}
