/** Every method a caller of the supervisor can reach: who may call it, how large it may be, what the audit log keeps of it. Pure. */
import type { Diagnostic } from '../../shared/rpc/generated/keepwatch/v1/common.js';
import {
  type ApplyConfigRequest,
  type ApplyConfigResponse,
  ConfirmRequest,
  type ConfirmResponse,
  GiveOrderRequest as GiveOrderMessage,
  type GiveOrderRequest,
  type GiveOrderResponse,
  ReloadRequest,
  type ReloadResponse,
  RevokeOrdersRequest as RevokeOrdersMessage,
  type RevokeOrdersRequest,
  type RevokeOrdersResponse,
  RollbackRequest,
  type RollbackResponse,
  SetServiceLogLevelRequest,
  type SetServiceLogLevelResponse,
  StopSuiteRequest,
  UpgradeRequest,
  type UpgradeResponse,
  WriteDumpsRequest,
  type WriteDumpsResponse,
} from '../../shared/rpc/generated/keepwatch/v1/control.js';
import type { Role } from './role.js';

/** What the audit log keeps of a method. Without it the method changes nothing. */
export interface Audited {
  /** The request as it is written down: without secrets. */
  readonly request: (request: never) => unknown;
  /** What came of it, in words; empty: nothing to add to the status of the call. */
  readonly outcome: (response: never) => string;
  /** The request with the caller's name in it, as the certificate has it. */
  readonly signed?: (request: never, who: string) => unknown;
}

export interface MethodRule {
  readonly role: Exclude<Role, 'none'>;
  readonly maxBytes: number;
  readonly audited?: Audited;
}

const KIB = 1024;
/** Requests that carry words and numbers. */
const SMALL = 64 * KIB;
/** Requests that carry a configuration: whatever the door takes. */
const CONFIGURATION = Number.POSITIVE_INFINITY;

/** `by` is what a client says of itself; the certificate says who it is. */
const signedBy = <Request extends { readonly by: string }>(request: Request, who: string): Request => ({
  ...request,
  by: request.by === '' ? who : `${who} (as ${request.by})`,
});

const audited = <Request, Response>(
  request: (request: Request) => unknown,
  outcome: (response: Response) => string,
  signed?: (request: Request, who: string) => Request,
): Audited => ({ request, outcome, ...(signed === undefined ? {} : { signed }) });

/** By code and place: a message may quote what stands in the configuration. */
function findings(diagnostics: readonly Pick<Diagnostic, 'code' | 'position'>[]): string {
  const shown = diagnostics
    .slice(0, 3)
    .map(({ code, position }) => (position === undefined ? code : `${code} at ${position.file}:${position.line}`));
  const more = diagnostics.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const configured = ({ accepted, generation, diagnostics }: ReloadResponse | ApplyConfigResponse): string =>
  accepted ? `generation ${generation} is in force` : `refused: ${findings(diagnostics)}`;

/** ControlService, by method. A test holds that none is missing. */
const CONTROL: Readonly<Record<string, MethodRule>> = {
  GetStatus: { role: 'viewer', maxBytes: SMALL },
  WatchStatus: { role: 'viewer', maxBytes: SMALL },
  WatchEvents: { role: 'viewer', maxBytes: SMALL },
  GetHistory: { role: 'viewer', maxBytes: SMALL },
  GetAudit: { role: 'viewer', maxBytes: SMALL },
  GetConfiguration: { role: 'viewer', maxBytes: SMALL },
  // Changes nothing, but every service judges what the caller sends.
  PlanReload: { role: 'operator', maxBytes: CONFIGURATION },
  GiveOrder: {
    role: 'operator',
    maxBytes: SMALL,
    audited: audited<GiveOrderRequest, GiveOrderResponse>(
      (request) => GiveOrderMessage.toJSON(request),
      ({ order, subjects }) => `order ${order?.id ?? ''} about ${subjects.join(', ') || 'nothing'}`,
      signedBy,
    ),
  },
  RevokeOrders: {
    role: 'operator',
    maxBytes: SMALL,
    audited: audited<RevokeOrdersRequest, RevokeOrdersResponse>(
      (request) => RevokeOrdersMessage.toJSON(request),
      ({ revoked }) => (revoked.length === 0 ? 'there was none' : `ended ${revoked.map(({ id }) => id).join(', ')}`),
      signedBy,
    ),
  },
  SetServiceLogLevel: {
    role: 'operator',
    maxBytes: SMALL,
    audited: audited(
      (request: SetServiceLogLevelRequest) => SetServiceLogLevelRequest.toJSON(request),
      ({ changes }: SetServiceLogLevelResponse) => changes.join(', '),
    ),
  },
  WriteDumps: {
    role: 'operator',
    maxBytes: SMALL,
    audited: audited(
      (request: WriteDumpsRequest) => WriteDumpsRequest.toJSON(request),
      ({ directory }: WriteDumpsResponse) => `below ${directory}`,
    ),
  },
  Confirm: {
    role: 'operator',
    maxBytes: SMALL,
    audited: audited(
      (request: ConfirmRequest) => ConfirmRequest.toJSON(request),
      ({ confirmed }: ConfirmResponse) => (confirmed ? 'confirmed' : 'nothing was on trial'),
    ),
  },
  Rollback: {
    role: 'operator',
    maxBytes: SMALL,
    audited: audited(
      (request: RollbackRequest) => RollbackRequest.toJSON(request),
      ({ rolledBack }: RollbackResponse) => (rolledBack ? 'rolled back' : 'nothing was on trial'),
    ),
  },
  Reload: {
    role: 'admin',
    maxBytes: SMALL,
    audited: audited((request: ReloadRequest) => ReloadRequest.toJSON(request), configured),
  },
  ApplyConfig: {
    role: 'admin',
    maxBytes: CONFIGURATION,
    audited: audited(
      // The text has passwords in it.
      ({ source, confirmWithinMs, tree }: ApplyConfigRequest) => ({
        source,
        confirmWithinMs: confirmWithinMs.toString(),
        files: tree?.files ?? [],
        statements: tree?.statements.length ?? 0,
      }),
      configured,
    ),
  },
  Upgrade: {
    role: 'admin',
    maxBytes: SMALL,
    audited: audited(
      (request: UpgradeRequest) => UpgradeRequest.toJSON(request),
      ({ diagnostics }: UpgradeResponse) => (diagnostics.length === 0 ? 'begins' : `refused: ${findings(diagnostics)}`),
    ),
  },
  StopSuite: {
    role: 'admin',
    maxBytes: SMALL,
    audited: audited(
      (request: StopSuiteRequest) => StopSuiteRequest.toJSON(request),
      () => 'stopped',
    ),
  },
};

/** What stands beside it on every socket. */
const STANDARD: Readonly<Record<string, MethodRule>> = {
  'grpc.health.v1.Health': { role: 'viewer', maxBytes: SMALL },
  'grpc.reflection.v1.ServerReflection': { role: 'viewer', maxBytes: SMALL },
  'grpc.reflection.v1alpha.ServerReflection': { role: 'viewer', maxBytes: SMALL },
};

/** A method by its path: `/keepwatch.v1.ControlService/GetStatus`. */
export interface MethodName {
  readonly service: string;
  readonly method: string;
}

export function methodOf(path: string): MethodName {
  const [, service = '', method = ''] = path.split('/');
  return { service, method };
}

/** The rule for a method; undefined when it has none, and nobody may call it. */
export const ruleFor = ({ service, method }: MethodName): MethodRule | undefined => {
  const rules = service === 'keepwatch.v1.ControlService' ? CONTROL : STANDARD;
  const key = rules === CONTROL ? method : service;
  return Object.hasOwn(rules, key) ? rules[key] : undefined;
};
