/** TCP_CHECK: a connection that is accepted, and not reset at once, is a success. */
import { connect, type Socket } from 'node:net';
import { formatIpAddress, isLinkLocal } from '../../shared/net/address.js';
import { formatDuration, toMillis } from '../../shared/time/duration.js';
import type { CheckResult } from '../checker.js';
import type { CheckerEndpoint, TcpCheckConfig } from '../config/model.js';

/**
 * How long an accepted connection is watched for a reset. A server whose process refuses right after accepting (its listener is
 * alive, its service is not) resets within a few milliseconds; nothing is expected of a good one.
 */
const RESET_GRACE_MS = 10;

/** Failures of this machine, not of the server: they leave the verdict as it is. */
const LOCAL_TROUBLE: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no file descriptors left (raise LimitNOFILE)',
  ENFILE: 'this machine has no file descriptors left',
  ENOBUFS: 'this machine has no memory for sockets',
  ENOMEM: 'this machine has no memory for sockets',
};

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset at once',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  EHOSTDOWN: 'host is down',
  ENETDOWN: 'network is down',
  EACCES: 'forbidden by a local firewall',
  EPERM: 'forbidden by a local firewall',
  ETIMEDOUT: 'no answer',
};

/** What a socket error says about the server, in words. */
export function describeConnectError(error: NodeJS.ErrnoException, endpoint: CheckerEndpoint): CheckResult {
  const code = error.code ?? '';
  const trouble = LOCAL_TROUBLE[code];
  if (trouble !== undefined) return { kind: 'undecided', reason: trouble };
  if (code === 'EADDRNOTAVAIL') {
    const { bindAddress } = endpoint;
    // Without bindto it is the port range that is exhausted: our trouble.
    if (bindAddress === undefined) return { kind: 'undecided', reason: 'this machine has no local port left' };
    return {
      kind: 'failure',
      reason: `cannot bind to ${formatIpAddress(bindAddress)}: not an address of this machine`,
    };
  }
  if (code === 'EADDRINUSE' && endpoint.bindPort !== undefined) {
    return { kind: 'failure', reason: `cannot bind to port ${endpoint.bindPort}: in use` };
  }
  return { kind: 'failure', reason: REASONS[code] ?? (code === '' ? error.message : code) };
}

function open(endpoint: CheckerEndpoint): Socket {
  const { address, port, bindAddress, bindInterface, bindPort } = endpoint;
  const zone = bindInterface !== undefined && address.family === 6 && isLinkLocal(address) ? `%${bindInterface}` : '';
  return connect({
    host: `${formatIpAddress(address)}${zone}`,
    port,
    ...(bindAddress === undefined ? {} : { localAddress: formatIpAddress(bindAddress) }),
    ...(bindPort === undefined ? {} : { localPort: bindPort }),
  });
}

/** Runs one TCP_CHECK; see Prober.start. */
export function startTcpCheck(config: TcpCheckConfig, ended: (result: CheckResult) => void): () => void {
  const { endpoint, timing } = config;
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const finish = (result?: CheckResult): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    socket?.destroy();
    if (result !== undefined) ended(result);
  };

  try {
    socket = open(endpoint);
  } catch (error) {
    // Node refuses some arguments at once, by throwing.
    const result = describeConnectError(error as NodeJS.ErrnoException, endpoint);
    setImmediate(() => finish(result));
    return finish;
  }
  timer = setTimeout(
    () => finish({ kind: 'failure', reason: `no answer within ${formatDuration(timing.connectTimeout)}` }),
    toMillis(timing.connectTimeout),
  );
  socket.on('connect', () => {
    clearTimeout(timer);
    timer = setTimeout(() => finish({ kind: 'success' }), RESET_GRACE_MS);
    // A reset is only seen while reading; what the server says (an SSH banner) is thrown away.
    socket?.resume();
  });
  // A server that says goodbye in good order is alive.
  socket.on('end', () => finish({ kind: 'success' }));
  socket.on('error', (error: NodeJS.ErrnoException) => finish(describeConnectError(error, endpoint)));
  return () => finish();
}
