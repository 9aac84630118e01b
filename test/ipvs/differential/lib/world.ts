/** Runs in the guest, outside of a director: all its backends, which write down what they are asked. Told what to do by IPC. */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { ServerPlan, WireRecord } from './plan.js';
import { type Connection, type Mail, talk } from './talk.js';

/** What the lab asks for; each is answered once it is done. */
export type WorldRequest =
  | { readonly kind: 'open'; readonly servers: readonly ServerPlan[] }
  | { readonly kind: 'set'; readonly address: string; readonly port: number; readonly state: ServerState }
  | { readonly kind: 'round'; readonly round: number }
  | { readonly kind: 'collect' };

export type ServerState = 'up' | 'down' | 'sick';

/** Answer to `collect`. */
export interface WorldReport {
  readonly records: readonly WireRecord[];
  readonly mails: readonly Mail[];
}

const started = performance.now();
const records: WireRecord[] = [];
const mails: Mail[] = [];
let round = 0;

const note = (plan: ServerPlan, atMs: number, request: string, sni?: string): void => {
  const host = plan.address.includes(':') ? `[${plan.address}]` : plan.address;
  const server = `${plan.kind} ${host}:${plan.port}`;
  records.push({ server, atMs, request, ...(sni === undefined ? {} : { sni }), round });
};

function isWhole(kind: ServerPlan['kind'], request: string): boolean {
  if (kind === 'http' || kind === 'https') return request.includes('\r\n\r\n');
  // A mail is no check.
  return kind !== 'smtp' || (/QUIT\r\n$/i.test(request) && !/^DATA\r$/im.test(request));
}

/** One backend, alive or dead. */
class Backend {
  state: ServerState = 'down';
  #listener: Server | UdpSocket | undefined;
  readonly #connections = new Set<Socket>();

  constructor(readonly plan: ServerPlan) {}

  async set(state: ServerState): Promise<void> {
    const wasOpen = this.state !== 'down';
    this.state = state;
    if (wasOpen === (state !== 'down')) return;
    if (wasOpen) await this.#close();
    else await this.#open();
  }

  async #close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    const listener = this.#listener;
    this.#listener = undefined;
    await new Promise<void>((resolve) => listener?.close(() => resolve()));
  }

  #open(): Promise<void> {
    const { kind, address, port } = this.plan;
    return new Promise((resolve, reject) => {
      if (kind === 'dns' || kind === 'udp') {
        const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
        socket.on('message', (data, from) => {
          note(this.plan, performance.now() - started, data.toString('latin1'));
          const answer = this.#datagram(data);
          if (answer) socket.send(answer, from.port, from.address);
        });
        socket.once('error', reject);
        socket.bind(port, address, resolve);
        this.#listener = socket;
        return;
      }
      const server =
        kind === 'https'
          ? createTlsServer(
              { key: readFileSync('/run/lab/key.pem'), cert: readFileSync('/run/lab/cert.pem') },
              (socket: TLSSocket) => this.#connection(socket, socket.servername || undefined),
            )
          : createServer((socket) => this.#connection(socket));
      server.on('tlsClientError', () => {});
      server.once('error', reject);
      server.listen(port, address, resolve);
      this.#listener = server;
    });
  }

  #datagram(data: Buffer): Buffer | undefined {
    const sick = this.state === 'sick';
    if (this.plan.kind === 'udp') return sick ? undefined : Buffer.from(this.plan.reply ?? data.toString('hex'), 'hex');
    const answer = Buffer.from(data);
    // An answer with recursion; SERVFAIL of the sick.
    answer.writeUInt16BE(sick ? 0x8182 : 0x8180, 2);
    return answer;
  }

  #connection(socket: Socket, sni?: string): void {
    const atMs = performance.now() - started;
    this.#connections.add(socket);
    let request = '';
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections.delete(socket);
      // What was cut off, by this side or by a checker that was told to end, is by chance.
      if (isWhole(this.plan.kind, request)) note(this.plan, atMs, request, sni);
    });
    const connection: Connection = {
      plan: this.plan,
      sick: this.state === 'sick',
      write: (text) => socket.write(text, 'latin1'),
      end: (text) => socket.end(text, 'latin1'),
      reset: () => socket.resetAndDestroy(),
      mail: (mail) => mails.push(mail),
    };
    const heard = talk(connection);
    socket.on('data', (data) => {
      const text = data.toString('latin1');
      request += text;
      heard(text);
    });
    socket.on('end', () => socket.end());
  }
}

const backends: Backend[] = [];

async function serve(request: WorldRequest): Promise<WorldReport | undefined> {
  switch (request.kind) {
    case 'open':
      for (const plan of request.servers) {
        const backend = new Backend(plan);
        backends.push(backend);
        await backend.set('up');
      }
      return undefined;
    case 'set': {
      const { address, port, state } = request;
      if (port === 0) {
        // Nobody answers, nothing is refused: as a machine without power.
        const change = state === 'down' ? 'delete' : 'add';
        const length = address.includes(':') ? 128 : 32;
        execFileSync('ip', ['address', change, `${address}/${length}`, 'dev', 'lo']);
        return undefined;
      }
      const those = backends.filter(({ plan }) => plan.address === address && plan.port === port);
      if (those.length === 0) throw new Error(`no server at ${address} port ${port}`);
      for (const backend of those) await backend.set(state);
      return undefined;
    }
    case 'round':
      round = request.round;
      return undefined;
    case 'collect':
      return { records: records.splice(0), mails: mails.splice(0) };
  }
}

process.on('message', (request: WorldRequest) => {
  serve(request).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
