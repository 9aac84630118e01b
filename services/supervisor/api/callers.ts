/** Who calls: by the certificate of a TLS connection, or by what the kernel says of a Unix socket. */
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { peerCredentials } from '../../shared/kernel/peerCredentials.js';
import { certificateNames, whoIs } from './certificateNames.js';
import type { Caller } from './gate.js';
import { type RoleRule, roleOf } from './roleFile.js';

/** Finds out who makes a call. */
export type CallerOf = (call: ServerInterceptingCallInterface) => Caller | Stranger;

/** Somebody whom TLS let in and who is nobody here all the same. */
export interface Stranger {
  readonly stranger: string;
}

/** Callers with a certificate; what the rules say now counts, also on connections that are open already. */
export const certificateCallers =
  (rules: () => readonly RoleRule[], wall: () => Date): CallerOf =>
  (call) => {
    const certificate = call.getAuthContext().sslPeerCertificate;
    // TLS refuses connections without: this is for what nobody foresaw.
    if (certificate === undefined) return { stranger: 'the connection has no certificate of the client' };
    const names = certificateNames(certificate);
    const who = whoIs(names);
    // It was good when the connection began, which may be long ago.
    if (Date.parse(certificate.valid_to) < wall().getTime()) {
      return { stranger: `the certificate of ${who} ended at ${certificate.valid_to}: renew it and connect again` };
    }
    return {
      key: certificate.fingerprint256,
      who,
      from: call.getPeer(),
      role: roleOf(names, rules()),
      certified: true,
    };
  };

/** Callers on the Unix socket: whoever may open it is an admin. */
export const localCallers = (): CallerOf => {
  const known = new WeakMap<object, Caller>();
  return (call) => {
    const { session } = (call as CallWithStream).stream ?? {};
    if (session === undefined) return SOMEBODY_HERE;
    const caller = known.get(session) ?? localCaller(session);
    known.set(session, caller);
    return caller;
  };
};

/** What grpc-js and Node have and do not promise: the descriptor below a call. Without it the caller has no name. */
interface CallWithStream {
  readonly stream?: { readonly session?: Session };
}
interface Session {
  readonly socket?: { readonly _handle?: { readonly fd?: number } | null };
}

const SOMEBODY_HERE: Caller = {
  key: 'local',
  who: 'local socket',
  from: 'unix socket',
  role: 'admin',
  certified: false,
};

function localCaller(session: Session): Caller {
  const fd = session.socket?._handle?.fd;
  if (fd === undefined || fd < 0) return SOMEBODY_HERE;
  try {
    const { pid, uid } = peerCredentials(fd);
    // Counted by process: a monitoring script of root that runs wild must not keep root's commands out.
    return { key: `pid ${pid}`, who: `uid ${uid}`, from: `unix socket, pid ${pid}`, role: 'admin', certified: false };
  } catch {
    // The audit log then says less; that is no reason to refuse the call.
    return SOMEBODY_HERE;
  }
}
