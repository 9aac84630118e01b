/** One mapping of errors to gRPC status on the way out, and of status to words on the way in. */
import { ClientError, ServerError, type ServerMiddleware, Status } from 'nice-grpc-common';
import type { Logger } from '../log/logger.js';

/** An error for the caller: he asked for something that cannot be. */
export const invalidArgument = (message: string): ServerError => new ServerError(Status.INVALID_ARGUMENT, message);

/** An error for the caller: not now, try again. */
export const unavailable = (message: string): ServerError => new ServerError(Status.UNAVAILABLE, message);

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

/** Lets ServerErrors through; anything else is a fault of ours: logged with its stack, told as INTERNAL with its message. */
export function errorMapping(logger: Logger): ServerMiddleware {
  return async function* mapErrors(call, context) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      if (error instanceof ServerError || isAbort(error)) throw error;
      logger.error({ err: error, method: call.method.path }, 'a call failed by an error of this program');
      throw new ServerError(Status.INTERNAL, error instanceof Error ? error.message : String(error));
    }
  };
}

/** What went wrong with a call, in words for a log or a person. */
export function describeRpcError(error: unknown): string {
  if (error instanceof ClientError)
    return `${Status[error.code]?.toLowerCase().replaceAll('_', ' ')}: ${error.details}`;
  return error instanceof Error ? error.message : String(error);
}

/** Nobody answers there (any more). */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof ClientError && (error.code === Status.UNAVAILABLE || error.code === Status.CANCELLED);

/** No answer in time. */
export const isTimeout = (error: unknown): boolean =>
  error instanceof ClientError && error.code === Status.DEADLINE_EXCEEDED;

/** The other end lacks what the call builds on, or does not know that it may be left out. */
export const isPrecondition = (error: unknown): boolean =>
  error instanceof ClientError && (error.code === Status.FAILED_PRECONDITION || error.code === Status.INVALID_ARGUMENT);
