/** What an error of a socket says about the server, in words. */
import { formatIpAddress } from '../../shared/net/address.js';
import type { CheckResult } from '../checker.js';
import type { CheckerEndpoint } from '../config/checkerModel.js';

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

type SocketError = NodeJS.ErrnoException & { readonly operation?: string };

/** A check that could not connect, or lost its connection. */
export function describeConnectError(error: SocketError, endpoint: CheckerEndpoint): CheckResult {
  const code = error.code ?? '';
  const trouble = LOCAL_TROUBLE[code];
  if (trouble !== undefined) return { kind: 'undecided', reason: trouble };
  if (error.operation?.startsWith('setsockopt') === true) return describeOption(error, endpoint);
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

function describeOption(error: SocketError, { bindInterface, fwmark }: CheckerEndpoint): CheckResult {
  const code = error.code ?? error.message;
  if (error.operation?.endsWith('SO_MARK') === true) {
    const hint = code === 'EPERM' ? ': healthcheckerd needs CAP_NET_ADMIN for it' : `: ${code}`;
    return { kind: 'undecided', reason: `cannot set fwmark ${fwmark}${hint}` };
  }
  // An interface that is gone leads nowhere, like a route that is gone.
  const kind = code === 'EPERM' ? 'undecided' : 'failure';
  const hint =
    code === 'EPERM' ? 'healthcheckerd needs CAP_NET_RAW for it' : code === 'ENODEV' ? 'no such interface' : code;
  return { kind, reason: `cannot use bind_if ${bindInterface}: ${hint}` };
}
