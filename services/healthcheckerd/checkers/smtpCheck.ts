/** SMTP_CHECK: greeting, HELO, QUIT. */
import type { Socket } from 'node:net';
import type { ClientSockets } from '../../shared/kernel/clientSockets.js';
import { formatIpAddress } from '../../shared/net/address.js';
import type { Micros } from '../../shared/time/duration.js';
import type { CheckResult } from '../checker.js';
import type { SmtpCheckConfig } from '../config/checkerModel.js';
import { SingleResult } from './singleResult.js';
import { SmtpReply } from './smtpReply.js';
import { openStream } from './stream.js';

/** Silences of connect_timeout the whole dialogue may take. */
const WHOLE_CHECK = 4;

/** What is waited for, and what is said once it came. */
type Stage = 'greeting' | 'HELO' | 'QUIT';

/** Runs one SMTP_CHECK; see Prober.start. */
export function startSmtpCheck(
  { endpoint, timing, heloName }: SmtpCheckConfig,
  sockets: ClientSockets,
  ended: (result: CheckResult) => void,
): () => void {
  let socket: Socket | undefined;
  let stage: Stage = 'greeting';
  let reply = new SmtpReply();
  const server = `[${formatIpAddress(endpoint.address)}]:${endpoint.port}`;
  const told = (outcome: CheckResult): void => {
    if (outcome.kind !== 'failure' || outcome.mail !== undefined) {
      ended(outcome);
      return;
    }
    const mail =
      socket === undefined ? `Could not connect to server ${server}` : `${outcome.reason} from server ${server}`;
    ended({ ...outcome, mail: `CHECK failed on service : ${mail}` });
  };
  const result = new SingleResult(told, () => {
    abandon();
    socket?.destroy();
  });
  const next = (): void => {
    const good = reply.code !== undefined && reply.code >= 200 && reply.code < 300;
    if (!good && stage !== 'QUIT') {
      const what = stage === 'greeting' ? 'Bad greeting banner' : 'Bad HELO response';
      result.tell({
        kind: 'failure',
        reason: `${stage === 'greeting' ? 'bad greeting' : 'bad answer to HELO'}: ${JSON.stringify(reply.lastLine)}`,
        mail: `CHECK failed on service : ${what} from server ${server}`,
      });
      return;
    }
    // To the QUIT any answer will do: the server has shown that it serves.
    if (stage === 'QUIT') {
      result.tell({ kind: 'success' });
      return;
    }
    socket?.write(stage === 'greeting' ? `HELO ${heloName}\r\n` : 'QUIT\r\n');
    stage = stage === 'greeting' ? 'HELO' : 'QUIT';
    reply = new SmtpReply();
    result.allow(timing.connectTimeout, `no answer to ${stage}`);
  };
  const talk = (opened: Socket): void => {
    socket = opened;
    if (result.over) return void opened.destroy();
    result.allow(timing.connectTimeout, 'no greeting');
    opened.on('data', (chunk: Buffer) => {
      let rest: Buffer | undefined = chunk;
      while (rest !== undefined && rest.length > 0 && !result.over) {
        rest = reply.take(rest);
        if (reply.tooLong) return result.fail('a reply that does not end');
        if (rest !== undefined) next();
      }
    });
    const gone = (): void =>
      stage === 'QUIT'
        ? result.tell({ kind: 'success' })
        : result.fail(`connection closed before the answer to ${stage}`);
    opened.on('end', gone);
    opened.on('error', (error: NodeJS.ErrnoException) =>
      stage === 'QUIT' ? gone() : result.fail(error.code === 'ECONNRESET' ? 'connection reset' : error.message),
    );
    opened.on('close', gone);
  };
  const abandon = openStream(endpoint, sockets, result, talk);
  if (!result.over) {
    result.allow(timing.connectTimeout);
    result.bound((timing.connectTimeout * WHOLE_CHECK) as Micros);
  }
  return result.cancel;
}
