/** TCP_CHECK: a connection that is accepted, and not reset at once, is a success. */
import type { ClientSocket, ClientSockets } from '../../shared/kernel/clientSockets.js';
import type { ReadyEvents } from '../../shared/kernel/epollSet.js';
import type { CheckResult } from '../checker.js';
import type { TcpCheckConfig } from '../config/checkerModel.js';
import { describeConnectError } from './connectError.js';
import { SingleResult } from './singleResult.js';

/**
 * How long an accepted connection is watched for a reset. A server whose process refuses right after accepting (its listener is
 * alive, its service is not) resets within a few milliseconds; nothing is expected of a good one.
 */
const RESET_GRACE_MS = 10;

/** Runs one TCP_CHECK; see Prober.start. */
export function startTcpCheck(
  { endpoint, timing }: TcpCheckConfig,
  sockets: ClientSockets,
  ended: (result: CheckResult) => void,
): () => void {
  let socket: ClientSocket | undefined;
  let connected = false;
  const result = new SingleResult(ended, () => socket?.close());
  const onReady = (ready: ReadyEvents): void => {
    if (result.over || socket === undefined) return;
    if (ready.failed) {
      const error = socket.takeError();
      if (error !== undefined) {
        result.tell(describeConnectError(error, endpoint));
        return;
      }
    }
    // A server that says goodbye in good order is alive.
    if (ready.ended) {
      result.tell({ kind: 'success' });
      return;
    }
    if (!connected && ready.writable) {
      connected = true;
      result.after(RESET_GRACE_MS, () => result.tell({ kind: 'success' }));
    }
  };
  try {
    socket = sockets.open({ type: 'stream', ...endpoint }, onReady);
    result.allow(timing.connectTimeout);
  } catch (error) {
    // What fails at once: no route, no descriptors, a refusal on this very machine.
    setImmediate(() => result.tell(describeConnectError(error as NodeJS.ErrnoException, endpoint)));
  }
  return result.cancel;
}
