/** One connection to a message bus, with a name on it, until it ends. dbus-next does the wire; what is said is decided elsewhere. */
import dbus, { type Message, type MessageBus } from 'dbus-next';
import type { Call, Reply } from './answer.js';
import type { Signal } from './signals.js';

/** How long a bus may take to let us in and give us the name. */
const CONNECT_LIMIT_MS = 10_000;
/** org.freedesktop.DBus.RequestName */
const PRIMARY_OWNER = 1;
const DO_NOT_QUEUE = 4;
const METHOD_CALL = 1;
const NO_REPLY_EXPECTED = 1;

export interface BusOptions {
  /** As DBUS_SYSTEM_BUS_ADDRESS has it. */
  readonly address: string;
  readonly name: string;
  /** Answers a call; must not reject. */
  readonly answer: (call: Call) => Promise<Exclude<Reply, { readonly kind: 'task' }>>;
}

/** What dbus-next keeps to itself: the end of a connection is told there only. */
interface Internals {
  readonly _connection: {
    readonly stream: { destroy(): void; once(event: 'close', listener: () => void): void };
  };
}

export class BusConnection {
  /** Resolves with why it ended. */
  readonly ended: Promise<string>;
  readonly #bus: MessageBus;

  private constructor(bus: MessageBus, ended: Promise<string>) {
    this.#bus = bus;
    this.ended = ended;
  }

  /** Connects and takes the name. Rejects with what is in the way. */
  static async open({ address, name, answer }: BusOptions): Promise<BusConnection> {
    // Not systemBus(): that takes the address from the environment alone.
    const bus = dbus.sessionBus({ busAddress: address });
    const internals = bus as unknown as Internals;
    const ended = new Promise<string>((resolve) => {
      bus.on('error', (error: Error) => resolve(error.message));
      internals._connection.stream.once('close', () => resolve('the bus closed the connection'));
    });
    const failed = ended.then((reason): never => {
      throw new Error(reason);
    });
    failed.catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_resolve, reject) => {
        const text = `the bus does not answer within ${CONNECT_LIMIT_MS / 1000} s`;
        timer = setTimeout(() => reject(new Error(text)), CONNECT_LIMIT_MS);
      });
      const connected = new Promise<void>((resolve) => bus.on('connect', resolve));
      await Promise.race([connected, failed, late]);
      bus.addMethodHandler((message: Message) => handle(bus, message, answer));
      const result = await Promise.race([bus.requestName(name, DO_NOT_QUEUE), failed, late]);
      if (result !== PRIMARY_OWNER) throw new Error(`another process has the name ${name}: is keepalived running?`);
      return new BusConnection(bus, ended);
    } catch (error) {
      internals._connection.stream.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  emit({ path, interface: iface, member, signature, body }: Signal): void {
    this.#bus.send(dbus.Message.newSignal(path, iface, member, signature, [...body]));
  }

  /** Ends it once what was sent has left. */
  close(): void {
    this.#bus.disconnect();
  }
}

/** True: the message was a call for us, and is answered. */
function handle(bus: MessageBus, message: Message, answer: BusOptions['answer']): boolean {
  if (Number(message.type) !== METHOD_CALL || message.interface === 'org.freedesktop.DBus.Peer') return false;
  const { path, member, body } = message;
  answer({ path, interface: message.interface ?? '', member, body: body ?? [] })
    .then((reply) => {
      if ((Number(message.flags) & NO_REPLY_EXPECTED) === 0) bus.send(replyTo(message, reply));
    })
    // What cannot be sent any more ends the connection, if that has not ended already.
    .catch((error: unknown) => bus.emit('error', error));
  return true;
}

function replyTo(message: Message, reply: Exclude<Reply, { readonly kind: 'task' }>): Message {
  switch (reply.kind) {
    case 'error':
      // The declaration of dbus-next has the message as a string.
      return dbus.Message.newError(message as unknown as string, reply.name, reply.text);
    case 'values':
      return dbus.Message.newMethodReturn(message, reply.signature, [...reply.body]);
    case 'variant':
      return dbus.Message.newMethodReturn(message, 'v', [new dbus.Variant(reply.value.signature, reply.value.value)]);
    case 'dictionary':
      return dbus.Message.newMethodReturn(message, 'a{sv}', [
        Object.fromEntries(
          Object.entries(reply.values).map(([name, { signature, value }]) => [
            name,
            new dbus.Variant(signature, value),
          ]),
        ),
      ]);
  }
}
