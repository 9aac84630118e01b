/** One session with an AgentX master: opened, registered, answering until it ends. It does not come back by itself. */
import { connect, type Socket } from 'node:net';
import { decodePdu, PduError } from './decode.js';
import { encodePdu } from './encode.js';
import type { Endpoint } from './endpoint.js';
import { Framer } from './framer.js';
import { formatOid, type Oid } from './oid.js';
import { PROTOCOL_ERRORS, type ReceivedPdu, type SentPdu } from './pdu.js';
import { oidValue, type Varbind } from './value.js';

/** How long the master may take for an answer. */
const ANSWER_LIMIT_MS = 10_000;
/** How long the master is to wait for ours (seconds): a large status has to be fetched. */
const OUR_LIMIT_S = 10;
/** How often the master is asked whether it is there. */
const PING_INTERVAL_MS = 15_000;
/** Of registrations (RFC 2741, 7.1.4.1). */
const PRIORITY = 127;
/** More than this waiting in the socket: the master does not read. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;

/** snmpTrapOID.0 of SNMPv2-MIB. */
const SNMP_TRAP_OID: Oid = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

/** What a sub-agent answers. */
export type RequestPdu = Exclude<ReceivedPdu, { readonly kind: 'close' | 'response' }>;
/** The part of an answer that differs. */
export type Answer = Pick<Extract<SentPdu, { readonly kind: 'response' }>, 'error' | 'index' | 'varbinds'>;

export interface SessionOptions {
  readonly endpoint: Endpoint;
  readonly description: string;
  readonly roots: readonly Oid[];
  /** Answers a request; undefined: it gets no answer. Must not throw. */
  readonly answer: (request: RequestPdu) => Promise<Answer | undefined>;
}

type Body<P> = P extends unknown ? Omit<P, 'session' | 'transaction' | 'packet'> : never;
type ResponsePdu = Extract<ReceivedPdu, { readonly kind: 'response' }>;

/** Why a session cannot be, or ended. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  /** The code of the system's error, when it was one. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

export class AgentxSession {
  /** Resolves with why it ended. */
  readonly ended: Promise<SessionError>;
  readonly #options: SessionOptions;
  readonly #socket: Socket;
  readonly #framer = new Framer();
  readonly #waiting = new Map<number, (response: ResponsePdu) => void>();
  #session = 0;
  #packet = 0;
  #ping: NodeJS.Timeout | undefined;
  #end: (reason: SessionError) => void = () => {};

  private constructor(options: SessionOptions) {
    this.#options = options;
    const { endpoint } = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#socket = endpoint.kind === 'unix' ? connect(endpoint.path) : connect(endpoint.port, endpoint.host);
    this.#socket.on('data', (bytes) => this.#received(bytes));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(new SessionError(error.message, error.code)));
    this.#socket.once('close', () => this.#fail(new SessionError('the master agent closed the connection')));
  }

  /** Connects, opens the session and registers the roots. Rejects with SessionError. */
  static async open(options: SessionOptions): Promise<AgentxSession> {
    const session = new AgentxSession(options);
    try {
      const opened = await session.#ask({
        kind: 'open',
        timeoutSeconds: OUR_LIMIT_S,
        description: options.description,
      });
      session.#session = opened.session;
      for (const subtree of options.roots) {
        await session.#ask({ kind: 'register', subtree, timeoutSeconds: OUR_LIMIT_S, priority: PRIORITY });
      }
    } catch (error) {
      const reason = error instanceof SessionError ? error : new SessionError(String(error));
      session.#fail(reason);
      throw reason;
    }
    session.#ping = setInterval(() => {
      session.#ask({ kind: 'ping' }).catch((error: SessionError) => session.#fail(error));
    }, PING_INTERVAL_MS);
    session.#ping.unref();
    return session;
  }

  /** Sends a notification; rejects when the master does not take it. */
  async notify(trap: Oid, varbinds: readonly Varbind[]): Promise<void> {
    await this.#ask({ kind: 'notify', varbinds: [{ oid: SNMP_TRAP_OID, value: oidValue(trap) }, ...varbinds] });
  }

  /** Ends it in good order. */
  close(): void {
    if (this.#socket.writable && this.#session !== 0) this.#send({ kind: 'close' });
    this.#socket.end();
    this.#fail(new SessionError('closed'));
  }

  #received(bytes: Buffer): void {
    try {
      for (const message of this.#framer.push(bytes)) this.#handle(decodePdu(message));
    } catch (error) {
      if (!(error instanceof PduError)) throw error;
      this.#fail(new SessionError(`the master agent sends ${error.message}`));
    }
  }

  #handle(pdu: ReceivedPdu): void {
    if (pdu.kind === 'response') {
      const waiting = this.#waiting.get(pdu.packet);
      this.#waiting.delete(pdu.packet);
      waiting?.(pdu);
    } else if (pdu.kind === 'close') {
      this.#fail(new SessionError(`the master agent closed the session (reason ${pdu.reason})`));
    } else {
      void this.#options.answer(pdu).then((answer) => {
        if (answer === undefined || !this.#socket.writable) return;
        this.#write({
          kind: 'response',
          session: pdu.session,
          transaction: pdu.transaction,
          packet: pdu.packet,
          ...answer,
        });
      });
    }
  }

  async #ask(body: Body<Exclude<SentPdu, { readonly kind: 'response' }>>): Promise<ResponsePdu> {
    const packet = this.#send(body);
    let timer: NodeJS.Timeout | undefined;
    try {
      const response = await Promise.race([
        new Promise<ResponsePdu>((resolve) => this.#waiting.set(packet, resolve)),
        this.ended.then((reason): never => {
          throw reason;
        }),
        new Promise<never>((_resolve, reject) => {
          const late = `the master agent does not answer within ${ANSWER_LIMIT_MS / 1000} s`;
          timer = setTimeout(() => reject(new SessionError(late)), ANSWER_LIMIT_MS);
        }),
      ]);
      if (response.error === 0) return response;
      const what = body.kind === 'register' ? `to register ${formatOid(body.subtree)}` : `: ${body.kind}`;
      const reason = PROTOCOL_ERRORS.get(response.error) ?? `error ${response.error}`;
      throw new SessionError(`the master agent refuses ${what}: ${reason}`, reason);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(packet);
    }
  }

  #send(body: Body<SentPdu>): number {
    this.#packet = (this.#packet + 1) >>> 0;
    this.#write({ ...body, session: this.#session, transaction: 0, packet: this.#packet } as SentPdu);
    return this.#packet;
  }

  #write(pdu: SentPdu): void {
    this.#socket.write(encodePdu(pdu));
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#fail(new SessionError('the master agent does not read'));
  }

  #fail(reason: SessionError): void {
    clearInterval(this.#ping);
    this.#end(reason);
    // What was written goes out first.
    if (this.#socket.writableEnded) this.#socket.once('finish', () => this.#socket.destroy());
    else this.#socket.destroy();
  }
}
