/** The control API on a TCP port: mutual TLS, roles by certificate, renewed without a restart. */
import { createServer } from 'node:net';
import type { Logger } from '../../shared/log/logger.js';
import type { RpcService } from '../../shared/rpc/buildServer.js';
import { serveTcp } from '../../shared/rpc/tcpServer.js';
import { MutualTls } from '../../shared/rpc/tlsCredentials.js';
import type { Clock } from '../../shared/time/clock.js';
import { whyNot } from '../httpDoor.js';
import { formatListenAddress, type ListenAddress } from '../listenAddress.js';
import { type ApiFiles, readApiFiles } from './apiFiles.js';
import type { AuditLog } from './auditLog.js';
import { certificateCallers } from './callers.js';
import { type CallerLimits, Gate } from './gate.js';
import { guard } from './guard.js';

/** What one certificate may do, over however many connections. */
const LIMITS: CallerLimits = { perSecond: 50, burst: 100, calls: 16, streams: 8 };

/** Where the API is served and what with. */
export interface ApiPlace {
  readonly address: ListenAddress;
  readonly directory: string;
}

/**
 * Looks whether it could be opened, before any service is started. Throws an Error with a message for the user: nothing is
 * left behind then.
 */
export async function checkApi({ address, directory }: ApiPlace, wall: Date): Promise<void> {
  readApiFiles('--api', directory, wall);
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...address, exclusive: true }, resolve);
    });
  } catch (error) {
    throw new Error(`--api ${formatListenAddress(address)}: ${whyNot(error)}`, { cause: error });
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

export interface ApiDoorParts extends ApiPlace {
  readonly services: readonly RpcService[];
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ApiDoor {
  /** Reads certificates and roles again; what cannot be read is logged, and what was read before goes on. */
  renew(): void;
  close(): Promise<void>;
}

/** Opens it. */
export async function openApiDoor(parts: ApiDoorParts): Promise<ApiDoor> {
  const { address, directory, services, audit, clock, logger } = parts;
  const read = (): ApiFiles => {
    const files = readApiFiles('--api', directory, clock.wall());
    if (files.warning !== undefined) logger.warn(files.warning);
    return files;
  };
  const first = read();
  let { rules } = first;
  const credentials = new MutualTls(first.material);
  const callerOf = certificateCallers(
    () => rules,
    () => clock.wall(),
  );
  const interceptors = [guard({ gate: new Gate(clock, LIMITS), audit, clock, callerOf, logger })];
  const server = await serveTcp({ ...address, credentials, interceptors }, services, logger);
  const where = formatListenAddress({ host: address.host, port: server.port });
  logger.info({ address: where, roles: rules.length }, 'the control API is served to clients with a certificate');
  return {
    renew() {
      try {
        const files = read();
        credentials.renew(files.material);
        rules = files.rules;
        logger.info({ directory }, 'certificates and roles of the control API were read again');
      } catch (error) {
        logger.error({ err: error }, 'certificates and roles of the control API stay as they were');
      }
    },
    close: () => server.close(),
  };
}
