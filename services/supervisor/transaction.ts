/** Puts a configuration in force in all services, or in none. */
import { randomUUID } from 'node:crypto';
import { errorWithoutPlace, hasError } from '../shared/rpc/diagnostics.js';
import { describeRpcError, isPrecondition } from '../shared/rpc/errors.js';
import { type ConfigTree, type Diagnostic, Severity } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { PlannedChange, PlannedMove } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { SERVICE_NAMES, type ServiceName } from '../shared/rpc/service.js';
import type { ConfigParts } from './parts.js';
import type { ServiceClients } from './serviceLink.js';

/** Validate and Plan only think, but for the first time, on a machine that boots. */
const THINK_DEADLINE_MS = 30_000;
/** Configure may open thousands of sockets. */
const CONFIGURE_DEADLINE_MS = 30_000;

export type Lifecycle = Pick<ServiceClients['lifecycle'], 'validate' | 'plan' | 'configure'>;

export interface TransactionRequest {
  readonly participants: ReadonlyMap<ServiceName, Lifecycle>;
  readonly parts: ConfigParts;
  /** Of the new configuration. */
  readonly generation: bigint;
  /** What is in force, to return to. */
  readonly previous?: ConfigParts;
}

export interface TransactionOutcome {
  readonly accepted: boolean;
  /** Generation in force in all participants afterwards; a taken-back commit costs one. 0 when none is. */
  readonly generation: bigint;
  readonly diagnostics: Diagnostic[];
  readonly changes: PlannedChange[];
}

export interface PlanResult {
  readonly acceptable: boolean;
  readonly diagnostics: Diagnostic[];
  readonly changes: PlannedChange[];
  readonly moves: PlannedMove[];
}

/** Validates everywhere, then plans everywhere; changes nothing. */
export async function planTransaction({
  participants,
  parts,
}: Pick<TransactionRequest, 'participants' | 'parts'>): Promise<PlanResult> {
  return await considered(participants, parts, randomUUID());
}

/** The trees are sent once, by the name `treeId`. */
async function considered(
  participants: TransactionRequest['participants'],
  parts: ConfigParts,
  treeId: string,
): Promise<PlanResult> {
  const ordered = SERVICE_NAMES.filter((name) => participants.has(name));
  const validated = await everywhere(ordered, (name) =>
    client(participants, name).validate({ tree: parts.get(name), treeId }, { deadlineMs: THINK_DEADLINE_MS }),
  );
  const diagnostics = validated.flatMap(({ diagnostics: found }) => found);
  if (hasError(diagnostics)) return { acceptable: false, diagnostics, changes: [], moves: [] };

  const planned = await everywhere(ordered, (name) =>
    withTree(parts.get(name), treeId, (tree) =>
      client(participants, name).plan(tree, { deadlineMs: THINK_DEADLINE_MS }),
    ),
  );
  diagnostics.push(...errorsOf(planned.flatMap(({ diagnostics: found }) => found)));
  if (hasError(diagnostics)) return { acceptable: false, diagnostics, changes: [], moves: [] };
  return {
    acceptable: true,
    diagnostics,
    changes: planned.flatMap((plan) => ('changes' in plan ? plan.changes : [])),
    moves: planned.flatMap((plan) => ('moves' in plan ? plan.moves : [])),
  };
}

/**
 * Validates everywhere, plans everywhere, then commits service after service. A refusal before the commit leaves everything
 * as it was. A service that fails in the commit, although it had agreed, makes those before it return to the previous
 * configuration under a generation of its own.
 */
export async function applyTransaction(request: TransactionRequest): Promise<TransactionOutcome> {
  const { participants, parts, generation, previous } = request;
  const inForce = previous === undefined ? 0n : generation - 1n;
  const ordered = SERVICE_NAMES.filter((name) => participants.has(name));
  const treeId = randomUUID();
  const { acceptable, diagnostics, changes } = await considered(participants, parts, treeId);
  if (!acceptable) return { accepted: false, generation: inForce, diagnostics, changes: [] };

  const committed: ServiceName[] = [];
  for (const name of ordered) {
    const refusals = await commit(client(participants, name), name, parts, generation, treeId);
    if (refusals.length === 0) {
      committed.push(name);
      continue;
    }
    diagnostics.push(...refusals);
    if (previous === undefined) return { accepted: false, generation: 0n, diagnostics, changes: [] };
    // The one that failed may have died of it; it too gets the previous configuration, now or when it is back.
    const back = generation + 1n;
    for (const participant of ordered) {
      const again = await commit(client(participants, participant), participant, previous, back);
      if (participant !== name) diagnostics.push(...again);
    }
    return { accepted: false, generation: back, diagnostics, changes: [] };
  }
  return { accepted: true, generation, diagnostics, changes };
}

/** Asks all at the same time; a service that gives no answer refuses. */
async function everywhere<Answer extends { readonly diagnostics: Diagnostic[] }>(
  names: readonly ServiceName[],
  ask: (name: ServiceName) => Promise<Answer>,
): Promise<(Answer | { readonly diagnostics: Diagnostic[] })[]> {
  return await Promise.all(
    names.map(async (name) => {
      try {
        return await ask(name);
      } catch (error) {
        return { diagnostics: [noAnswer(name, error)] };
      }
    }),
  );
}

/** The reasons why a service did not put its part in force; none when it did. */
async function commit(
  lifecycle: Lifecycle,
  name: ServiceName,
  parts: ConfigParts,
  generation: bigint,
  treeId = '',
): Promise<Diagnostic[]> {
  try {
    const { accepted, diagnostics } = await withTree(parts.get(name), treeId, (tree) =>
      lifecycle.configure({ generation, ...tree }, { deadlineMs: CONFIGURE_DEADLINE_MS }),
    );
    if (accepted) return [];
    const errors = errorsOf(diagnostics);
    return errors.length > 0 ? errors : [errorWithoutPlace('refused', `${name} refused without a reason`)];
  } catch (cause) {
    return [noAnswer(name, cause)];
  }
}

/** Names the tree that a service was given already; gives it to one that knows it no more, or never kept it. */
async function withTree<Answer>(
  tree: ConfigTree | undefined,
  treeId: string,
  ask: (tree: { readonly tree?: ConfigTree | undefined; readonly treeId?: string }) => Promise<Answer>,
): Promise<Answer> {
  if (treeId === '') return await ask({ tree });
  try {
    return await ask({ treeId });
  } catch (error) {
    if (!isPrecondition(error)) throw error;
    return await ask({ tree });
  }
}

/** Puts one service's part in force, as after its restart; returns what it refused. */
export const configureOne = commit;

function client(participants: ReadonlyMap<ServiceName, Lifecycle>, name: ServiceName): Lifecycle {
  const found = participants.get(name);
  if (found === undefined) throw new Error(`${name} does not take part`);
  return found;
}

const errorsOf = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  diagnostics.filter(({ severity }) => severity !== Severity.SEVERITY_WARNING);

const noAnswer = (name: ServiceName, cause: unknown): Diagnostic =>
  errorWithoutPlace('no-answer', `${name} did not answer (${describeRpcError(cause)}); nothing was changed`);
